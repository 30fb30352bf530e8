"""vrpm."""

from pytest_bdd import scenarios

scenarios("vrpm")
