"""One unification at a time, and what an interrupted one has left."""

from __future__ import annotations

import fcntl
import os
import time

from vserver import paths
from vserver.errors import VserverError
from vserver.kernel import statedir
from vserver.kernel.guard import Released
from vserver.kernel.rooted import Descriptor, Root, reopen_regular
from vserver.unifytree import TEMPORARIES, File

FILE = paths.STATE_DIR + "/unify.lock"
_PATIENCE = 60.0  # seconds
_NOTE_SIZE = 16384  # bytes, for two paths of 4095


class UnifyLock:
    """The right to change shared files, for the length of a ``with`` block.

    The lock's file names the directories worked in, so that the next one, after a kill, can
    remove the temporary names in there. VserverError (255) when another one takes too long.
    """

    __slots__ = ("_fd", "_noted", "_offset", "_top")

    def __enter__(self) -> UnifyLock:
        statedir.make()
        self._fd = os.open(FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._noted: tuple[str, str] | None = None
        self._offset = 0
        self._wait()
        self.clean_up()
        return self

    def __exit__(self, *exception: object) -> None:
        os.ftruncate(self._fd, 0)
        os.close(self._fd)

    def join(self) -> None:
        """Be the helper of who has the lock: a note and a temporary name of its own."""
        self._noted, self._offset = None, _NOTE_SIZE
        File.temporary = TEMPORARIES[1]

    def note(self, top: str, path: str) -> None:
        """Tell that a file is to be put together in directory ``path`` of the tree at ``top``."""
        if (top, path) == self._noted:
            return
        if not self._noted or self._noted[0] != top:
            self._top = os.path.abspath(top)
        # the last NUL ends what may be shorter than the text before
        os.pwrite(self._fd, os.fsencode(f"{self._top}\0{path}\0"), self._offset)
        self._noted = (top, path)

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise VserverError("Another unification is running", 255) from None
            time.sleep(0.05)

    def clean_up(self) -> None:
        """Remove the temporary names that who was killed has left."""
        for offset, name in zip((0, _NOTE_SIZE), TEMPORARIES, strict=True):
            note = os.fsdecode(os.pread(self._fd, _NOTE_SIZE, offset))
            top, path, *_ = [*note.split("\0"), "", ""]
            if top:
                _remove(top, f"{path}/{name}")


def _remove(top: str, path: str) -> None:
    """Remove a temporary name; the file may be guarded again by who has the other names."""
    try:
        with Root.open_dir(top) as root:
            try:
                root.unlink(path)
            except PermissionError:
                _remove_guarded(root, path)
    except FileNotFoundError:
        pass  # the tree has gone


def _remove_guarded(root: Root, path: str) -> None:
    with (
        Descriptor(root.open(path, os.O_PATH | os.O_NOFOLLOW)) as found,
        Descriptor(reopen_regular(found, os.O_RDONLY)) as fd,
        Released(fd, path, shared=True),
    ):
        root.unlink(path)
