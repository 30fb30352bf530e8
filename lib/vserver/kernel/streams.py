"""What a guest gets for the standard input, output and error of a command.

Whoever has a descriptor of a file can open that anew by /proc/PID/fd, for writing where it was for
reading, and change its mode and owner: root of a guest would do that to a file of the host that is
redirected into it, and to the host's /dev/null. So a guest gets a /dev/null of its own, and of a
file the other end of a pipe; the program that waits for the command relays what comes through
(stub.c). Pipes and sockets are handed in, for there is nothing behind them; terminals: see pty.py.
"""

from __future__ import annotations

import os
from stat import S_ISCHR, S_ISSOCK

from vserver.kernel.rooted import Root

_NULL = os.makedev(1, 3)
_STANDARD = range(3)


class Streams:
    """Descriptors that stand for the standard ones inside, and the pipes to be relayed outside."""

    __slots__ = ("_inside", "_outside")

    def __init__(self) -> None:
        self._inside: dict[int, int] = {}  # by what they stand for; -1 closes that
        self._outside: dict[int, int] = {}

    @property
    def are_relayed(self) -> bool:
        """Is there anything for the waiting program to relay?"""
        return bool(self._outside)

    @property
    def files(self) -> list[int]:
        """The standard descriptors and our ends of the pipes that they are relayed through, as
        the waiting program takes them: -1 and -1 where that is not so."""
        pairs = [(fd if fd in self._outside else -1, self._outside.get(fd, -1)) for fd in _STANDARD]
        return [fd for pair in pairs for fd in pair]

    def take(self) -> None:
        """In the child: put the descriptors in place of the standard ones."""
        for standard, fd in self._inside.items():
            if fd >= 0:
                os.dup2(fd, standard)
            else:
                os.close(standard)

    def close_inside(self) -> None:
        """Close what was for the child."""
        _close(self._inside)

    def close(self) -> None:
        """Close all."""
        _close(self._inside)
        _close(self._outside)

    def _give(self, standard: int, fd: int) -> None:
        self._inside[standard] = fd

    def _relay(self, standard: int) -> None:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        inside, outside = (reader, writer) if standard == 0 else (writer, reader)
        self._inside[standard], self._outside[standard] = inside, outside

    def _share(self, standard: int, other: int) -> None:
        """``standard`` is the same file as ``other``: what comes through keeps its order."""
        self._inside[standard] = os.dup(self._inside[other])


def of_caller(root: int) -> Streams:
    """What stands for the caller's own in the context whose root directory is ``root``."""
    streams = Streams()
    relayed: dict[tuple[int, int], int] = {}
    for fd in _STANDARD:
        state = os.fstat(fd)
        if S_ISSOCK(state.st_mode) or os.isatty(fd) or _is_anonymous_pipe(fd):
            continue
        null = open_null(root) if state.st_rdev == _NULL and S_ISCHR(state.st_mode) else -1
        identity = state.st_dev, state.st_ino
        if null >= 0:
            streams._give(fd, null)
        elif identity in relayed:
            streams._share(fd, relayed[identity])
        else:
            streams._relay(fd)
            if fd:
                relayed[identity] = fd
    return streams


def into(root: int, output: int) -> Streams:
    """Nothing to read, and ``output`` to write to: a pipe, or -1 for nowhere."""
    streams = Streams()
    for fd in _STANDARD:
        streams._give(fd, open_null(root) if fd != 1 or output < 0 else os.dup(output))
    return streams


def open_null(root: int) -> int:
    """The /dev/null of the context whose root directory is ``root``, -1 when it has none.

    Found from outside and looked at before it is opened: in there another device may have got
    that name.
    """
    try:
        return Root(root).open_device("dev/null", _NULL, os.O_RDWR)
    except OSError:
        return -1


def _is_anonymous_pipe(fd: int) -> bool:
    return os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")


def _close(descriptors: dict[int, int]) -> None:
    for fd in descriptors.values():
        if fd >= 0:
            os.close(fd)
    descriptors.clear()
