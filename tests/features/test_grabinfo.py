"""vservers.grabinfo.sh."""

from pytest_bdd import scenarios

scenarios("grabinfo")
