"""Fixtures of the whole suite: the keeper, a fresh test host, and the steps."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import pytest

from guests import debian
from steps import Shell
from testhost import Keeper, TestHost, has_v2_controllers

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = pathlib.Path(__file__).parent / "steps"

pytest_plugins = [f"steps.{file.stem}" for file in sorted(STEPS.glob("[a-z]*.py"))]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that runs the whole suite on the other layout of cgroups."""
    parser.addoption("--hybrid", action="store_true", help="cgroup v1 beside v2 on all test hosts")


@pytest.fixture(scope="session")
def keeper() -> Iterator[Keeper]:
    """The package, installed once per run (and worker)."""
    keeper = Keeper()
    yield keeper
    keeper.close()


@pytest.fixture
def host(keeper: Keeper, request: pytest.FixtureRequest) -> Iterator[TestHost]:
    """A fresh test host.

    The tag or mark ``hybrid`` asks for the cgroup v1 controllers beside v2; ``controllers``
    for cpu and pids controllers in whichever layout this machine can give them; ``debian-server``
    for a copy of a Debian system with its usual servers in place of this machine.
    """
    hybrid = request.config.getoption("--hybrid") or _wants(request, "hybrid")
    if not hybrid and _wants(request, "controllers"):
        hybrid = not has_v2_controllers()
    if hybrid and not pathlib.Path("/sys/fs/cgroup/pids").exists():
        pytest.skip("this machine has no cgroup v1 controllers")
    system = debian.tree(debian.ROOT_SERVER) if _wants(request, "debian-server") else "/"
    host = keeper.host(hybrid=hybrid, system=system)
    yield host
    host.close()


@pytest.fixture
def shell(host: TestHost) -> Shell:
    """The administrator's shell on the test host."""
    return Shell(host)


def _wants(request: pytest.FixtureRequest, mark: str) -> bool:
    return request.node.get_closest_marker(mark) is not None
