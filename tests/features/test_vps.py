"""vps."""

from pytest_bdd import scenarios

scenarios("vps")
