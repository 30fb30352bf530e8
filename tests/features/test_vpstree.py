"""vpstree."""

from pytest_bdd import scenarios

scenarios("vpstree")
