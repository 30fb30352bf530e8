"""Locks on directories."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from steps import eventually
from vserver.kernel import directorylock

if TYPE_CHECKING:
    import pathlib


def test_it_has_one_holder(tmp_path: pathlib.Path) -> None:
    held = directorylock.hold(str(tmp_path))
    with pytest.raises(BlockingIOError):
        directorylock.hold(str(tmp_path), wait=False)
    os.close(held)
    os.close(directorylock.hold(str(tmp_path), wait=False))


def test_what_is_not_there_is_not_held(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError):
        directorylock.hold(str(tmp_path / "none"))


def is_waited_for(fd: int) -> bool:
    """Whether somebody waits for the lock on ``fd``, as proc_locks(5) tells."""
    with open("/proc/locks", encoding="ascii") as file:
        return any("->" in line and f":{os.fstat(fd).st_ino} " in line for line in file)


def test_who_has_waited_holds_the_directory_of_that_name(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "made"
    path.mkdir()
    first = directorylock.hold(str(path))
    held: list[int] = []
    waiter = threading.Thread(target=lambda: held.append(directorylock.hold(str(path))))
    waiter.start()
    eventually(lambda: is_waited_for(first), "waiting")
    path.rename(tmp_path / "gone")
    path.mkdir()
    os.close(first)
    waiter.join(60)
    assert os.fstat(held[0]).st_ino == path.stat().st_ino
    os.close(held[0])
