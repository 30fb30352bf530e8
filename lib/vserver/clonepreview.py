"""vbuild --test: the commands that would build a new server (0.6)."""

from __future__ import annotations

import os
from stat import S_IMODE, S_ISBLK, S_ISCHR, S_ISDIR, S_ISLNK, S_ISREG, S_ISSOCK

from vserver.clone import open_below
from vserver.kernel.rooted import Descriptor
from vserver.kernel.treecopy import is_harmless
from vserver.messages import visible

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.unification import Excluded
    from vserver.unifylog import Log
    from vserver.unifytree import Paths, Tree


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
            child = open_below(fd, name)
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
