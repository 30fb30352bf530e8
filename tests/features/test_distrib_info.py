"""distrib-info."""

from pytest_bdd import scenarios

scenarios("distrib-info")
