"""What a tree alone occupies: the files, and the parts of files, that nobody shares (0.10)."""

from __future__ import annotations

import os
from errno import ENOENT, EXDEV

from vserver.kernel import mountinfo, syscalls
from vserver.kernel.helper import Helper, is_worthwhile
from vserver.kernel.rooted import SAME_MOUNT, Descriptor, reopen_regular
from vserver.kernel.sharing import shared_bytes

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITH_SHARED_BLOCKS = ("btrfs", "xfs", "ocfs2", "overlay", "bcachefs")
"""The file systems on which files can share blocks; FIEMAP costs too much to ask it of all."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_EVEN, _ODD, _ALL = (0,), (1,), (0, 1)


def unshared_bytes(directory: str, failed: Callable[[str, OSError], None]) -> int:
    """The bytes of the regular files below ``directory`` that have one name and are not shared.

    Other mounts are not entered, blocks that other files share (reflinks) not counted.
    ``failed`` is told the path of each directory below that cannot be read. OSError when
    ``directory`` itself cannot.
    """
    with Descriptor(os.open(directory, _DIRECTORY)) as top:
        asks_blocks = mountinfo.of_file(top).type in WITH_SHARED_BLOCKS
        if not asks_blocks or not is_worthwhile():
            return _Count(failed, _ALL, asks_blocks=asks_blocks).below(top, directory)
        helper = Helper(lambda: _count_odd(top))
        try:
            size = _Count(failed, _EVEN).below(top, directory)
            return size + int(helper.answer())
        except ChildProcessError:  # the helper was killed
            return size + int(*_count_odd(top))
        finally:
            helper.end()


def _count_odd(directory: int) -> Iterator[bytes]:
    """The part of a helper, which reads ``directory`` from its beginning by itself."""
    with Descriptor(os.open(".", _DIRECTORY, dir_fd=directory)) as top:
        yield b"%d" % _Count(lambda _path, _error: None, _ODD).below(top, "")


class _Count:
    """One run over a tree, in which directories are known by descriptors: no path is too long.

    It counts the files whose inode numbers have one of the ``remainders``.
    """

    __slots__ = ("_asks_blocks", "_failed", "_remainders")

    def __init__(
        self,
        failed: Callable[[str, OSError], None],
        remainders: tuple[int, ...],
        *,
        asks_blocks: bool = True,
    ) -> None:
        self._asks_blocks = asks_blocks
        self._failed = failed
        self._remainders = remainders

    def below(self, directory: int, path: str) -> int:
        size = 0
        directories = []
        with os.scandir(directory) as scan:
            for entry in scan:
                if entry.is_dir(follow_symlinks=False):
                    directories.append(entry.name)
                elif entry.inode() % 2 in self._remainders and entry.is_file(follow_symlinks=False):
                    size += self._file(directory, entry)
        for name in directories:
            size += self._directory(directory, name, f"{path.rstrip('/')}/{name}")
        return size

    def _directory(self, parent: int, name: str, path: str) -> int:
        try:
            with Descriptor(syscalls.openat2(parent, name, _DIRECTORY, SAME_MOUNT)) as fd:
                return self.below(fd, path)
        except OSError as error:
            if error.errno not in (ENOENT, EXDEV):
                self._failed(path, error)
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
