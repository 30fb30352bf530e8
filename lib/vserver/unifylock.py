"""One unification at a time, and what an interrupted one has left."""

from __future__ import annotations

import fcntl
import os
import time

from vserver import paths, state
from vserver.errors import VserverError
from vserver.kernel.rooted import Root
from vserver.unifytree import TEMPORARY

FILE = paths.STATE_DIR + "/unify.lock"
_PATIENCE = 60.0  # seconds


class UnifyLock:
    """The right to change shared files, for the length of a ``with`` block.

    The lock's file names the directory worked in, so that the next one, after a kill, can
    remove the temporary name in there. VserverError (255) when another one takes too long.
    """

    __slots__ = ("_fd", "_noted", "_top")

    def __enter__(self) -> UnifyLock:
        state.make_directory()
        self._fd = os.open(FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._noted: tuple[str, str] | None = None
        self._wait()
        self._clean_up()
        return self

    def __exit__(self, *exception: object) -> None:
        os.ftruncate(self._fd, 0)
        os.close(self._fd)

    def note(self, top: str, path: str) -> None:
        """Tell that a file is to be put together in directory ``path`` of the tree at ``top``."""
        if (top, path) == self._noted:
            return
        if not self._noted or self._noted[0] != top:
            self._top = os.path.abspath(top)
        # the last NUL ends what may be shorter than the text before
        os.pwrite(self._fd, os.fsencode(f"{self._top}\0{path}\0"), 0)
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

    def _clean_up(self) -> None:
        top, path, *_ = [*os.fsdecode(os.pread(self._fd, 65536, 0)).split("\0"), "", ""]
        if top:
            try:
                with Root.open_dir(top) as root:
                    root.unlink(f"{path}/{TEMPORARY}")
            except FileNotFoundError:
                pass  # the tree has gone
