"""vserver, without its command build."""

from pytest_bdd import scenarios

scenarios("vserver")
