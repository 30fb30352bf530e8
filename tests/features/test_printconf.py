"""printconf.sh."""

from pytest_bdd import scenarios

scenarios("printconf")
