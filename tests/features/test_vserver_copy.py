"""vserver-copy."""

from pytest_bdd import scenarios

scenarios("vserver-copy")
