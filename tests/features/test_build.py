"""vserver NAME build."""

from pytest_bdd import scenarios

scenarios("build")
