"""Files that guests share, as the kernel guards them."""

from pytest_bdd import scenarios

scenarios("shared_files")
