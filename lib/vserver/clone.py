"""vbuild: a new server as a copy of another one, sharing what it can (0.6, 0.9, 0.22)."""

from __future__ import annotations

import os
from errno import ENAMETOOLONG, EXDEV

from vserver.clonefiles import (
    DIRECTORY,
    Files,
    Part,
    Statistics,
    failure,
)
from vserver.kernel import syscalls
from vserver.kernel.helper import is_worthwhile
from vserver.kernel.rooted import SAME_MOUNT, Descriptor
from vserver.kernel.treecopy import set_metadata
from vserver.unifyteam import Team

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.clonefiles import Outcome
    from vserver.unification import Excluded
    from vserver.unify import Sharer
    from vserver.unifylock import UnifyLock
    from vserver.unifylog import Log
    from vserver.unifytree import Paths, Tree

_DEEPEST = 250
_LONGEST = 4000  # bytes; a path of the kernel has at most 4095
_PIECE = 128  # files
_PARTS = 16  # of a directory, at most: each lists all of it
_WORTH_A_HELPER = 1000  # files


class _Level:
    """A directory of the reference server and its copy; ``path`` is the server's own, or ""."""

    __slots__ = ("bare", "copy", "path", "source")

    def __init__(self, source: int, copy: int, path: str, *, bare: bool) -> None:
        self.source, self.copy, self.path = source, copy, path
        self.bare = bare


class Clone:
    """One new server: first its directories, then all files, and what each directory is like.

    What fails is told and left out, the rest goes on.
    """

    def __init__(
        self,
        sharer: Sharer,
        shareable: Paths,
        excluded: Excluded,
        log: Log,
        statistics: Statistics,
    ) -> None:
        self._sharer = sharer
        self._source: Tree = sharer.source
        self._target: Tree = sharer.target
        self._shareable = shareable
        self._excluded = excluded
        self._log = log
        self._statistics = statistics
        self._pieces: list[list[Part]] = [[]]
        self._room = _PIECE  # for files in the last piece
        self._files = 0
        self._later: list[str] = []
        self._incomplete: list[str] = []

    def build(self, lock: UnifyLock) -> None:
        """Copy the whole tree."""
        source, copy = self._source.root.open_local("/"), self._target.root.open_local("/")
        with Descriptor(source), Descriptor(copy):
            self._walk(_Level(source, copy, "", bare="/" in self._excluded))
        work = Files(self._pieces, self._sharer, self._shareable, self._log)
        if self._is_large():
            Team(self._sharer, lock, self._log).do(len(self._pieces), work, self._take)
        else:
            for number in range(len(self._pieces)):
                work.do(number)
            self._take(work.collect())
        work.finish(self._later, self._incomplete)
        self._take(work.collect())

    def _take(self, outcome: Outcome) -> None:
        numbers, later, incomplete = outcome
        self._statistics.add(numbers)
        self._later += later
        self._incomplete += incomplete

    def _is_large(self) -> bool:
        """Whether the work is for two processes. Details are for who wants to see each file."""
        return self._files >= _WORTH_A_HELPER and not self._log.debug and is_worthwhile()

    def _walk(self, level: _Level) -> None:
        """Make all directories below, and note what there is to do in them."""
        with os.scandir(level.source) as scan:
            entries = [(one.name, one.is_dir(follow_symlinks=False)) for one in scan]
        names = sorted(name for name, is_directory in entries if is_directory)
        self._note_files(level, len(entries) - len(names))
        for name in names:
            self._log.pause()
            path = f"{level.path}/{name}"
            try:
                self._directory(level, name, path)
            except OSError as error:
                self._log.warn(failure(self._source, self._target, path, error))

    def _note_files(self, level: _Level, files: int) -> None:
        self._files += files
        parts = min(1 + files // (2 * _PIECE), _PARTS)
        for part in range(parts):
            if self._room <= 0:
                self._pieces.append([])
                self._room = _PIECE
            self._pieces[-1].append(Part(level.path, bare=level.bare, part=part, parts=parts))
            self._room -= files // parts

    def _directory(self, level: _Level, name: str, path: str) -> None:
        if path.count("/") > _DEEPEST or len(os.fsencode(path)) > _LONGEST:
            raise OSError(ENAMETOOLONG, os.strerror(ENAMETOOLONG))
        try:
            source = open_below(level.source, name)
        except FileNotFoundError:
            return
        with Descriptor(self._make_directory(level, name)) as copy:
            if source is None:  # a mount point (0.9)
                self._log.detail(1, f"Ignore sub-directory {self._source.host_path(path)}")
                entry = os.stat(name, dir_fd=level.source, follow_symlinks=False)
                set_metadata(copy, entry)
                return
            with Descriptor(source):
                bare = level.bare or f"{path}/" in self._excluded
                self._walk(_Level(source, copy, path, bare=bare))

    def _make_directory(self, level: _Level, name: str) -> int:
        try:
            os.mkdir(name, 0o700, dir_fd=level.copy)
            self._statistics.directories += 1
        except FileExistsError:
            pass
        return syscalls.openat2(level.copy, name, DIRECTORY, SAME_MOUNT)


def open_below(directory: int, name: str) -> int | None:
    """The directory ``name`` in ``directory``, None when something is mounted there."""
    try:
        return syscalls.openat2(directory, name, DIRECTORY, SAME_MOUNT)
    except OSError as error:
        if error.errno == EXDEV:
            return None
        raise
