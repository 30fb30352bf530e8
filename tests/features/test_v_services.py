"""The v_ services and vsysvwrapper."""

from pytest_bdd import scenarios

scenarios("v_services")
