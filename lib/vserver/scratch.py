"""Private directories for the time that a command runs.

Not in /tmp, where anybody could have made what a killed command seems to have left.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress

from vserver import paths
from vserver.kernel import directorylock
from vserver.kernel.rooted import Descriptor

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def directory() -> Iterator[str]:
    """A new directory that only the caller can enter, removed at the end of the block.

    What killed commands have left of theirs is removed as well. OSError. Who is not root, and
    has no place of ours, gets a usual temporary directory.
    """
    if os.geteuid() != 0:
        with tempfile.TemporaryDirectory(prefix="vserver.") as path:
            yield path
        return
    os.makedirs(paths.SCRATCH, 0o711, exist_ok=True)
    os.chmod(paths.SCRATCH, 0o711)  # other users may be led into theirs, whatever our umask
    with Descriptor(directorylock.hold(paths.SCRATCH)):
        _remove_leftovers()
        made = tempfile.TemporaryDirectory(dir=paths.SCRATCH)
        lock = directorylock.hold(made.name)
    with Descriptor(lock), made as path:
        yield path


def _remove_leftovers() -> None:
    """Remove the directories that nobody holds the lock of."""
    for name in os.listdir(paths.SCRATCH):
        path = f"{paths.SCRATCH}/{name}"
        with (
            suppress(BlockingIOError, FileNotFoundError, NotADirectoryError),
            Descriptor(directorylock.hold(path, wait=False)),
        ):
            shutil.rmtree(path)
