"""Guests with a user namespace of their own."""

from pytest_bdd import scenarios

scenarios("userns")
