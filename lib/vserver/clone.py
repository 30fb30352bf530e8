"""vbuild: a new server as a copy of another one, sharing what it can (0.6, 0.9, 0.22)."""

from __future__ import annotations

import os
from errno import EEXIST, EMLINK, ENAMETOOLONG, EXDEV
from stat import S_IFMT, S_IMODE, S_ISBLK, S_ISCHR, S_ISDIR, S_ISLNK, S_ISREG, S_ISSOCK

from vserver.errors import reason
from vserver.kernel import syscalls
from vserver.kernel.rooted import Descriptor, mknod
from vserver.kernel.sharing import BusyError
from vserver.kernel.treecopy import is_harmless, set_link_metadata, set_metadata
from vserver.messages import visible
from vserver.unify import LINKED, Sharer
from vserver.unifytree import ChangedError, File

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.unification import Excluded
    from vserver.unifylog import Log
    from vserver.unifytree import Paths, Tree

    Inode = tuple[int, int]

_SAME_MOUNT = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS | syscalls.RESOLVE_NO_XDEV
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_DEEPEST = 250


class Statistics:
    """What --stats shows."""

    __slots__ = ("bytes_copied", "copied", "directories", "linked", "special", "symlinked")

    def __init__(self) -> None:
        self.directories = self.copied = self.bytes_copied = 0
        self.linked = self.symlinked = self.special = 0

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


class _Level:
    """A directory of the reference server and its copy; ``path`` is the server's own, or "".

    With ``only_directories`` nothing else of it is copied.
    """

    __slots__ = ("copy", "only_directories", "path", "source")

    def __init__(self, source: int, copy: int, path: str, *, only_directories: bool) -> None:
        self.source, self.copy, self.path = source, copy, path
        self.only_directories = only_directories


class Clone:
    """One new server. What fails is told and left out, the rest goes on."""

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
        self._names: dict[Inode, str] = {}

    def build(self) -> None:
        """Copy the whole tree."""
        source, copy = self._source.root.open_local("/"), self._target.root.open_local("/")
        with Descriptor(source), Descriptor(copy):
            self._content(_Level(source, copy, "", only_directories="/" in self._excluded))
            set_metadata(copy, os.fstat(source), source)

    def _content(self, level: _Level) -> None:
        self._log.detail(1, f"Copying directory {visible(level.path) or '/'}")
        for name in sorted(os.listdir(level.source)):
            self._log.pause()
            path = f"{level.path}/{name}"
            try:
                self._entry(level, name, path)
            except ChangedError:
                self._log.warn(f"File {self._source.host_path(path)} changed while reading")
            except OSError as error:
                self._log.warn(self._failure(path, error))

    def _failure(self, path: str, error: OSError) -> str:
        copy = self._target.host_path(path)
        if error.errno == EEXIST:
            return f"Can't create {copy} (File exists)"
        return f"Can't copy {self._source.host_path(path)} to {copy} ({reason(error)})"

    def _entry(self, level: _Level, name: str, path: str) -> None:
        try:
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=level.source)
        except FileNotFoundError:
            return
        with Descriptor(found):
            entry = os.fstat(found)
            if S_ISDIR(entry.st_mode):
                self._directory(level, name, path, entry)
            elif not level.only_directories and not self._is_further_name(level, name, entry):
                self._leaf(level, name, path, found, entry)

    def _directory(self, level: _Level, name: str, path: str, entry: os.stat_result) -> None:
        if path.count("/") > _DEEPEST:
            raise OSError(ENAMETOOLONG, os.strerror(ENAMETOOLONG))
        source = _open_below(level.source, name)
        with Descriptor(self._make_directory(level, name)) as copy:
            if source is None:  # a mount point (0.9)
                where = self._source.host_path(path)
                self._log.detail(1, f"Ignore sub-directory {where}")
                set_metadata(copy, entry)
                return
            with Descriptor(source):
                bare = level.only_directories or f"{path}/" in self._excluded
                self._content(_Level(source, copy, path, only_directories=bare))
                set_metadata(copy, entry, source)

    def _make_directory(self, level: _Level, name: str) -> int:
        try:
            os.mkdir(name, 0o700, dir_fd=level.copy)
            self._statistics.directories += 1
        except FileExistsError:
            pass
        return syscalls.openat2(level.copy, name, _DIRECTORY, _SAME_MOUNT)

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


class Preview:
    """--test: the commands that would build the server."""

    def __init__(
        self, source: Tree, top: str, shareable: Paths, excluded: Excluded, log: Log
    ) -> None:
        self._source = source
        self._top = top.rstrip("/")
        self._shareable = shareable
        self._excluded = excluded
        self._log = log
        self.link_command = "ln"

    def show(self) -> None:
        """Say them all."""
        with Descriptor(self._source.root.open_local("/")) as top:
            self._directory(top, "", only_directories="/" in self._excluded)

    def _directory(self, fd: int, path: str, *, only_directories: bool) -> None:
        entry, copy = os.fstat(fd), visible(self._top + path)
        self._log.say(f"mkdir {copy}; chmod {S_IMODE(entry.st_mode):o} {copy}")
        self._log.say(f"chown {entry.st_uid}.{entry.st_gid} {copy}")
        for name in sorted(os.listdir(fd)):
            self._log.pause()
            below = f"{path}/{name}"
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if not S_ISDIR(found.st_mode):
                if not only_directories:
                    self._leaf(fd, name, below, found)
                continue
            bare = only_directories or f"{below}/" in self._excluded
            child = _open_below(fd, name)
            if child is not None:
                with Descriptor(child):
                    self._directory(child, below, only_directories=bare)

    def _leaf(self, fd: int, name: str, path: str, entry: os.stat_result) -> None:
        source, copy = self._source.host_path(path), visible(self._top + path)
        if S_ISREG(entry.st_mode):
            command = self.link_command if path in self._shareable else "cp -a"
            self._log.say(f"{command} {source} {copy}")
        elif S_ISLNK(entry.st_mode):
            self._log.say(f"ln -s {visible(os.readlink(name, dir_fd=fd))} {copy}")
        elif not S_ISSOCK(entry.st_mode) and is_harmless(entry):
            self._log.say(f"mknod {copy} {S_IMODE(entry.st_mode):o} {_numbers(entry)}")


def _numbers(entry: os.stat_result) -> str:
    if not (S_ISCHR(entry.st_mode) or S_ISBLK(entry.st_mode)):
        return "00:00"
    return f"{os.major(entry.st_rdev):02x}:{os.minor(entry.st_rdev):02x}"


def _open_below(directory: int, name: str) -> int | None:
    """The directory ``name`` in ``directory``, None when something is mounted there."""
    try:
        return syscalls.openat2(directory, name, _DIRECTORY, _SAME_MOUNT)
    except OSError as error:
        if error.errno == EXDEV:
            return None
        raise


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
