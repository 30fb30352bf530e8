"""vdu."""

from pytest_bdd import scenarios

scenarios("vdu")
