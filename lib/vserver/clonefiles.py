"""The files of a new server: each is shared with the one it is made from, or copied (0.6)."""

from __future__ import annotations

import os
from errno import EEXIST, EMLINK
from stat import S_IFMT, S_ISDIR, S_ISLNK, S_ISREG, S_ISSOCK

from vserver.errors import reason
from vserver.kernel import syscalls
from vserver.kernel.rooted import SAME_MOUNT, Descriptor, mknod
from vserver.kernel.sharing import BusyError
from vserver.kernel.treecopy import is_harmless, set_link_metadata, set_metadata
from vserver.messages import visible
from vserver.unify import LINKED, Sharer
from vserver.unifytree import ChangedError, File

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from vserver.unifylog import Log
    from vserver.unifytree import Paths, Tree

    Inode = tuple[int, int]
    # numbers of Statistics, the files that are left for later, and directories with such
    Outcome = tuple[list[int], list[str], list[str]]

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY


class Statistics:
    """What --stats shows."""

    __slots__ = ("bytes_copied", "copied", "directories", "linked", "special", "symlinked")

    def __init__(self) -> None:
        self.directories = self.copied = self.bytes_copied = 0
        self.linked = self.symlinked = self.special = 0

    def numbers(self) -> list[int]:
        """All of them, for ``add``."""
        return [getattr(self, name) for name in self.__slots__]

    def add(self, numbers: list[int]) -> None:
        """Add the numbers of a part of the work."""
        for name, number in zip(self.__slots__, numbers, strict=True):
            setattr(self, name, getattr(self, name) + number)

    def lines(self) -> list[str]:
        """The six lines that scripts read."""
        return [
            f"Directory created: {self.directories}",
            f"Files copied     : {self.copied}",
            f"Bytes copied     : {self.bytes_copied}",
            f"Files linked     : {self.linked}",
            f"Files symlinked  : {self.symlinked}",
            f"Special files    : {self.special}",
        ]


class Part:
    """Some of the files of a directory, ``path`` or "": one of ``parts`` in a row.

    A ``bare`` directory has none in the copy.
    """

    __slots__ = ("bare", "part", "parts", "path")

    def __init__(self, path: str, *, bare: bool, part: int = 0, parts: int = 1) -> None:
        self.path, self.bare = path, bare
        self.part, self.parts = part, parts

    def of(self, directory: int) -> list[str]:
        """The names that belong to it, sorted."""
        if self.bare:
            return []
        with os.scandir(directory) as scan:
            names = sorted(one.name for one in scan if not one.is_dir(follow_symlinks=False))
        begin, end = (len(names) * part // self.parts for part in (self.part, self.part + 1))
        return names[begin:end]


class _Level:
    """A directory of the reference server, open, and its copy."""

    __slots__ = ("copy", "path", "source")

    def __init__(self, source: int, copy: int, path: str) -> None:
        self.source, self.copy, self.path = source, copy, path


class Files:
    """The files of one new server, in pieces that are numbered from 0."""

    def __init__(
        self, pieces: list[list[Part]], sharer: Sharer, shareable: Paths, log: Log
    ) -> None:
        self._pieces = pieces
        self._sharer = sharer
        self._source: Tree = sharer.source
        self._target: Tree = sharer.target
        self._shareable = shareable
        self._log = log
        self._statistics = Statistics()
        self._later: list[str] = []
        self._incomplete: list[str] = []
        self._is_last = False
        self._names: dict[Inode, str] = {}

    def join(self) -> None:
        """Nothing: a helper can do pieces at once."""

    def collect(self) -> Outcome:
        """What came of the pieces since the last time, and what ``finish`` is to do."""
        outcome = self._statistics.numbers(), self._later, self._incomplete
        self._statistics, self._later, self._incomplete = Statistics(), [], []
        return outcome

    def do(self, number: int) -> None:
        """Do one. What fails is told and left out, the rest goes on."""
        for part in self._pieces[number]:
            if part.part == 0:
                self._log.detail(1, f"Copying directory {visible(part.path) or '/'}")
            self._in_directory(part.path, self._part, part)

    def _part(self, level: _Level, part: Part) -> None:
        """Do the files, and give the directory its metadata if there will be no other."""
        later = len(self._later)
        for name in part.of(level.source):
            self._log.pause()
            self._try(level, name)
        if part.parts == 1 and len(self._later) == later:
            set_metadata(level.copy, os.fstat(level.source), level.source)
        else:
            self._incomplete.append(level.path)

    def finish(self, files: list[str], directories: list[str]) -> None:
        """Do the files that have several names and are copied: all names of one are one file.

        That takes a process that knows all of them. The ``directories`` are complete then.
        """
        self._is_last = True
        for path in sorted(files):
            self._log.pause(0)
            above, _, name = path.rpartition("/")
            self._in_directory(above, self._try, name)
        for path in sorted({*directories}):
            self._in_directory(path, self._part, Part(path, bare=True))

    def _in_directory(self, path: str, do: Callable[[_Level, Any], None], what: Any) -> None:
        try:
            with (
                Descriptor(open_directory(self._source, path)) as source,
                Descriptor(open_directory(self._target, path)) as copy,
            ):
                do(_Level(source, copy, path), what)
        except OSError as error:
            self._log.warn(failure(self._source, self._target, path, error))

    def _try(self, level: _Level, name: str) -> None:
        path = f"{level.path}/{name}"
        try:
            self._entry(level, name, path)
        except ChangedError:
            self._log.warn(f"File {self._source.host_path(path)} changed while reading")
        except OSError as error:
            self._log.warn(failure(self._source, self._target, path, error))

    def _entry(self, level: _Level, name: str, path: str) -> None:
        try:
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=level.source)
        except FileNotFoundError:
            return
        with Descriptor(found):
            entry = os.fstat(found)
            if entry.st_nlink > 1 and self._is_for_later(path, entry):
                self._later.append(path)
            elif not S_ISDIR(entry.st_mode) and not self._is_further_name(level, name, entry):
                self._leaf(level, name, path, found, entry)

    def _is_for_later(self, path: str, entry: os.stat_result) -> bool:
        return (
            not self._is_last
            and S_ISREG(entry.st_mode)
            and not (self._sharer.gives_names and path in self._shareable)
        )

    def _is_further_name(self, level: _Level, name: str, entry: os.stat_result) -> bool:
        """Whether the copy has got this inode under another name, and now has it here."""
        first, top = self._names.get((entry.st_dev, entry.st_ino), ""), self._target.root.fd
        if not first:
            return False
        try:
            os.link(first, name, src_dir_fd=top, dst_dir_fd=level.copy)
        except FileExistsError:
            return _inode(name, level.copy) == _inode(first, top)
        return True

    def _leaf(self, level: _Level, name: str, path: str, found: int, entry: os.stat_result) -> None:
        if S_ISREG(entry.st_mode):
            with File(level.source, name, path, found, entry) as file:
                self._file(level.copy, file)
        elif S_ISLNK(entry.st_mode):
            self._symlink(level.copy, name, os.readlink("", dir_fd=found), entry)
        elif not S_ISSOCK(entry.st_mode):
            self._node(level.copy, name, path, entry)

    def _file(self, directory: int, file: File) -> None:
        shareable = file.path in self._shareable
        if self._log.debug:
            verb, where = "Link" if shareable else "Copy", self._source.host_path(file.path)
            self._log.detail(3 if shareable else 2, f"{verb}ing file {where}")
        try:
            linked = shareable and self._share(directory, file)
            if not shareable:
                self._copy(directory, file)
        except FileExistsError:
            if not _is_done(directory, file):
                raise
            if _inode(file.name, directory) == file.inode:
                self._sharer.keep(file)
        else:
            self._count(file, linked=linked)
        self._remember(directory, file)

    def _count(self, file: File, *, linked: bool) -> None:
        if linked:
            self._statistics.linked += 1
        else:
            self._statistics.copied += 1
            self._statistics.bytes_copied += file.entry.st_size

    def _share(self, directory: int, file: File) -> bool:
        """Whether ``file`` is shared now; it is copied where that cannot be."""
        self._sharer.prepare(file.path.rpartition("/")[0])
        try:
            return self._sharer.create(file, directory, file.name) == LINKED
        except BusyError as error:
            self._log.warn(f"File {error.filename} is open for writing, not unified")
        except OSError as error:
            if error.errno != EMLINK:
                raise
            paths = self._source.host_path(file.path), self._target.host_path(file.path)
            self._log.warn(f"Can't link {paths[0]} to {paths[1]} ({reason(error)})")
        self._copy(directory, file)
        return False

    def _copy(self, directory: int, file: File) -> None:
        self._sharer.prepare(file.path.rpartition("/")[0])
        try:
            file.copy_to(directory, file.name, replace=False)
        except ChangedError:
            file.refresh()
            file.copy_to(directory, file.name, replace=False)

    def _remember(self, directory: int, file: File) -> None:
        """Note the first name of an inode in the copy, if that is one of its own.

        Where an interrupted run could not know a first name, this one takes its place.
        """
        if file.entry.st_nlink == 1 or _inode(file.name, directory) == file.inode:
            return
        if not self._is_last:
            self._later.append(file.path)
            return
        first = self._names.setdefault(file.inode, file.path.lstrip("/"))
        top = self._target.root.fd
        if _inode(file.name, directory) != _inode(first, top):
            os.link(first, file.temporary, src_dir_fd=top, dst_dir_fd=directory)
            os.rename(file.temporary, file.name, src_dir_fd=directory, dst_dir_fd=directory)

    def _symlink(self, directory: int, name: str, text: str, entry: os.stat_result) -> None:
        try:
            os.symlink(text, name, dir_fd=directory)
        except FileExistsError:
            if not _is_link_to(directory, name, text):
                raise
        else:
            self._statistics.symlinked += 1
        set_link_metadata(directory, name, entry)

    def _node(self, directory: int, name: str, path: str, entry: os.stat_result) -> None:
        """A device that a server may have, or a fifo."""
        if not is_harmless(entry):
            self._log.detail(1, f"Ignore device {self._source.host_path(path)}")
            return
        try:
            mknod(directory, name, entry.st_mode, entry.st_rdev)
        except FileExistsError:
            there = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if (S_IFMT(there.st_mode), there.st_rdev) != (S_IFMT(entry.st_mode), entry.st_rdev):
                raise
        else:
            self._statistics.special += 1
        set_link_metadata(directory, name, entry)


def failure(source: Tree, target: Tree, path: str, error: OSError) -> str:
    """What to say when ``path`` cannot be copied."""
    copy = target.host_path(path)
    if error.errno == EEXIST:
        return f"Can't create {copy} (File exists)"
    return f"Can't copy {source.host_path(path)} to {copy} ({reason(error)})"


def open_directory(tree: Tree, path: str) -> int:
    """Directory ``path`` of a tree, without links or other mounts on the way; "" for its top."""
    return syscalls.openat2(tree.root.fd, path.lstrip("/") or ".", DIRECTORY, SAME_MOUNT)


def _inode(name: str, directory: int) -> Inode:
    """Device and inode number of ``name`` in ``directory``."""
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    return found.st_dev, found.st_ino


def _is_link_to(directory: int, name: str, text: str) -> bool:
    try:
        return os.readlink(name, dir_fd=directory) == text
    except OSError:
        return False


def _is_done(directory: int, file: File) -> bool:
    """Whether an interrupted run has made this file's copy or link already."""
    found = os.open(file.name, os.O_PATH | os.O_NOFOLLOW, dir_fd=directory)
    with Descriptor(found):
        if not S_ISREG(os.fstat(found).st_mode):
            return False
        with File(directory, file.name, file.path, found) as there:
            if there.inode == file.inode:
                return True
            return there.has_metadata_of(file) and there.has_content_of(file)
