"""Only one command at a time starts or stops a guest; a stop ends a start that hangs.

The lock is one of fcntl_locking(2) on NAME.lock, which names its holder to those who wait: a start
has locked two bytes, a stop one.
"""

from __future__ import annotations

import fcntl
import os
import time
from _signal import SIGTERM

from vserver import paths
from vserver.errors import VserverError, reason
from vserver.kernel import recordlock, statedir, syscalls

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

WAIT_SECONDS = 30.0  # for a command that is at work
START_SECONDS = 10.0  # that a stop leaves to a start, whose scripts may hang
_POLL_SECONDS = 0.05
_SUFFIX = ".lock"
_STOP_BYTES, _START_BYTES = 1, 2

_held: dict[str, int] = {}  # the descriptors of the locks that we hold


class GuestLock:
    """The lock of guest ``name`` while it is started or, with ``stopping``, stopped.

    Who holds it may take it again: a restart is a stop, and then a start. VserverError when
    another command does not end; OSError when there can be no lock file, as where /run is
    read-only. With ``warn`` that is told and the block runs without: a guest must not be
    kept from being stopped, and nobody can start one then.
    """

    __slots__ = ("_fd", "_name", "_stopping", "_warn")

    def __init__(
        self, name: str, *, stopping: bool = False, warn: Callable[[str], None] | None = None
    ) -> None:
        self._name = name
        self._stopping = stopping
        self._warn = warn
        self._fd = -1

    def __enter__(self) -> None:
        if self._name in _held:
            self._lock(_held[self._name])
            return
        try:
            self._fd = _open(self._name)
        except OSError as error:
            if not self._warn:
                raise
            self._warn(f"vserver: {error.filename}: {reason(error)}")
            return
        try:
            self._wait()
        except BaseException:
            os.close(self._fd)
            raise
        _held[self._name] = self._fd

    def _wait(self) -> None:
        began = time.monotonic()
        while not self._try():
            waited = time.monotonic() - began
            if self._stopping and waited >= START_SECONDS:
                _end_start(self._fd)
            if waited >= WAIT_SECONDS:
                raise VserverError(
                    f"vserver: another command is starting or stopping '{self._name}'"
                )
            time.sleep(_POLL_SECONDS)

    def _try(self) -> bool:
        try:
            self._lock(self._fd)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _lock(self, fd: int) -> None:
        size = _STOP_BYTES if self._stopping else _START_BYTES
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, size)

    def __exit__(self, *exception: object) -> None:
        if self._fd >= 0:
            del _held[self._name]
            os.close(self._fd)


def is_held(name: str) -> bool:
    """Does a command start or stop guest ``name`` at this moment?"""
    try:
        fd = os.open(_path(name), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return recordlock.holder(fd)[1] > 0
    finally:
        os.close(fd)


def _open(name: str) -> int:
    statedir.make()
    return os.open(_path(name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _path(name: str) -> str:
    return f"{paths.STATE_DIR}/{name}{_SUFFIX}"


def _end_start(fd: int) -> None:
    """End the command that holds the lock if it is a start; no other process in its place."""
    pid, size = recordlock.holder(fd)
    if not pid or size != _START_BYTES:
        return
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if recordlock.holder(fd) == (pid, size):
            syscalls.pidfd_send_signal(pidfd, SIGTERM)
    except ProcessLookupError:
        pass  # ended meanwhile
    finally:
        os.close(pidfd)
