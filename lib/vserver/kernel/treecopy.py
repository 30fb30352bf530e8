"""Copying trees as they are: links, owners, modes, times, extended attributes, holes.

Neither side is trusted more than needed: what is copied is pinned by an O_PATH descriptor
before anything is opened, so that a source which changes meanwhile, or is hostile, can make
the copy wrong but not make it leave the tree or open a device or fifo. File contents are
shared where the file system can do that (reflink), else copied inside the kernel.
"""

from __future__ import annotations

import os
from errno import EEXIST, ENAMETOOLONG, ENODATA, ENOENT, ENOTSUP, ENOTTY, ENXIO, EXDEV
from fcntl import ioctl
from stat import S_IMODE, S_ISBLK, S_ISCHR, S_ISDIR, S_ISLNK, S_ISREG

from vserver.kernel import syscalls
from vserver.kernel.rooted import SAME_MOUNT, Descriptor, mknod, reopen_regular
from vserver.kernel.rootfs import DEVICES
from vserver.kernel.sharing import FICLONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Inode = tuple[int, int]

# what to do with a directory that is not to be copied as it is
OMIT, EMPTY, NO_FILES = "omit", "empty", "no files"

_NODES = {os.makedev(major, minor) for _, major, minor in DEVICES.values()}
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_DEEPEST = 200


class CopyError(OSError):
    """What failed and why; ``filename`` is the path below the source."""


class _Level:
    """A directory of the source and its copy; ``path`` ends in a slash or is empty.

    ``device`` is the file system to stay in, None where the copying starts. ``files`` tells
    whether plain files are copied.
    """

    __slots__ = ("copy", "device", "files", "path", "source")

    def __init__(
        self, source: int, copy: int, path: str, device: int | None, *, files: bool
    ) -> None:
        self.source, self.copy, self.path = source, copy, path
        self.device, self.files = device, files


class TreeCopy:
    """One run of copying: names that are one file in the source are one file in the copy.

    ``special`` tells by (device, inode) which directories of the source are left out (OMIT),
    made without content (EMPTY) or copied without the plain files in and below them
    (NO_FILES). Device nodes are copied only if a guest may have them. Other file systems and
    mounts below a copied name become empty directories; what vanishes meanwhile is skipped.
    """

    __slots__ = ("_first_paths", "_special", "_top", "_unclonable")

    def __init__(self, source: int, target: int, special: Mapping[Inode, str]) -> None:
        """Copy from directory ``source`` to directory ``target``, both descriptors."""
        self._top = _Level(source, target, "", None, files=True)
        self._special = special
        self._first_paths: dict[Inode, str] = {}
        self._unclonable: set[int] = set()

    def copy(self, name: str) -> None:
        """Copy ``name`` of the source directory, with all below it; nothing if it is missing.

        CopyError: the copy is incomplete then.
        """
        self._entry(self._top, name)

    def _entry(self, level: _Level, name: str) -> None:
        try:
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=level.source)
        except FileNotFoundError:
            return
        try:
            with Descriptor(found):
                entry = os.fstat(found)
                if S_ISDIR(entry.st_mode):
                    self._directory(level, name, entry)
                elif level.files or not S_ISREG(entry.st_mode):
                    self._leaf(level, name, found, entry)
        except CopyError:
            raise
        except OSError as error:
            raise CopyError(error.errno, error.strerror, level.path + name) from None

    def _directory(self, level: _Level, name: str, entry: os.stat_result) -> None:
        treatment = self._special.get((entry.st_dev, entry.st_ino))
        if treatment == OMIT:
            return
        if level.path.count("/") > _DEEPEST:
            raise OSError(ENAMETOOLONG, os.strerror(ENAMETOOLONG))
        files = level.files and treatment != NO_FILES
        with Descriptor(_make_directory(level.copy, name)) as copy:
            source = _open_directory(level, name, entry)
            if source is None:
                set_metadata(copy, entry)
                return
            with Descriptor(source):
                below = _Level(source, copy, f"{level.path}{name}/", entry.st_dev, files=files)
                for child in os.listdir(source) if treatment != EMPTY else ():
                    self._entry(below, child)
                set_metadata(copy, entry, source)

    def _leaf(self, level: _Level, name: str, found: int, entry: os.stat_result) -> None:
        inode = (entry.st_dev, entry.st_ino)
        if inode in self._first_paths:
            top = self._top.copy
            os.link(self._first_paths[inode], name, src_dir_fd=top, dst_dir_fd=level.copy)
            return
        if S_ISREG(entry.st_mode):
            self._file(level, name, found, entry)
        elif S_ISLNK(entry.st_mode):
            os.symlink(os.readlink("", dir_fd=found), name, dir_fd=level.copy)
            set_link_metadata(level.copy, name, entry)
        elif is_harmless(entry):
            mknod(level.copy, name, entry.st_mode, entry.st_rdev)
            set_link_metadata(level.copy, name, entry)
        else:
            return
        if entry.st_nlink > 1:
            self._first_paths[inode] = level.path + name

    def _file(self, level: _Level, name: str, found: int, entry: os.stat_result) -> None:
        with (
            Descriptor(reopen_regular(found, os.O_RDONLY)) as source,
            Descriptor(os.open(name, _NEW_FILE, 0o600, dir_fd=level.copy)) as copy,
        ):
            if not self._clone(source, copy, entry.st_dev):
                copy_content(source, copy, entry)
            set_metadata(copy, entry, source)

    def _clone(self, source: int, copy: int, device: int) -> bool:
        """Share the content (FICLONE); false where the file systems cannot."""
        if device in self._unclonable:
            return False
        try:
            ioctl(copy, FICLONE, source)
        except OSError as error:
            if error.errno in (ENOTSUP, EXDEV, ENOTTY):
                self._unclonable.add(device)
            return False
        return True


def is_harmless(entry: os.stat_result) -> bool:
    """Whether a node is a fifo, a socket or a device of those that every guest has."""
    if S_ISBLK(entry.st_mode):
        return False
    return not S_ISCHR(entry.st_mode) or entry.st_rdev in _NODES


def _make_directory(parent: int, name: str) -> int:
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except OSError as error:
        if error.errno != EEXIST:
            raise
    return os.open(name, _DIRECTORY, dir_fd=parent)


def _open_directory(level: _Level, name: str, entry: os.stat_result) -> int | None:
    """The source directory ``name`` for reading, None if it is not to be entered."""
    if level.device is None:
        return os.open(name, _DIRECTORY, dir_fd=level.source)
    if entry.st_dev != level.device:
        return None
    try:
        return syscalls.openat2(level.source, name, _DIRECTORY, SAME_MOUNT)
    except OSError as error:
        if error.errno in (EXDEV, ENOENT):
            return None
        raise


def copy_content(source: int, copy: int, entry: os.stat_result) -> None:
    """Copy the bytes of ``source``, which ``entry`` describes, to the empty file ``copy``.

    Holes stay holes; no byte passes through this process.
    """
    size = entry.st_size
    if entry.st_blocks * 512 >= size:
        _send(source, copy, 0, size)
        return
    for start, end in _data(source, size):
        _send(source, copy, start, end)
    os.truncate(copy, size)


def _data(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """From where to where there is no hole (lseek(2), SEEK_DATA)."""
    end = 0
    while end < size:
        try:
            start = os.lseek(fd, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == ENXIO:  # nothing but a hole up to the end
                return
            raise
        end = os.lseek(fd, start, os.SEEK_HOLE)
        yield start, min(end, size)


def _send(source: int, copy: int, start: int, end: int) -> None:
    os.lseek(copy, start, os.SEEK_SET)
    while start < end:
        sent = os.sendfile(copy, source, start, end - start)
        if not sent:  # the file has become shorter
            return
        start += sent


def set_metadata(copy: int, entry: os.stat_result, source: int | None = None) -> None:
    """Give ``copy`` the owner, mode and times of ``entry``, and the attributes of ``source``."""
    # in this order: a new owner takes set-id bits and file capabilities away
    os.fchown(copy, entry.st_uid, entry.st_gid)
    os.fchmod(copy, S_IMODE(entry.st_mode))
    if source is not None:
        _copy_attributes(source, copy)
    os.utime(copy, ns=(entry.st_atime_ns, entry.st_mtime_ns))


def _copy_attributes(source: int, copy: int) -> None:
    """The extended attributes, access lists and capabilities among them, that the copy can have."""
    try:
        names = os.listxattr(source)
    except OSError as error:
        if error.errno != ENOTSUP:
            raise
        return
    for name in names:
        try:
            os.setxattr(copy, name, os.getxattr(source, name))
        except OSError as error:
            if error.errno not in (ENOTSUP, ENODATA):
                raise


def set_link_metadata(parent: int, name: str, entry: os.stat_result) -> None:
    """Give ``name``, which is no regular file or directory, the owner and times of ``entry``."""
    os.chown(name, entry.st_uid, entry.st_gid, dir_fd=parent, follow_symlinks=False)
    times = (entry.st_atime_ns, entry.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)
