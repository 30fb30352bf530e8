"""parserpmdump."""

from pytest_bdd import scenarios

scenarios("parserpmdump")
