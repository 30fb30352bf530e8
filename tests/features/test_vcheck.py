"""vcheck."""

from pytest_bdd import scenarios

scenarios("vcheck")
