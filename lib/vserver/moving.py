"""vfiles: what of a server another machine with the same reference server lacks (0.14)."""

from __future__ import annotations

import os
from errno import EXDEV
from stat import S_ISDIR, S_ISLNK, S_ISREG, S_ISSOCK

from vserver.errors import reason
from vserver.kernel import syscalls
from vserver.kernel.rooted import SAME_MOUNT, Descriptor
from vserver.messages import visible
from vserver.unifytree import File

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

    from vserver.unification import Server
    from vserver.unifylog import Log

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY


class Listing:
    """The files of one server that vunify could not make again from a reference server."""

    def __init__(self, reference: Server, server: Server, log: Log, tell: Callable[[str], None]):
        """``tell`` gets each path on the host, byte by byte as it is."""
        self._reference = reference.tree
        self._tree = server.tree
        self._log = log
        self._tell = tell
        common = (
            name
            for name in reference.packages.names()
            if server.identity(name) == reference.identity(name)
        )
        self._shareable = server.tree.resolved(
            path for name in common for path in reference.packages.shareable_files(name)
        )
        self.with_links = True

    def list(self) -> None:
        """Go through the whole tree; mount points are skipped."""
        with Descriptor(self._tree.root.open_local("/")) as top:
            self._directory(top, "")

    def _directory(self, fd: int, path: str) -> None:
        self._log.detail(1, f"Entering directory {visible(path) or '/'}")
        for name in sorted(os.listdir(fd)):
            self._log.pause()
            below = f"{path}/{name}"
            try:
                self._entry(fd, name, below)
            except OSError as error:
                kind = "directory" if isinstance(error, _DirectoryError) else "file"
                where = self._tree.host_path(below)
                self._log.warn(f"Can't open {kind} {where} ({reason(error)})")

    def _entry(self, directory: int, name: str, path: str) -> None:
        try:
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=directory)
        except FileNotFoundError:
            return
        with Descriptor(found):
            mode = os.fstat(found).st_mode
            if S_ISDIR(mode):
                self._enter(directory, name, path)
            elif self._is_needed(directory, name, path, found, mode):
                self._tell(self._tree.top + path)

    def _enter(self, directory: int, name: str, path: str) -> None:
        try:
            fd = syscalls.openat2(directory, name, _DIRECTORY, SAME_MOUNT)
        except OSError as error:
            if error.errno != EXDEV:
                raise _DirectoryError(error.errno, error.strerror) from None
            self._log.detail(1, f"Ignore sub-directory {self._tree.host_path(path)}")
            return
        with Descriptor(fd):
            self._directory(fd, path)

    def _is_needed(self, directory: int, name: str, path: str, found: int, mode: int) -> bool:
        if S_ISLNK(mode):
            return self.with_links
        if not S_ISREG(mode):
            return not S_ISSOCK(mode)
        model = self._shareable.get(path)
        if model is None:
            return True
        with File(directory, name, path, found) as file:
            return not self._can_be_made_again(file, model)

    def _can_be_made_again(self, file: File, path: str) -> bool:
        try:
            model = self._reference.open(path)
        except OSError:
            return False
        if model is None:
            return False
        with model:
            if model.inode == file.inode:
                return True
            return file.has_metadata_of(model) and file.has_content_of(model)


class _DirectoryError(OSError):
    """A directory that cannot be read."""
