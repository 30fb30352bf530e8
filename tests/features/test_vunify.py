"""vunify."""

from pytest_bdd import scenarios

scenarios("vunify")
