"""The cgroup v2 tree: where it is mounted, who is where, directories made and removed.

Both layouts are known (kernel documentation, admin-guide/cgroup-v2): v2 alone on
/sys/fs/cgroup, or beside the v1 controllers on /sys/fs/cgroup/unified.
"""

from __future__ import annotations

import os
import select
import time
from errno import EACCES, EBUSY, ENODEV, ENOENT, ENOTEMPTY, EOPNOTSUPP

from vserver.errors import VserverError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")

CANDIDATES = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
PRIVATE = 0o700  # for what commands lock: who can open it can hold that lock for ever
_SOME = 16  # that a command looks at when it clears up

_mount_point = ""


def mount_point() -> str:
    """The directory on which cgroup v2 is mounted; VserverError (255) where it is not."""
    global _mount_point
    if not _mount_point:
        _mount_point = _find_mount_point()
    return _mount_point


def _find_mount_point() -> str:
    for directory in CANDIDATES:
        if os.path.exists(directory + "/cgroup.controllers"):
            return directory
    for line in _read("/proc/self/mounts").splitlines():
        _source, directory, fstype = line.split(" ", 3)[:3]
        if fstype == "cgroup2" and os.path.exists(directory + "/cgroup.controllers"):
            return directory  # and nothing is mounted on top of it
    free = CANDIDATES[1 if os.listdir(CANDIDATES[0]) else 0]  # the first may have v1 controllers
    remedy = f"mount it: mount -t cgroup2 none {free}"
    raise VserverError("cgroup v2 is not mounted", 255, remedy=remedy)


def of_process(pid: int | str = "self") -> str:
    """The v2 cgroup of process ``pid`` as the path below the mount point ("/" for the root).

    FileNotFoundError or ProcessLookupError when it has gone.
    """
    for line in _read(f"/proc/{pid}/cgroup").splitlines():
        if line.startswith("0::"):
            return line[3:].removesuffix(" (deleted)")
    return "/"


def current() -> str:
    """The directory of the caller's own cgroup."""
    return (mount_point() + of_process()).rstrip("/")


def processes(directory: str) -> list[int]:
    """The pids in ``directory`` and below, in no order; a directory that went away has none."""
    found = pids_in(directory)
    for child in children(directory):
        found += processes(child)
    return found


def pids_in(directory: str) -> list[int]:
    """The pids in ``directory`` itself; none where the caller may not look."""
    return [int(word) for word in _read_control(directory + "/cgroup.procs").split()]


def children(directory: str) -> list[str]:
    """The cgroups directly below ``directory``."""
    try:
        with os.scandir(directory) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def some(found: list[T]) -> list[T]:
    """Those of ``found`` that a command looks at which clears up after others: 16, from anywhere.

    Its time does not grow with their number, each is looked at sooner or later, and what is made
    by one command is fewer than what the next ones look at.
    """
    if len(found) <= _SOME:
        return found
    first = int.from_bytes(os.urandom(4), "little") % len(found)
    return (found + found)[first : first + _SOME]


def identity(directory: str) -> int:
    """The id of a cgroup, by which the kernel names it elsewhere; 0 when it has gone."""
    try:
        return os.stat(directory).st_ino
    except FileNotFoundError:
        return 0


def is_populated(directory: str) -> bool:
    """Is there any process in ``directory`` or below (cgroup.events); not that the caller may
    see where it may not look."""
    return "populated 1" in _read_control(directory + "/cgroup.events")


def kill(directory: str) -> None:
    """SIGKILL to every process in ``directory`` and below at once (cgroup.kill, 5.14)."""
    write(directory + "/cgroup.kill", "1")


def wait_empty(directory: str, seconds: float) -> bool:
    """Wait up to ``seconds`` until no process is left; True when that is so.

    Sleeps in poll(2) on cgroup.events, which the kernel wakes at the last exit.
    """
    deadline = time.monotonic() + seconds
    try:
        events = os.open(directory + "/cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        return _poll_empty(events, deadline)
    finally:
        os.close(events)


def _poll_empty(events: int, deadline: float) -> bool:
    poller = select.poll()
    poller.register(events, select.POLLPRI)
    try:
        while b"populated 1" in os.pread(events, 256, 0):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            poller.poll(left * 1000)
    except OSError as error:
        if error.errno != ENODEV:  # somebody else has removed it
            raise
    return True


def remove(directory: str) -> bool:
    """Remove ``directory`` with the cgroups below it; False while somebody is in it."""
    for child in children(directory):
        if not remove(child):
            return False
    try:
        os.rmdir(directory)
    except OSError as error:
        if error.errno in (EBUSY, ENOTEMPTY):
            return False
        if error.errno != ENOENT:
            raise
    return True


def join(directory: str) -> None:
    """Move the calling process into ``directory`` (waits for an RCU grace period: 5 to 25 ms)."""
    write(directory + "/cgroup.procs", "0")


def join_v1(directory: str) -> None:
    """Move the calling process, which has one thread, into the v1 cgroup ``directory``.

    By its file ``tasks``: a thread that moves itself waits for no grace period.
    """
    write(directory + "/tasks", "0")


def write(path: str, text: str) -> None:
    """Write ``text`` to a control file in one write(2). The error carries the path.

    FileNotFoundError also for a cgroup that was removed after its file was opened (ENODEV).
    """
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    except OSError as error:
        number = ENOENT if error.errno == ENODEV else error.errno
        raise OSError(number, os.strerror(number or 0), path) from None
    finally:
        os.close(fd)


def _read_control(path: str) -> str:
    """A control file; nothing when its cgroup has gone (ENODEV: since the file was opened), is
    closed to the caller, or has threads for members. Other errors tell nothing of who is there."""
    try:
        return _read(path)
    except OSError as error:
        if error.errno not in (ENOENT, ENODEV, EACCES, EOPNOTSUPP):
            raise
        return ""


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()
