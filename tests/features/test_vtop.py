"""vtop."""

from pytest_bdd import scenarios

scenarios("vtop")
