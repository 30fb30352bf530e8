"""vfiles."""

from pytest_bdd import scenarios

scenarios("vfiles")
