"""The reboot manager."""

from pytest_bdd import scenarios

scenarios("rebootmgr")
