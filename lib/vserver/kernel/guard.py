"""The inode flags that guard a file of several trees against each of them.

IMMUTABLE is the kernel's own flag: nobody writes the file, nor removes one of its names. SEALED
is the old kernel's immutable file with inverted linkage, whose names may be removed and replaced;
``vserver.kernel.seal`` makes the kernel heed it.
"""

from __future__ import annotations

from errno import ENOTSUP, ENOTTY

from vserver.kernel import inodeflags, sharing

IMMUTABLE = inodeflags.IMMUTABLE
SEALED = inodeflags.IMMUTABLE_LINKAGE
# Beside SEALED, and without effect on its own: the old immutable flag was wanted, too. It is
# FS_UNRM_FL of linux/fs.h, which ext4 keeps and no kernel heeds.
ALSO_IMMUTABLE = 0x00000002
GUARDS = IMMUTABLE | SEALED | ALSO_IMMUTABLE

_VERITY = 0x00100000  # FS_VERITY_FL: shown, but refused when written back


def of_file(fd: int) -> int:
    """The guards of an open file; none where its file system has no flags."""
    try:
        flags = inodeflags.get_flags(fd)
    except OSError as error:
        if error.errno in (ENOTSUP, ENOTTY):
            return 0
        raise
    if not flags & SEALED:
        flags &= ~ALSO_IMMUTABLE
    return flags & GUARDS


def put(fd: int, guards: int) -> None:
    """Give an open file ``guards`` and no others; EOPNOTSUPP or ENOTTY where that cannot be."""
    if of_file(fd) == guards:
        return
    kept = inodeflags.get_flags(fd) & ~(GUARDS | _VERITY)
    inodeflags.set_flags(fd, kept | guards)


class Held:
    """A ``with`` block in which nobody writes an open file, and links to it can be made.

    At the end it has the ``guards``; when the block fails, those that it had. Who has it open
    for writing is found out before (BusyError) and, for who came in between, after (``broken``).
    """

    __slots__ = ("_before", "_fd", "_guards", "_lease", "_path", "broken")

    def __init__(self, fd: int, guards: int, path: str) -> None:
        """``path`` is what a BusyError calls the file."""
        self._fd = fd
        self._path = path
        self._guards = guards
        self._before = of_file(fd)
        self._lease: sharing.Lease | None = None
        self.broken = False

    def __enter__(self) -> Held:
        if self._before & SEALED and self._before == self._guards:
            return self
        put(self._fd, self._guards)
        try:
            self._lease = sharing.Lease(self._fd, self._path)
            self._lease.take()
            put(self._fd, self._guards & ~IMMUTABLE)
        except OSError:
            put(self._fd, self._before)
            raise
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if self._lease is None:
            return
        put(self._fd, self._before if kind else self._guards)
        self.broken = self._lease.broken()
        self._lease.release()


class Released:
    """A ``with`` block in which an immutable file's name can be removed.

    If others share the inode, or nothing came of it, the file has its guards again after that.
    """

    __slots__ = ("_before", "_fd", "_shared")

    def __init__(self, fd: int, *, shared: bool) -> None:
        self._fd = fd
        self._shared = shared
        self._before = of_file(fd)

    def __enter__(self) -> None:
        if self._before & IMMUTABLE:
            put(self._fd, self._before & ~IMMUTABLE)

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        put(self._fd, self._before if kind or self._shared else 0)
