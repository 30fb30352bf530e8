"""The addresses of virtual servers."""

from pytest_bdd import scenarios

scenarios("iproot")
