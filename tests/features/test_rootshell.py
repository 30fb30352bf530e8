"""rootshell."""

from pytest_bdd import scenarios

scenarios("rootshell")
