"""A second process that works at the same time."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from vserver.kernel.helper import Helper

if TYPE_CHECKING:
    from collections.abc import Iterator


def children() -> str:
    """The pids of the children of this process."""
    with open("/proc/thread-self/children", encoding="ascii") as file:
        return file.read()


def test_messages_come_in_order_and_whole() -> None:
    messages = [b"", b"one", bytes(1 << 20), b"last"]
    helper = Helper(lambda: iter(messages))
    try:
        assert [helper.answer() for _ in messages] == messages
        with pytest.raises(ChildProcessError):
            helper.answer()
    finally:
        helper.end()


def test_a_message_is_there_before_the_next_is_made() -> None:
    def work() -> Iterator[bytes]:
        yield b"first"
        time.sleep(60)

    before = children()
    helper = Helper(work)
    assert helper.answer() == b"first"
    helper.end()
    assert children() == before


def test_a_killed_helper_has_no_answer() -> None:
    def work() -> Iterator[bytes]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield b"never"

    helper = Helper(work)
    with pytest.raises(ChildProcessError):
        helper.answer()
    helper.end()


def test_a_helper_that_fails_says_nothing_and_has_no_answer(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def work() -> Iterator[bytes]:
        yield b"first"
        raise OSError

    helper = Helper(work)
    assert helper.answer() == b"first"
    with pytest.raises(ChildProcessError):
        helper.answer()
    helper.end()
    assert capfd.readouterr() == ("", "")
