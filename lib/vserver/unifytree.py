"""The tree of a server while files in it are compared, linked and replaced."""

from __future__ import annotations

import os
import posixpath
from errno import EAGAIN, EINVAL, ELOOP, ENOTDIR, ENOTSUP, EXDEV
from stat import S_IMODE

from vserver.errors import VserverError, reason
from vserver.kernel import sharing, syscalls
from vserver.kernel.rooted import Descriptor, Root, reopen_regular
from vserver.kernel.treecopy import copy_content, set_metadata
from vserver.messages import visible

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterable

TEMPORARY = ".vunify.new"
"""The only name under which a file is put together; one that is there is a leftover."""


class File:
    """A regular file in a tree: open for reading, with the directory and name it has there."""

    __slots__ = ("directory", "entry", "fd", "name", "path")

    def __init__(self, directory: int, name: str, path: str, found: int) -> None:
        self.directory = directory
        self.name = name
        self.path = path
        self.fd = reopen_regular(found, os.O_RDONLY)
        self.entry = os.fstat(self.fd)

    def __enter__(self) -> File:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self.fd)

    @property
    def inode(self) -> tuple[int, int]:
        """Device and inode number."""
        return self.entry.st_dev, self.entry.st_ino

    def refresh(self) -> None:
        """See the file as it is now."""
        self.entry = os.fstat(self.fd)

    def has_changed(self) -> bool:
        """Whether the content is another than when the file was opened."""
        return _content_stamp(os.fstat(self.fd)) != _content_stamp(self.entry)

    def has_its_name(self) -> bool:
        """Whether the name still leads to this file."""
        try:
            found = os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == self.inode

    def has_content_of(self, other: File) -> bool:
        """Whether both files have the same bytes."""
        size = self.entry.st_size
        return size == other.entry.st_size and sharing.same_content(self.fd, other.fd, size)

    def has_metadata_of(self, other: File) -> bool:
        """Whether owner, mode and extended attributes agree; the times need not."""
        return _metadata(self.entry) == _metadata(other.entry) and (
            sharing.attributes(self.fd) == sharing.attributes(other.fd)
        )

    def copy_to(
        self, directory: int, name: str, *, replace: bool, must_clone: bool = False
    ) -> None:
        """Make ``name`` in ``directory`` an own copy of this file, with all its metadata.

        It shares blocks where it can; EOPNOTSUPP if it cannot and ``must_clone``. FileExistsError
        when the name is taken and may not be replaced, ChangedError when the file changed.
        """
        with Descriptor(open_temporary(directory)) as fd:
            try:
                if not sharing.clone(self.fd, fd):
                    if must_clone:
                        raise OSError(ENOTSUP, os.strerror(ENOTSUP))
                    copy_content(self.fd, fd, self.entry)
                if self.has_changed():
                    raise ChangedError(EAGAIN, "changed while reading", self.path)
                set_metadata(fd, self.entry, self.fd)
                if replace:
                    os.rename(TEMPORARY, name, src_dir_fd=directory, dst_dir_fd=directory)
                else:
                    syscalls.rename_new(directory, TEMPORARY, name)
            except BaseException:
                os.unlink(TEMPORARY, dir_fd=directory)
                raise

    def link_to(self, directory: int, name: str) -> None:
        """Make ``name`` in ``directory``, which is there, a name of this very file."""
        try:
            sharing.link(self.fd, directory, TEMPORARY)
        except FileExistsError:
            os.unlink(TEMPORARY, dir_fd=directory)
            sharing.link(self.fd, directory, TEMPORARY)
        try:
            os.rename(TEMPORARY, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            os.unlink(TEMPORARY, dir_fd=directory)
            raise


class ChangedError(OSError):
    """A file became another while it was worked on."""


def open_temporary(directory: int) -> int:
    """A new file under the temporary name in ``directory``, in the place of a leftover."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(TEMPORARY, flags, 0o600, dir_fd=directory)
    except FileExistsError:
        os.unlink(TEMPORARY, dir_fd=directory)
        return os.open(TEMPORARY, flags, 0o600, dir_fd=directory)


def _content_stamp(entry: os.stat_result) -> tuple[int, int]:
    return entry.st_size, entry.st_mtime_ns


def _metadata(entry: os.stat_result) -> tuple[int, int, int]:
    return entry.st_mode, entry.st_uid, entry.st_gid


class Tree:
    """A server's tree. Paths are the server's own and absolute; nothing leads out of it.

    The directory used last stays open: files come sorted, so that each is opened once.
    """

    __slots__ = ("_directory", "_path", "identity", "is_dirty", "root", "top")

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
        self._directory = -1
        self.is_dirty = False  # the open directory holds changes that are to be on the disk

    def host_path(self, path: str) -> str:
        """Where ``path`` is for the administrator, fit for a terminal."""
        return visible(self.top + path)

    def directory(self, path: str) -> int:
        """The open directory ``path``, the tree's to close.

        OSError as of open(2); EXDEV when it lies on another mount.
        """
        if path != self._path:
            fd = self.root.open_local(path)
            self.leave()
            self._path, self._directory = path, fd
        return self._directory

    def resolved(self, paths: Iterable[str]) -> dict[str, str]:
        """``paths`` by the paths at which a walk through the tree meets them.

        That is without links to directories. What lies on other mounts, or in no directory,
        is left out.
        """
        top = os.readlink(f"/proc/self/fd/{self.root.fd}").rstrip("/")
        found: dict[str, str | None] = {}
        resolved = {}
        for path in paths:
            above, _, name = path.rpartition("/")
            if above not in found:
                found[above] = self._resolve(above, len(top))
            there = found[above]
            if there is not None:
                resolved[path if there == above else f"{there}/{name}"] = path
        return resolved

    def _resolve(self, directory: str, top: int) -> str | None:
        try:
            fd = self.directory(directory)
        except OSError:
            return None
        return os.readlink(f"/proc/self/fd/{fd}")[top:].rstrip("/")

    def leave(self) -> None:
        """Close the directory used last; what was changed in it is on the disk then."""
        if self._directory >= 0:
            if self.is_dirty:
                os.fsync(self._directory)
            os.close(self._directory)
        self.is_dirty = False
        self._path, self._directory = "", -1

    def close(self) -> None:
        """Close what is open."""
        self.leave()
        self.root.close()

    def open(self, path: str) -> File | None:
        """The regular file ``path``, None when there is nothing or the name leads elsewhere.

        EINVAL when there is something else, EXDEV when it lies on another mount.
        """
        above, name = posixpath.split(path)
        try:
            directory = self.directory(above)
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=directory)
        except OSError as error:
            if error.errno in (ELOOP, ENOTDIR) or isinstance(error, FileNotFoundError):
                return None
            raise
        with Descriptor(found):
            if os.fstat(found).st_dev != os.fstat(directory).st_dev:
                raise OSError(EXDEV, os.strerror(EXDEV), path)
            return File(directory, name, path, found)

    def make_directory(self, path: str, model: Tree) -> int:
        """The open directory ``path``, made like the one of ``model`` where it is missing."""
        try:
            return self.directory(path)
        except FileNotFoundError:
            pass
        above, name = posixpath.split(path)
        if not name or name in (".", ".."):
            raise OSError(EINVAL, os.strerror(EINVAL), path)
        origin = model.directory(path)
        entry = os.fstat(origin)
        os.mkdir(name, 0o700, dir_fd=self.make_directory(above, model))
        fd = self.directory(path)
        set_metadata(fd, entry, model.directory(path))
        os.fchmod(fd, S_IMODE(entry.st_mode))
        return fd
