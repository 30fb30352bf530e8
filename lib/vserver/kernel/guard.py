"""The inode flags that guard a file of several trees against each of them.

IMMUTABLE is the kernel's own flag: nobody writes the file, nor removes one of its names. SEALED
is the old kernel's immutable file with inverted linkage, whose names may be removed and replaced;
``vserver.kernel.seal`` makes the kernel heed it.
"""

from __future__ import annotations

import os
from errno import ENOTSUP, ENOTTY, EPERM
from stat import S_IMODE

from vserver.kernel import inodeflags, sharing

IMMUTABLE = inodeflags.IMMUTABLE
SEALED = inodeflags.IMMUTABLE_LINKAGE
# Beside SEALED, and without effect on its own: the old immutable flag was wanted, too. It is
# FS_UNRM_FL of linux/fs.h, which ext4 keeps and no kernel heeds.
ALSO_IMMUTABLE = 0x00000002
GUARDS = IMMUTABLE | SEALED | ALSO_IMMUTABLE

_ATTEMPTS = 100
_VERITY = 0x00100000  # FS_VERITY_FL: shown, but refused when written back


def of_file(fd: int) -> int:
    """The guards of an open file; none where its file system has no flags."""
    try:
        return _among(inodeflags.get_flags(fd))
    except OSError as error:
        if error.errno in (ENOTSUP, ENOTTY):
            return 0
        raise


def _among(flags: int) -> int:
    return flags & GUARDS if flags & SEALED else flags & IMMUTABLE


def put(fd: int, guards: int) -> None:
    """Give an open file ``guards`` and no others; EOPNOTSUPP or ENOTTY where that cannot be."""
    try:
        flags = inodeflags.get_flags(fd)
    except OSError as error:
        if error.errno in (ENOTSUP, ENOTTY) and not guards:
            return
        raise
    if _among(flags) != guards:
        inodeflags.set_flags(fd, flags & ~(GUARDS | _VERITY) | guards)


class Metadata:
    """What of a file may be changed without opening it for writing: stat(2) and attributes."""

    __slots__ = ("attributes", "entry")

    def __init__(self, fd: int) -> None:
        self.entry = os.fstat(fd)
        self.attributes = sharing.attributes(fd)

    def restore(self, fd: int, guards: int, path: str) -> None:
        """Undo what was changed of a file that has its ``guards`` again.

        EPERM when somebody is faster each time: the file is guarded then, but not as it was.
        """
        for _ in range(_ATTEMPTS):
            if self._is_that_of(fd):
                return
            put(fd, 0)
            try:
                self._put(fd)
            finally:
                put(fd, guards)
        raise OSError(EPERM, "Somebody changes its attributes all the time", path)

    def _is_that_of(self, fd: int) -> bool:
        return _facts(os.fstat(fd)) == _facts(self.entry) and (
            sharing.attributes(fd) == self.attributes
        )

    def _put(self, fd: int) -> None:
        entry = self.entry
        os.fchown(fd, entry.st_uid, entry.st_gid)
        os.fchmod(fd, S_IMODE(entry.st_mode))
        for name in sharing.attributes(fd).keys() - self.attributes.keys():
            os.removexattr(fd, name)
        for name, value in self.attributes.items():
            os.setxattr(fd, name, value)
        os.utime(fd, ns=(entry.st_atime_ns, entry.st_mtime_ns))


def _facts(entry: os.stat_result) -> tuple[int, ...]:
    return entry.st_mode, entry.st_uid, entry.st_gid, entry.st_mtime_ns


class _Flags:
    """The flags of a file that is held, so that nobody else changes what matters of them."""

    __slots__ = ("_fd", "_flags", "guards")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        try:
            self._flags: int | None = inodeflags.get_flags(fd)
        except OSError as error:
            if error.errno not in (ENOTSUP, ENOTTY):
                raise
            self._flags = None
        self.guards = _among(self._flags or 0)

    def put(self, guards: int) -> None:
        """Give the file ``guards`` and no others; EOPNOTSUPP where that cannot be."""
        if guards == self.guards:
            return
        if self._flags is None:
            raise OSError(ENOTSUP, os.strerror(ENOTSUP))
        inodeflags.set_flags(self._fd, self._flags & ~(GUARDS | _VERITY) | guards)
        self.guards = guards


class Held:
    """A ``with`` block in which nobody writes an open file, which has its ``guards`` after it.

    When the block fails the file has the guards that it had before. Who has it open for writing
    is found out at the beginning, and at the end (BusyError; ext4 lets nobody write an immutable
    file, other file systems those who had it open). In between it is held by a lease, or by its
    guards where the file system has no leases. Links to it are made in a block of ``linkable``.
    """

    __slots__ = ("_before", "_fd", "_flags", "_guards", "_lease", "_path")

    def __init__(self, fd: int, guards: int, path: str) -> None:
        """``path`` is what an error calls the file."""
        self._fd = fd
        self._path = path
        self._guards = guards
        self._flags = _Flags(fd)
        self._before = self._flags.guards
        self._lease = sharing.Lease(fd, path)

    def __enter__(self) -> Held:
        if self._is_sealed:
            return self
        if not self._guards & IMMUTABLE:
            self._flags.put(self._guards)
        try:
            self._lease.take()
            if not self._lease.is_held:
                self._flags.put(self._guards)
        except OSError:
            self._flags.put(self._before)
            raise
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if self._is_sealed:
            return
        try:
            if kind:
                self._flags.put(self._before)
            else:
                self._flags.put(self._guards)
                # again: refused when somebody waits for its end, or was faster than the guards
                self._lease.take()
        finally:
            self._lease.release()

    @property
    def _is_sealed(self) -> bool:
        return self._before & SEALED != 0 and self._before == self._guards

    def check(self) -> None:
        """BusyError when somebody waits to write the file, or has waited too long."""
        self._lease.check()

    def linkable(self, metadata: Metadata) -> _Linkable:
        """A block in which the file can get names and lose them, immutable or not.

        After it the file has its guards and that ``metadata``.
        """
        return _Linkable(self._fd, self._flags, self._guards, self._path, metadata)


class _Linkable:
    """The moment in which an immutable file is not, or not yet.

    Root of each server could change its owner, mode and attributes then (nobody can open it for
    writing, it is held): afterwards they are what they were before.
    """

    __slots__ = ("_fd", "_flags", "_guards", "_metadata", "_path")

    def __init__(self, fd: int, flags: _Flags, guards: int, path: str, metadata: Metadata) -> None:
        self._fd = fd
        self._flags = flags
        self._guards = guards
        self._path = path
        self._metadata = metadata

    def __enter__(self) -> None:
        if self._guards & IMMUTABLE:
            self._flags.put(self._guards & ~IMMUTABLE)

    def __exit__(self, *exception: object) -> None:
        if self._guards & IMMUTABLE:
            self._flags.put(self._guards)
            self._metadata.restore(self._fd, self._guards, self._path)


class Released:
    """A ``with`` block in which a name of a file can be removed.

    If others share the inode, or nothing came of it, the file has its guards again after that.
    """

    __slots__ = ("_before", "_fd", "_held", "_linkable", "_path", "_shared")

    def __init__(self, fd: int, path: str, *, shared: bool) -> None:
        """``path`` is what an error calls the file."""
        self._fd = fd
        self._path = path
        self._shared = shared
        self._before = of_file(fd)

    def __enter__(self) -> None:
        if self._before & IMMUTABLE:
            self._held = Held(self._fd, self._before, self._path)
            self._held.__enter__()
            self._linkable = self._held.linkable(Metadata(self._fd))
            self._linkable.__enter__()

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if self._before & IMMUTABLE:
            try:
                self._linkable.__exit__(kind, error, traceback)
            finally:
                self._held.__exit__(kind, error, traceback)
        if self._before and not kind and not self._shared:
            put(self._fd, 0)
