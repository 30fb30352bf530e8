"""The files by which Red Hat's init knows what was started, /var/lock/subsys.

Where everybody may write to /var/lock (Debian), that directory can be anybody's, who would lead us
elsewhere.
"""

from __future__ import annotations

import os
from errno import EPERM

from vserver.errors import reason
from vserver.kernel.rooted import Descriptor
from vserver.paths import SUBSYS_DIR

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

_DIRECTORY_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK


def mark(service: str, warn: Callable[[str], None]) -> None:
    """Note that ``service`` was started; what keeps that from being noted is told to ``warn``,
    and the service runs all the same."""
    try:
        os.makedirs(SUBSYS_DIR, 0o755, exist_ok=True)
        with Descriptor(_open()) as directory:
            os.close(os.open(service, _FILE_FLAGS, 0o644, dir_fd=directory))
    except OSError as error:
        warn(_explain(error))


def unmark(service: str, warn: Callable[[str], None]) -> None:
    """Note that ``service`` was stopped; ``warn`` as for ``mark``."""
    try:
        with Descriptor(_open()) as directory:
            os.stat(service, dir_fd=directory, follow_symlinks=False)  # or EROFS comes first
            os.unlink(service, dir_fd=directory)
    except FileNotFoundError:
        pass
    except OSError as error:
        warn(_explain(error))


def _explain(error: OSError) -> str:
    return f"{os.path.join(SUBSYS_DIR, error.filename)}: {reason(error)}"


def _open() -> int:
    fd = os.open(SUBSYS_DIR, _DIRECTORY_FLAGS)
    if os.fstat(fd).st_uid == 0:
        return fd
    os.close(fd)
    raise PermissionError(EPERM, "belongs to a user", SUBSYS_DIR)
