"""What is listened to, on real sockets; only the time is the test's own."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pytest

from vserver.rebootchannel import (
    MAX_CONNECTIONS,
    MAX_LINE,
    REQUEST_SECONDS,
    RESTART,
    STOP,
    Channel,
)

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


class Guest:
    """The far end of a channel, and what came of it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.heard: list[str] = []
        self.now = 100.0
        self.sockets: list[socket.socket] = []
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        listener.bind(path)
        listener.listen(2 * MAX_CONNECTIONS)
        self._listener = listener
        self.channel = Channel(listener, self.heard.append, lambda: self.heard.append("invalid"))

    def connect(self) -> socket.socket:
        """A new connection, which the manager has accepted."""
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(self.path)
        self.sockets.append(sock)
        self.serve()
        return sock

    def say(self, *pieces: bytes) -> socket.socket:
        """Send ``pieces`` one by one through a new connection."""
        sock = self.connect()
        for piece in pieces:
            with contextlib.suppress(BrokenPipeError):
                sock.sendall(piece)
            self.serve()
        return sock

    def serve(self) -> None:
        """Let the manager handle all that there is, at this moment."""
        for _ in range(8):
            self.channel.serve(self.now)

    def close(self) -> None:
        """Close all descriptors, those of the manager too."""
        for sock in self.sockets:
            sock.close()
        self.serve()
        self._listener.close()
        del self.channel  # which knows us, and is known by nobody else


@pytest.fixture
def guest(tmp_path: pathlib.Path) -> Iterator[Guest]:
    guest = Guest(str(tmp_path / "reboot"))
    yield guest
    guest.close()


def is_open(sock: socket.socket) -> bool:
    """Whether the manager has not closed ``sock``."""
    sock.setblocking(False)
    try:
        return sock.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def test_the_requests(guest: Guest) -> None:
    guest.say(b"reboot\n")
    guest.say(b"halt\n")
    assert guest.heard == [RESTART, STOP]


def test_a_request_may_come_in_pieces(guest: Guest) -> None:
    guest.say(b"re", b"boot", b"\nha", b"lt\n")
    assert guest.heard == [RESTART, STOP]


@pytest.mark.parametrize(
    "line",
    [
        b"Reboot\n",
        b" reboot\n",
        b"reboot \n",
        b"reboot\r\n",
        b"reboot vs2\n",
        b"\n",
        b"halt\0\n",
        b"\xff\xfe\n",
        b"x" * (MAX_LINE + 1),
        b"reboot" * 1000 + b"\n",
    ],
    ids=lambda line: repr(line[:12]),
)
def test_anything_else_is_invalid_and_ends_the_connection(guest: Guest, line: bytes) -> None:
    sock = guest.say(line)
    assert guest.heard == ["invalid"]
    assert not is_open(sock)


def test_the_end_without_a_newline_is_invalid(guest: Guest) -> None:
    guest.say(b"reboot").shutdown(socket.SHUT_WR)
    guest.serve()
    assert guest.heard == ["invalid"]


def test_the_end_with_nothing_said_is_nothing(guest: Guest) -> None:
    guest.connect().close()
    guest.serve()
    assert guest.heard == []


def test_complaints_come_once_a_second(guest: Guest) -> None:
    guest.say(b"x\n")
    guest.say(b"x\n")
    guest.now += 1
    guest.say(b"x\n")
    assert guest.heard == ["invalid", "invalid"]


def test_a_slow_request_is_given_two_seconds(guest: Guest) -> None:
    sock = guest.say(b"rebo")
    guest.now += REQUEST_SECONDS - 0.1
    assert guest.channel.expire(guest.now)
    assert is_open(sock)
    guest.now += 0.1
    assert not guest.channel.expire(guest.now)
    assert not is_open(sock)
    assert guest.heard == ["invalid"]


def test_a_connection_that_says_nothing_is_closed_silently(guest: Guest) -> None:
    sock = guest.connect()
    guest.channel.expire(guest.now + REQUEST_SECONDS)
    assert not is_open(sock)
    assert guest.heard == []


def test_after_a_request_the_connection_may_stay(guest: Guest) -> None:
    sock = guest.say(b"reboot\n")
    assert not guest.channel.expire(guest.now + 3600)
    assert is_open(sock)


def test_the_oldest_of_too_many_connections_is_closed(guest: Guest) -> None:
    for _ in range(MAX_CONNECTIONS + 1):
        guest.connect()
    assert [is_open(sock) for sock in guest.sockets] == [False] + [True] * MAX_CONNECTIONS


def test_a_flood_exhausts_the_second(guest: Guest) -> None:
    for _ in range(64):
        guest.connect()
    assert guest.channel.is_exhausting(guest.now)
    guest.now += 1
    assert not guest.channel.is_exhausting(guest.now)
