"""Features of the package as a whole."""

from pytest_bdd import scenarios

scenarios("package")
