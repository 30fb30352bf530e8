"""Locks on directories (flock(2)), which need no right to write."""

from __future__ import annotations

import os

_LOCK_EX, _LOCK_NB = 2, 4  # sys/file.h


def hold(path: str, *, wait: bool = True) -> int:
    """Lock directory ``path`` for as long as the descriptor returned is open.

    It is the directory of that name at this moment: FileNotFoundError when there is none any
    more. BlockingIOError when another process holds it and we are not to ``wait``.
    """
    import fcntl

    while True:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, _LOCK_EX if wait else _LOCK_EX | _LOCK_NB)
            if os.stat(path).st_ino == os.fstat(fd).st_ino:
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
