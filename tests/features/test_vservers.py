"""The service vservers."""

from pytest_bdd import scenarios

scenarios("vservers")
