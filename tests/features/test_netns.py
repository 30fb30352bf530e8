"""Guests with a network namespace of their own."""

from pytest_bdd import scenarios

scenarios("netns")
