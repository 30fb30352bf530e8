"""Files that come to be in a directory, told by the kernel (inotify(7))."""

from __future__ import annotations

import os
import struct

from vserver.kernel import syscalls

# linux/inotify.h
_IN_MOVED_TO = 0x80
_IN_Q_OVERFLOW = 0x4000
_EVENT = struct.Struct("iIII")  # struct inotify_event: watch, mask, cookie, length of the name
_BUFFER = 65536


class Arrivals:
    """The files that are renamed into ``directory`` from now on. OSError without one."""

    __slots__ = ("_directory", "_fd")

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._fd = syscalls.syscall("inotify_init1", os.O_CLOEXEC | os.O_NONBLOCK)
        path = os.fsencode(directory)
        syscalls.syscall("inotify_add_watch", self._fd, path, _IN_MOVED_TO)

    def fileno(self) -> int:
        """A descriptor that is readable when there is a file."""
        return self._fd

    def names(self) -> set[str]:
        """The names that have arrived since the last call; all there are if those were too many."""
        try:
            data = os.read(self._fd, _BUFFER)
        except BlockingIOError:
            return set()
        found = set()
        while data:
            _watch, mask, _cookie, length = _EVENT.unpack_from(data)
            if mask & _IN_Q_OVERFLOW:
                return set(os.listdir(self._directory))
            name, data = data[_EVENT.size : _EVENT.size + length], data[_EVENT.size + length :]
            found.add(os.fsdecode(name.rstrip(b"\0")))
        return found
