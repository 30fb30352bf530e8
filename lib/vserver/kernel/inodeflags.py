"""Inode flags, the attributes of lsattr(1): ioctl_iflags(2)."""

from __future__ import annotations

import os
import stat
from errno import EOPNOTSUPP
from fcntl import ioctl
from struct import Struct, calcsize, pack, unpack

from vserver.kernel import syscalls

# linux/fs.h
IMMUTABLE = 0x00000010
# The old kernel's "immutable, but its links may be removed". The same bit means something
# else today (no tail merging) and protects nothing.
IMMUTABLE_LINKAGE = 0x00008000

# linux/fs.h, _IOR and _IOW of a long although the value has 32 bits
_LONG = calcsize("l") << 16
_FS_IOC_GETFLAGS = 0x80006601 | _LONG
_FS_IOC_SETFLAGS = 0x40006602 | _LONG

# linux/stat.h: STATX_INO; attributes and inode number of struct statx
_STATX_INO = 0x100
_STATX_FIELDS = Struct("=8xQ16xQ")


def immutable_inode(directory: int, name: str) -> int:
    """The inode number of ``name`` in ``directory`` if that file is immutable, else 0.

    Nothing is opened. That its file system does not tell is no.
    """
    attributes, inode = _STATX_FIELDS.unpack_from(syscalls.statx(directory, name, _STATX_INO))
    return int(inode) if attributes & IMMUTABLE else 0  # STATX_ATTR_IMMUTABLE is the same bit


def open_inode(path: str) -> int:
    """A descriptor to read or change the flags of ``path``, a regular file or a directory.

    Anything else is refused with EOPNOTSUPP before it is opened: opening a device or a FIFO
    can wait or act. A symbolic link is not followed.
    """
    found = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        mode = os.fstat(found).st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise OSError(EOPNOTSUPP, os.strerror(EOPNOTSUPP), path)
        return os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    finally:
        os.close(found)


def get_flags(file: int) -> int:
    """FS_IOC_GETFLAGS of an open file: FS_..._FL bits."""
    flags: int = unpack("=I", ioctl(file, _FS_IOC_GETFLAGS, bytes(4)))[0]
    return flags


def set_flags(file: int, flags: int) -> None:
    """FS_IOC_SETFLAGS: replace the FS_..._FL bits of an open file."""
    ioctl(file, _FS_IOC_SETFLAGS, pack("=I", flags))
