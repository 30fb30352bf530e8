"""Record locks (fcntl_locking(2)), of which the kernel tells who holds them."""

from __future__ import annotations

import fcntl
import os
import struct

_FLOCK = "hhqqi"  # struct flock: type, whence, start, length, pid


def holder(fd: int) -> tuple[int, int]:
    """The pid of the process that holds a lock on ``fd``, and the bytes that it has locked.

    0 bytes: nobody does. Pid 0: the holder is in another pid namespace.
    """
    question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    answer = struct.unpack(_FLOCK, fcntl.fcntl(fd, fcntl.F_GETLK, question))
    kind, _whence, _start, size, pid = answer
    return (0, 0) if kind == fcntl.F_UNLCK else (pid, size)
