"""The addresses of guests on the devices of the host."""

from pytest_bdd import scenarios

scenarios("aliases")
