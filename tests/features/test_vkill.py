"""vkill."""

from pytest_bdd import scenarios

scenarios("vkill")
