"""Scripts of others."""

from pytest_bdd import scenarios

scenarios("scripts")
