"""The small programs in /usr/lib/vserver."""

from pytest_bdd import scenarios

scenarios("helpers")
