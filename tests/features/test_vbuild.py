"""vbuild."""

from pytest_bdd import scenarios

scenarios("vbuild")
