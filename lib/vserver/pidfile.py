"""Pid files that cannot lie: the process they name holds a lock on them (fcntl_locking(2)).

A file that a killed daemon has left behind is not locked, whoever has that number by now.
"""

from __future__ import annotations

import fcntl
import os
from errno import EACCES, EAGAIN

from vserver.errors import reason
from vserver.kernel import recordlock

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable


def claim(path: str) -> None:
    """Write our pid and a newline to ``path`` and hold it until we end.

    BlockingIOError when another process holds it, other OSErrors of open(2) and write(2), all
    with the path.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())
    except OSError as error:
        os.close(fd)
        number = EAGAIN if error.errno == EACCES else error.errno
        raise OSError(number, os.strerror(number or 0), path) from None


def holder(path: str) -> int:
    """The pid of the process that holds ``path``; 0 when there is none, or no such file."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        return recordlock.holder(fd)[0]
    finally:
        os.close(fd)


def remove(path: str, warn: Callable[[str], None]) -> None:
    """Remove ``path``; what keeps it there is told to ``warn`` and does not matter."""
    if os.path.lexists(path):
        try:
            os.unlink(path)
        except OSError as error:
            warn(f"{path}: {reason(error)}")
