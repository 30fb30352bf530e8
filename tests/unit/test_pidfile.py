"""Pid files name a process that lives, or nobody."""

from __future__ import annotations

import os
import pathlib
import signal
from typing import TYPE_CHECKING

import pytest

from vserver import pidfile

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def held(tmp_path: pathlib.Path) -> Iterator[tuple[str, int]]:
    """A pid file, and the process that has claimed it."""
    path = str(tmp_path / "pid")
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        pidfile.claim(path)
        os.close(writer)
        signal.pause()
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    yield path, pid
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def test_it_names_its_holder(held: tuple[str, int]) -> None:
    path, pid = held
    assert pidfile.holder(path) == pid
    assert pathlib.Path(path).read_text() == f"{pid}\n"


def test_it_has_one_holder(held: tuple[str, int]) -> None:
    path, pid = held
    with pytest.raises(BlockingIOError):
        pidfile.claim(path)
    assert pathlib.Path(path).read_text() == f"{pid}\n"


def test_one_that_was_left_behind_names_nobody(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "pid"
    path.write_text(f"{os.getpid()}\n")
    assert pidfile.holder(str(path)) == 0


def test_none_at_all_names_nobody(tmp_path: pathlib.Path) -> None:
    assert pidfile.holder(str(tmp_path / "pid")) == 0
