"""vprofile."""

from pytest_bdd import scenarios

scenarios("vprofile")
