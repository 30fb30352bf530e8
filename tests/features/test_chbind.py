"""chbind."""

from pytest_bdd import scenarios

scenarios("chbind")
