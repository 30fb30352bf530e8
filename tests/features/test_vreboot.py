"""What a guest asks the reboot manager with."""

from pytest_bdd import scenarios

scenarios("vreboot")
