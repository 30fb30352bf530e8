"""Files that share their blocks or their inode, by descriptors that were opened before."""

from __future__ import annotations

import fcntl
import os
from errno import EAGAIN, EINVAL, ENOLCK, ENOTSUP, ENOTTY, ETXTBSY, EXDEV
from struct import Struct, pack_into

# linux/fs.h
FICLONE = 0x40049409
_FIDEDUPERANGE = 0xC0189436
_DEDUPE_PIECE = 16 << 20
# struct file_dedupe_range with one file_dedupe_range_info: source offset, length, count; then
# descriptor, offset, bytes done, status
_DEDUPE = Struct("=QQHHIqQQiI")
_RANGE_SAME = 0

# linux/fiemap.h: struct fiemap (start, length, flags, mapped, count, reserved), fiemap_extent
# (logical, physical, length, 2 reserved, flags, 3 reserved)
_FS_IOC_FIEMAP = 0xC020660B
_FIEMAP = Struct("=QQIIII")
_EXTENT = Struct("=QQQ16xI12x")
_FLAG_SYNC = 0x01
_TO_THE_END = (1 << 64) - 1
# What is asked: the header and room for the extents that it tells of. Most files have one.
_FIRST_EXTENTS = _FIEMAP.pack(0, 0, _FLAG_SYNC, 0, 2, 0) + bytes(2 * _EXTENT.size)
_MORE_EXTENTS = _FIEMAP.pack(0, 0, _FLAG_SYNC, 0, 64, 0) + bytes(64 * _EXTENT.size)
_EXTENT_LAST, _EXTENT_UNKNOWN, _EXTENT_SHARED = 0x0001, 0x0002, 0x2000
_EXTENT_WITHOUT_PLACE = 0x0008 | 0x0200  # FIEMAP_EXTENT_ENCODED, FIEMAP_EXTENT_DATA_INLINE

_BLOCK = 1 << 18

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from typing import Any

    Extent = tuple[Any, ...]


def same_content(one: int, other: int, size: int) -> bool:
    """Whether the first ``size`` bytes of two open files are equal."""
    offset = 0
    while offset < size:
        length = min(size - offset, _BLOCK)
        block = os.pread(one, length, offset)
        if not block or block != os.pread(other, length, offset):
            return False
        offset += len(block)
    return True


def attributes(fd: int) -> dict[str, bytes]:
    """The extended attributes of an open file, access lists and capabilities among them."""
    try:
        return {name: os.getxattr(fd, name) for name in os.listxattr(fd)}
    except OSError as error:
        if error.errno == ENOTSUP:
            return {}
        raise


def clone(source: int, copy: int) -> bool:
    """Let the new file ``copy`` share the blocks of ``source``; false where that cannot be."""
    try:
        fcntl.ioctl(copy, FICLONE, source)
    except OSError as error:
        if error.errno in (ENOTSUP, ENOTTY, EXDEV, EINVAL):
            return False
        raise
    return True


def dedupe(source: int, target: int, size: int) -> bool:
    """Let ``target`` share the blocks of ``source`` if their ``size`` bytes are equal.

    The kernel compares and shares in one step; all else of ``target`` stays as it is, and who
    has it open notices nothing (FIDEDUPERANGE, on btrfs and xfs). False when they differ;
    EOPNOTSUPP, EXDEV or EINVAL where the file system cannot do that.
    """
    offset = 0
    while offset < size:
        done = _dedupe_piece(source, target, offset, min(size - offset, _DEDUPE_PIECE))
        if not done:
            return False
        offset += done
    return True


def _dedupe_piece(source: int, target: int, offset: int, length: int) -> int:
    request = bytearray(_DEDUPE.pack(offset, length, 1, 0, 0, target, offset, 0, 0, 0))
    fcntl.ioctl(source, _FIDEDUPERANGE, request)
    done, status = _DEDUPE.unpack(request)[7:9]
    if status < 0:
        raise OSError(-status, os.strerror(-status))
    return int(done) if status == _RANGE_SAME else 0


def share_all(one: int, other: int) -> bool:
    """Whether two files lie in the same blocks throughout; false where that is not known.

    Of compressed extents, and of those inside an inode (btrfs), FIEMAP does not tell the place:
    the files are compared then. What lies in an inode counts as shared if it is equal.
    """
    size = os.fstat(one).st_size
    if os.fstat(other).st_size != size:
        return False
    try:
        mine = _extents(one)
        if not any(flags & (_EXTENT_SHARED | _EXTENT_WITHOUT_PLACE) for *_, flags in mine):
            return False
        others = _extents(other)
    except OSError as error:
        if error.errno == ENOTSUP:
            return False
        raise
    if [e[:3] for e in mine] != [e[:3] for e in others]:
        return False
    if any(flags & _EXTENT_UNKNOWN for *_, flags in mine):
        return False
    is_told = not any(flags & _EXTENT_WITHOUT_PLACE for *_, flags in mine + others)
    return is_told or same_content(one, other, size)


def shared_bytes(fd: int, size: int) -> int:
    """How many of the ``size`` bytes of a file lie in blocks that other files have as well.

    EOPNOTSUPP where the file system does not tell (FIEMAP).
    """
    return sum(
        min(start + length, size) - start
        for start, _, length, flags in _extents(fd)
        if flags & _EXTENT_SHARED and start < size
    )


def _extents(fd: int) -> list[Extent]:
    """The extents of a file: logical and physical start, length in bytes, FIEMAP_EXTENT_ bits."""
    found: list[Extent] = []
    start = 0
    while True:
        buffer = bytearray(_FIRST_EXTENTS if not found else _MORE_EXTENTS)
        pack_into("=QQ", buffer, 0, start, _TO_THE_END)
        fcntl.ioctl(fd, _FS_IOC_FIEMAP, buffer)
        end = _FIEMAP.size + _FIEMAP.unpack_from(buffer)[3] * _EXTENT.size
        found += _EXTENT.iter_unpack(memoryview(buffer)[_FIEMAP.size : end])
        if end == _FIEMAP.size or found[-1][3] & _EXTENT_LAST:
            return found
        start = found[-1][0] + found[-1][2]


class BusyError(OSError):
    """Somebody has the file open for writing."""


class Lease:
    """A read lease: nobody has the file open for writing, and who wants to, waits.

    BusyError when somebody has. Where the file system knows no leases there is none. The
    caller ignores SIGIO, by which the kernel tells of a writer that waits.
    """

    __slots__ = ("_fd", "_held", "_path")

    def __init__(self, fd: int, path: str) -> None:
        """``path`` is what a BusyError calls the file."""
        self._fd = fd
        self._path = path
        self._held = False

    def take(self) -> None:
        """Get the lease."""
        try:
            fcntl.fcntl(self._fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            if error.errno == EAGAIN:
                raise self._busy() from None
            if error.errno not in (EINVAL, ENOLCK):
                raise
        else:
            self._held = True

    @property
    def is_held(self) -> bool:
        """Whether this file system has leases."""
        return self._held

    def check(self) -> None:
        """BusyError when somebody waits for its end, or has waited so long that it ended."""
        if self._held and fcntl.fcntl(self._fd, fcntl.F_GETLEASE) != fcntl.F_RDLCK:
            raise self._busy()

    def _busy(self) -> BusyError:
        return BusyError(ETXTBSY, os.strerror(ETXTBSY), self._path)

    def release(self) -> None:
        """Let writers in again."""
        if self._held:
            self._held = False
            try:
                fcntl.fcntl(self._fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            except BlockingIOError:
                pass  # another lease on the same descriptor ended it

    def __enter__(self) -> None:
        self.take()

    def __exit__(self, *exception: object) -> None:
        self.release()


def link(fd: int, directory: int, name: str) -> None:
    """Give the open file ``fd`` a further name, whatever became of the one it was opened by."""
    os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=directory)
