"""The manual pages and the texts."""

from pytest_bdd import scenarios

scenarios("documentation")
