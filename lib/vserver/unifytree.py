"""The tree of a server while files in it are compared, linked and replaced."""

from __future__ import annotations

import os
from errno import EAGAIN, EINVAL, ELOOP, ENOENT, ENOTDIR, ENOTSUP, EXDEV
from stat import S_IMODE

from vserver.errors import VserverError, reason
from vserver.kernel import sharing, syscalls
from vserver.kernel.guard import Metadata
from vserver.kernel.rooted import Descriptor, Root, reopen_regular
from vserver.kernel.treecopy import copy_content, set_metadata
from vserver.messages import visible

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vserver.kernel.guard import Held

TEMPORARIES = (".vunify.new", ".vunify.new2")
"""The only names under which a file is put together; one that is there is a leftover.

A helper has the second one, so that it can work in the same directory.
"""


class File:
    """A regular file in a tree: open for reading, with the directory and name it has there."""

    __slots__ = ("directory", "entry", "fd", "name", "path")
    temporary = TEMPORARIES[0]

    def __init__(
        self,
        directory: int,
        name: str,
        path: str,
        found: int,
        entry: os.stat_result | None = None,
    ) -> None:
        """``found`` is an O_PATH descriptor of it, ``entry`` its stat(2) if that is known.

        EINVAL when that is no regular file.
        """
        self.directory = directory
        self.name = name
        self.path = path
        self.entry = entry or os.fstat(found)
        self.fd = reopen_regular(found, os.O_RDONLY, self.entry.st_mode)

    def __enter__(self) -> File:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self.fd)

    @property
    def inode(self) -> tuple[int, int]:
        """Device and inode number."""
        return self.entry.st_dev, self.entry.st_ino

    def refresh(self) -> Metadata:
        """See the file as it is now."""
        metadata = Metadata(self.fd)
        self.entry = metadata.entry
        return metadata

    def has_changed(self) -> bool:
        """Whether the content is another than when the file was opened."""
        found, entry = os.fstat(self.fd), self.entry
        return found.st_mtime_ns != entry.st_mtime_ns or found.st_size != entry.st_size

    def has_its_name(self) -> bool:
        """Whether the name still leads to this file."""
        try:
            found = os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return found.st_ino == self.entry.st_ino and found.st_dev == self.entry.st_dev

    def has_content_of(self, other: File) -> bool:
        """Whether both files have the same bytes."""
        size = self.entry.st_size
        return size == other.entry.st_size and sharing.same_content(self.fd, other.fd, size)

    def has_metadata_of(self, other: File) -> bool:
        """Whether owner, mode and extended attributes agree; the times need not."""
        return have_same_owner(self.entry, other.entry) and (
            sharing.attributes(self.fd) == sharing.attributes(other.fd)
        )

    def copy_to(
        self, directory: int, name: str, *, replace: bool, must_clone: bool = False
    ) -> None:
        """Make ``name`` in ``directory`` an own copy of this file, with all its metadata.

        It shares blocks where it can; EOPNOTSUPP if it cannot and ``must_clone``. FileExistsError
        when the name is taken and may not be replaced, ChangedError when the file changed.
        """
        with Descriptor(_open_new(directory, self.temporary)) as fd:
            try:
                if not sharing.clone(self.fd, fd):
                    if must_clone:
                        raise OSError(ENOTSUP, os.strerror(ENOTSUP))
                    copy_content(self.fd, fd, self.entry)
                if self.has_changed():
                    raise ChangedError(EAGAIN, "changed while reading", self.path)
                set_metadata(fd, self.entry, self.fd)
                if replace:
                    os.rename(self.temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
                else:
                    syscalls.rename_new(directory, self.temporary, name)
            except BaseException:
                os.unlink(self.temporary, dir_fd=directory)
                raise

    def link_to(self, directory: int, name: str, held: Held) -> None:
        """Make ``name`` in ``directory``, which is there, a name of this very file.

        BusyError when somebody waits to write it, in spite of ``held``.
        """
        try:
            sharing.link(self.fd, directory, self.temporary)
        except FileExistsError:
            os.unlink(self.temporary, dir_fd=directory)
            sharing.link(self.fd, directory, self.temporary)
        try:
            held.check()
            os.rename(self.temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            os.unlink(self.temporary, dir_fd=directory)
            raise


class ChangedError(OSError):
    """A file became another while it was worked on."""


def _open_new(directory: int, name: str) -> int:
    """A new file ``name`` in ``directory``, in the place of a leftover."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(name, flags, 0o600, dir_fd=directory)
    except FileExistsError:
        os.unlink(name, dir_fd=directory)
        return os.open(name, flags, 0o600, dir_fd=directory)


def have_same_owner(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether owner, group and mode, the type included, agree."""
    return (
        one.st_mode == other.st_mode and one.st_uid == other.st_uid and one.st_gid == other.st_gid
    )


class Paths:
    """Paths of a tree, each with another that leads to the same file.

    They may be a million, and are asked for directory by directory: what is kept is one string
    of names for each directory.
    """

    __slots__ = ("_directories", "_here", "_last")

    def __init__(self) -> None:
        self._directories: dict[str, list[tuple[str, bytearray]]] = {}
        self._here: dict[str, str] = {}
        self._last = ""

    def names(self, directory: str, other: str) -> bytearray:
        """Where the names in ``directory``, which is ``other`` as well, are to be added.

        A slash ends each one. All are added before anything is asked for.
        """
        names = bytearray()
        self._directories.setdefault(directory, []).append((other, names))
        return names

    def get(self, path: str) -> str | None:
        """The other path of ``path``, None when that is not among them."""
        directory, _, name = path.rpartition("/")
        if directory != self._last or not self._here:
            self._here = {
                os.fsdecode(raw): other
                for other, names in self._directories.get(directory, ())
                for raw in bytes(names[:-1]).split(b"/")
            }
            self._last = directory
        other = self._here.get(name)
        return None if other is None else f"{other}/{name}"

    def __contains__(self, path: str) -> bool:
        return self.get(path) is not None


class Tree:
    """A server's tree. Paths are the server's own and absolute; nothing leads out of it.

    The directory used last stays open: files come sorted, so that each is opened once.
    """

    __slots__ = (
        "_changed",
        "_device",
        "_directory",
        "_missing",
        "_path",
        "identity",
        "root",
        "top",
    )

    def __init__(self, top: str) -> None:
        """The tree at the host's path ``top``; VserverError (255) when it cannot be opened."""
        self.top = top.rstrip("/")
        try:
            self.root = Root.open_dir(top)
        except OSError as error:
            text = f"Can't open directory {visible(top)} ({reason(error)})"
            raise VserverError(text, 255) from None
        found = os.fstat(self.root.fd)
        self.identity = found.st_dev, found.st_ino
        self._path = ""
        self._directory = self._device = -1
        self._missing = ""  # the directory that was not there last
        self._changed: set[str] = set()  # directories with changes that are to be on the disk

    def host_path(self, path: str) -> str:
        """Where ``path`` is for the administrator, fit for a terminal."""
        return visible(self.top + path)

    def directory(self, path: str) -> int:
        """The open directory ``path``, the tree's to close.

        OSError as of open(2); EXDEV when it lies on another mount.
        """
        if path == self._path and self._directory >= 0:
            return self._directory
        if path and path == self._missing:
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
        try:
            fd = self.root.open_local(path)
        except FileNotFoundError:
            self._missing = path
            raise
        self.leave()
        self._path, self._directory = path, fd
        self._device = os.fstat(fd).st_dev
        return fd

    def look(self, path: str) -> os.stat_result | None:
        """What the name ``path`` leads to, a link not followed; None when there is nothing.

        Errors as of ``open``.
        """
        above, _, name = path.rpartition("/")
        if above and above == self._missing:
            return None
        try:
            found = os.stat(name, dir_fd=self.directory(above), follow_symlinks=False)
        except OSError as error:
            if error.errno in (ELOOP, ENOTDIR, ENOENT):
                return None
            raise
        if found.st_dev != self._device:
            raise OSError(EXDEV, os.strerror(EXDEV), path)
        return found

    def resolved(self, paths: Iterable[str]) -> Paths:
        """``paths`` by the paths at which a walk through the tree meets them.

        That is without links to directories. What lies on other mounts, or in no directory,
        is left out.
        """
        top = os.readlink(f"/proc/self/fd/{self.root.fd}").rstrip("/")
        found: dict[str, bytearray | None] = {}
        resolved = Paths()
        for path in paths:
            above, _, name = path.rpartition("/")
            if above not in found:
                there = self._resolve(above, len(top))
                found[above] = None if there is None else resolved.names(there, above)
            names = found[above]
            if names is not None:
                names += os.fsencode(name) + b"/"
        return resolved

    def _resolve(self, directory: str, top: int) -> str | None:
        try:
            fd = self.directory(directory)
        except OSError:
            return None
        return os.readlink(f"/proc/self/fd/{fd}")[top:].rstrip("/")

    def note_change(self, directory: str) -> None:
        """Remember that there are changes in ``directory``, for ``sync``."""
        self._changed.add(directory)

    def take_changes(self) -> list[str]:
        """The directories with changes, for somebody else to remember."""
        changed, self._changed = list(self._changed), set()
        return changed

    def sync(self) -> None:
        """See to it that all changes are on the disk: fsync(2) of their directories.

        One that has gone meanwhile is left out. Together they take little more than one: the
        file systems write the changes of all with those of the first.
        """
        for path in sorted(self.take_changes()):
            try:
                fd = self.root.open_local(path)
            except OSError:
                continue
            with Descriptor(fd):
                os.fsync(fd)

    def leave(self) -> None:
        """Close the directory used last."""
        if self._directory >= 0:
            os.close(self._directory)
        self._path, self._directory = "", -1

    def close(self) -> None:
        """Close what is open."""
        self.leave()
        self.root.close()

    def open(self, path: str) -> File | None:
        """The regular file ``path``, None when there is nothing or the name leads elsewhere.

        EINVAL when there is something else, EXDEV when it lies on another mount.
        """
        above, _, name = path.rpartition("/")
        try:
            directory = self.directory(above)
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=directory)
        except OSError as error:
            if error.errno in (ELOOP, ENOTDIR, ENOENT):
                return None
            raise
        try:
            entry = os.fstat(found)
            if entry.st_dev != self._device:
                raise OSError(EXDEV, os.strerror(EXDEV), path)
            return File(directory, name, path, found, entry)
        finally:
            os.close(found)

    def make_directory(self, path: str, model: Tree) -> int:
        """The open directory ``path``, made like the one of ``model`` where it is missing."""
        self._missing = ""
        try:
            return self.directory(path)
        except FileNotFoundError:
            pass
        above, _, name = path.rpartition("/")
        if name in ("", ".", ".."):
            raise OSError(EINVAL, os.strerror(EINVAL), path)
        self.note_change(above)
        origin = model.directory(path)
        entry = os.fstat(origin)
        os.mkdir(name, 0o700, dir_fd=self.make_directory(above, model))
        self._missing = ""
        fd = self.directory(path)
        set_metadata(fd, entry, model.directory(path))
        os.fchmod(fd, S_IMODE(entry.st_mode))
        return fd
