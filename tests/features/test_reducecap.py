"""reducecap, on real processes."""

from pytest_bdd import scenarios

scenarios("reducecap")
