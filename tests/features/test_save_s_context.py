"""save_s_context, on real processes."""

from pytest_bdd import scenarios

scenarios("save_s_context")
