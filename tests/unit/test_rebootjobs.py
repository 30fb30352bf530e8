"""Which commands a guest gets, of those that it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vserver import paths, state
from vserver.rebootchannel import RESTART, STOP
from vserver.rebootjobs import Jobs

if TYPE_CHECKING:
    import pathlib


class Started:
    """What was started, in order; nothing can be after ``fail``."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.works = True

    def __call__(self, command: str) -> bool:
        self.commands.append(command)
        return self.works


@pytest.fixture
def started() -> Started:
    return Started()


@pytest.fixture
def jobs(started: Started, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """The jobs of guest "web", whose state file is in a directory of the test."""
    monkeypatch.setattr(paths, "STATE_DIR", str(tmp_path))
    restarted(100)
    return Jobs("web", started)


def restarted(number: int) -> None:
    """The guest is context ``number`` from now on."""
    state.write_file(paths.guest_state("web"), number, "")


def test_one_command_runs_at_a_time(jobs: Jobs, started: Started) -> None:
    assert jobs.add(RESTART)
    assert jobs.add(STOP)
    assert started.commands == [RESTART]
    jobs.finished()
    assert started.commands == [RESTART, STOP]


def test_repeats_are_merged(jobs: Jobs, started: Started) -> None:
    assert jobs.add(RESTART)
    assert not jobs.add(RESTART)
    jobs.finished()
    assert started.commands == [RESTART]


def test_a_guest_that_was_started_meanwhile_is_heard(jobs: Jobs, started: Started) -> None:
    assert jobs.add(RESTART)
    restarted(101)
    assert jobs.add(RESTART)
    assert not jobs.add(RESTART)
    jobs.finished()
    assert started.commands == [RESTART, RESTART]


def test_a_stop_outweighs_a_restart(jobs: Jobs, started: Started) -> None:
    assert jobs.add(STOP)
    assert not jobs.add(RESTART)
    restarted(101)
    assert jobs.add(RESTART)
    assert jobs.add(STOP)
    jobs.finished()
    jobs.finished()
    assert started.commands == [STOP, STOP]


def test_a_command_that_cannot_be_started_is_no_command_under_way(
    jobs: Jobs, started: Started
) -> None:
    started.works = False
    assert jobs.add(RESTART)
    started.works = True
    assert jobs.add(RESTART)
    assert started.commands == [RESTART, RESTART]
