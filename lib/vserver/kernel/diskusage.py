"""What a tree alone occupies: the files, and the parts of files, that nobody shares (0.10)."""

from __future__ import annotations

import os
from errno import EXDEV

from vserver.kernel import mountinfo, syscalls
from vserver.kernel.rooted import Descriptor, reopen_regular
from vserver.kernel.sharing import shared_bytes

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

WITH_SHARED_BLOCKS = ("btrfs", "xfs", "ocfs2", "overlay", "bcachefs")
"""The file systems on which files can share blocks; FIEMAP costs too much to ask it of all."""
_SAME_MOUNT = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_XDEV
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY


def unshared_bytes(directory: str, failed: Callable[[str, OSError], None]) -> int:
    """The bytes of the regular files below ``directory`` that have one name and are not shared.

    Other mounts are not entered, blocks that other files share (reflinks) not counted.
    ``failed`` is told the path of each directory below that cannot be read. OSError when
    ``directory`` itself cannot.
    """
    with Descriptor(os.open(directory, _DIRECTORY)) as top:
        return _Count(top, failed).below(top, directory)


class _Count:
    """One run over a tree, in which directories are known by descriptors: no path is too long."""

    __slots__ = ("_asks_blocks", "_failed")

    def __init__(self, top: int, failed: Callable[[str, OSError], None]) -> None:
        self._asks_blocks = mountinfo.of_file(top).type in WITH_SHARED_BLOCKS
        self._failed = failed

    def below(self, directory: int, path: str) -> int:
        size = 0
        with os.scandir(directory) as scan:
            entries = list(scan)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                size += self._directory(directory, entry.name, path)
            elif entry.is_file(follow_symlinks=False):
                size += self._file(directory, entry)
        return size

    def _directory(self, parent: int, name: str, path: str) -> int:
        below = f"{path.rstrip('/')}/{name}"
        try:
            with Descriptor(syscalls.openat2(parent, name, _DIRECTORY, _SAME_MOUNT)) as fd:
                return self.below(fd, below)
        except FileNotFoundError:
            return 0
        except OSError as error:
            if error.errno != EXDEV:
                self._failed(below, error)
            return 0

    def _file(self, parent: int, entry: os.DirEntry[str]) -> int:
        try:
            found = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return 0
        if found.st_nlink != 1:
            return 0
        if self._asks_blocks and found.st_blocks:
            return found.st_size - _shared(parent, entry.name, found.st_size)
        return found.st_size


def _shared(parent: int, name: str, size: int) -> int:
    try:
        with (
            Descriptor(os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=parent)) as found,
            Descriptor(reopen_regular(found, os.O_RDONLY)) as fd,
        ):
            return shared_bytes(fd, size)
    except OSError:  # it went away, cannot be read, or its file system does not tell
        return 0
