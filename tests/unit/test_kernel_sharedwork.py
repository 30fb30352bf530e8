"""Work that a process and a helper do side by side."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from vserver.kernel.sharedwork import NO_OTHERS, SharedWork, Turns

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECES = 5000
HERE = os.getpid()


def nothing() -> None:
    """What there is to do before."""


@pytest.fixture
def _stopped_by_sigterm() -> Iterator[None]:
    """A process whose work ends at SIGTERM."""
    before = signal.signal(signal.SIGTERM, stop)
    yield
    stops.clear()
    signal.signal(signal.SIGTERM, before)


stops: list[int] = []


def stop(number: int, _frame: object) -> None:
    """Remember that the work is to end."""
    stops.append(number)


def is_stopped() -> bool:
    """Whether it is."""
    return bool(stops)


@pytest.mark.usefixtures("_stopped_by_sigterm")
def test_each_piece_is_done_once_and_told_in_order() -> None:
    work = SharedWork(PIECES, lambda number: (number, os.getpid()), is_stopped, nothing)
    results = list(work.results())
    assert work.end() == []
    assert [number for number, _ in results] == list(range(PIECES))
    assert not work.is_alone


def test_a_long_piece_does_not_hold_up_the_other_process() -> None:
    (has_begun, begin), (may_end, end) = os.pipe(), os.pipe()
    done: list[int] = []

    def piece(number: int) -> int:
        if os.getpid() != HERE:
            os.write(begin, b"x")
            os.read(may_end, 1)
            return number
        if not done:
            os.read(has_begun, 1)
        done.append(number)
        if len(done) == 199:
            os.write(end, b"x")
        return number

    work = SharedWork(200, piece, is_stopped, nothing)
    assert list(work.results()) == list(range(200))
    work.end()
    assert len(done) == 199
    for fd in (has_begun, begin, may_end, end):
        os.close(fd)


@pytest.mark.parametrize("before", range(6))
def test_the_helper_is_killed_after_some_pieces(before: int) -> None:
    done: list[int] = []

    def piece(number: int) -> int:
        if os.getpid() == HERE:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        elif len(done) == before:
            os.kill(os.getpid(), signal.SIGKILL)
        done.append(number)
        return number

    missed: list[int] = []
    work = SharedWork(10, piece, is_stopped, nothing, lambda: missed.append(len(done)))
    assert list(work.results()) == list(range(10))
    assert work.end() == []
    assert work.is_alone
    assert len(done) == 10 - before
    assert missed[0] < len(done)
    assert len(missed) == 1


@pytest.mark.usefixtures("_stopped_by_sigterm")
def test_who_is_stopped_stops_the_helper_and_has_its_results() -> None:
    def piece(number: int) -> int:
        if number > 1:
            if os.getpid() == HERE:
                stops.append(0)
            while not is_stopped():
                time.sleep(0.001)
        return number

    work = SharedWork(1000, piece, is_stopped, nothing)
    results = [*work.results(), *work.end()]
    assert results in ([0, 1, 2], [0, 1, 2, 3])
    assert not work.is_alone


@pytest.mark.usefixtures("_stopped_by_sigterm")
def test_an_error_stops_the_helper() -> None:
    def piece(number: int) -> int:
        if os.getpid() == HERE:
            raise ZeroDivisionError
        while not is_stopped():
            time.sleep(0.001)
        return number

    work = SharedWork(1000, piece, is_stopped, nothing)
    with pytest.raises(ZeroDivisionError):
        list(work.results())
    assert len(work.end()) <= 1


def test_the_helper_joins_first() -> None:
    joined: list[int] = []

    def piece(_number: int) -> bool:
        time.sleep(0.005)
        return (os.getpid() == HERE) != bool(joined)

    work = SharedWork(20, piece, is_stopped, lambda: joined.append(1))
    assert all(work.results())
    work.end()


def test_turns_are_taken_one_at_a_time() -> None:
    turns, counter = Turns(), os.memfd_create("counter")

    def add(number: int) -> None:
        with turns.of(7, number % 2):
            value = int(os.pread(counter, 20, 0) or b"0")
            os.pwrite(counter, b"%d" % (value + 1), 0)

    work = SharedWork(PIECES, add, is_stopped, nothing)
    for _ in work.results():
        pass
    work.end()
    turns.close()
    assert int(os.pread(counter, 20, 0)) == PIECES
    os.close(counter)


def test_turns_in_any_order_do_not_wait_for_each_other() -> None:
    turns = Turns()

    def take(number: int) -> None:
        with turns.of(*((1, 2) if number % 2 else (2, 1))), turns.of(1 << 63 | 3):
            pass

    work = SharedWork(PIECES, take, is_stopped, nothing)
    assert len(list(work.results())) == PIECES
    work.end()
    turns.close()


def test_who_is_alone_waits_for_nobody() -> None:
    with NO_OTHERS.of(1, 2), NO_OTHERS.of(2):
        pass
