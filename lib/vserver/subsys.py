"""The files by which Red Hat's init knows what was started, /var/lock/subsys.

Where everybody may write to /var/lock (Debian), that directory can be anybody's, who would lead us
elsewhere.
"""

from __future__ import annotations

import os
from contextlib import suppress
from errno import EPERM

from vserver.kernel.rooted import Descriptor
from vserver.paths import SUBSYS_DIR

_DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK


def mark(service: str) -> None:
    """Note that ``service`` was started; OSError when that cannot be."""
    os.makedirs(SUBSYS_DIR, exist_ok=True)
    with Descriptor(_open()) as directory:
        os.close(os.open(service, _FILE_FLAGS, 0o644, dir_fd=directory))


def unmark(service: str) -> None:
    """Note that ``service`` was stopped."""
    with suppress(FileNotFoundError), Descriptor(_open()) as directory:
        os.unlink(service, dir_fd=directory)


def _open() -> int:
    fd = os.open(SUBSYS_DIR, _DIRECTORY_FLAGS)
    if os.fstat(fd).st_uid == 0:
        return fd
    os.close(fd)
    raise PermissionError(EPERM, "belongs to a user", SUBSYS_DIR)
