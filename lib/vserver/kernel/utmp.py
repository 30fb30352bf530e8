"""The run level record of a utmp(5) file."""

from __future__ import annotations

import os
import stat
import time
from errno import EINVAL
from struct import pack, unpack_from

from vserver.kernel.syscalls import AT_FDCWD, RESOLVE_NO_SYMLINKS, openat2

RUN_LEVELS = ("1", "2", "3", "4", "5")

_RUN_LVL = 1  # utmp.h: ut_type
_PREVIOUS = ord("#")  # shown by runlevel(8) as the level before

# struct utmp of the GNU C library, where its time fields lie and its size. Machines that can
# also run 32-bit programs keep those programs' layout; aarch64 has a 64-bit time.
_TIME_AT, _TIME, _SIZE = (344, "=qq", 400) if os.uname().machine == "aarch64" else (340, "=II", 384)

_SEARCHED = 2048 * _SIZE  # the record is among the first; a guest decides how long the file is


def run_level_record(level: str, seconds: int) -> bytes:
    """The record that says ``level`` ("1" to "5"), entered at the time ``seconds``."""
    head = pack("=HHi", _RUN_LVL, 0, _PREVIOUS << 8 | ord(level)).ljust(_TIME_AT, b"\0")
    return (head + pack(_TIME, seconds, 0)).ljust(_SIZE, b"\0")


def run_level(content: bytes) -> str:
    """The run level that the records ``content`` tell, empty without one."""
    for offset in range(0, len(content) - _SIZE + 1, _SIZE):
        kind, _padding, levels = unpack_from("=HHi", content, offset)
        if kind == _RUN_LVL:
            return chr(levels & 0xFF)
    return ""


def open_file(path: str) -> int:
    """Open or create the utmp file ``path`` for store_run_level.

    The file is a guest's, so no symbolic link is followed anywhere on the way (ELOOP): it
    could lead to the host's own utmp. EINVAL for anything but a regular file.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY
    file = openat2(AT_FDCWD, path, flags, RESOLVE_NO_SYMLINKS, 0o664)
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise OSError(EINVAL, os.strerror(EINVAL), path)


def store_run_level(file: int, level: str) -> None:
    """Store ``level`` ("1" to "5") in the open utmp ``file`` in place of the one it has.

    Like pututline(3) a new record goes to the end, over a last one that is incomplete.
    """
    content = os.pread(file, _SEARCHED, 0)
    types = {offset: content[offset] for offset in range(0, len(content), _SIZE)}
    end = os.fstat(file).st_size // _SIZE * _SIZE
    offset = next((offset for offset, kind in types.items() if kind == _RUN_LVL), end)
    os.pwrite(file, run_level_record(level, int(time.time())), offset)
