"""vserver-stat."""

from pytest_bdd import scenarios

scenarios("vserver-stat")
