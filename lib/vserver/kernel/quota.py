"""The disk quota of a guest, handled for it by a broker (CAP_QUOTACTL of the old kernels).

quotactl(2) asks for CAP_SYS_ADMIN. So the filter of every session hands that call to a small
program on the root server (quotabroker.c), one for each filter, which ends with the last process
that has it. It handles one file system, that of the guest's root, as long as the guest has the
whole of it: a smaller tree shares its file system, and its quota, with others.
"""

from __future__ import annotations

import _socket
import os
from struct import pack

from vserver.kernel import confine, context, seccomp, spawn
from vserver.kernel.isolation import redirect_to_null
from vserver.kernel.spawn import Report, Step
from vserver.paths import QUOTA_BROKER

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

_DEV = "/dev/"
_ODD = {"", ".", ".."}  # no names of their own
_CGROUP = "brokers"  # beside the contexts: a broker belongs to none, nor to a login on the host


class Quota:
    """The right to handle the quota of the file system that directory ``tree`` is the root of.

    ``source`` is what that is mounted from: programs find it in /proc/mounts. ``allowed`` is
    the guest's ceiling: who has all of that in there, and is user 0, may change the quota;
    everybody may see his own.
    """

    __slots__ = ("_allowed", "_place", "_program", "_source", "socket")

    def __init__(self, tree: int, source: str, allowed: int) -> None:
        self._allowed = allowed
        self._source = source
        self._place = _identity(os.fstat(tree))
        self._program = seccomp.quota_filter(allowed)
        self.socket = -1

    @property
    def device_files(self) -> tuple[str, ...]:
        """The name below /dev that the guest needs for ``source``, if that lies there."""
        name = self._source.removeprefix(_DEV)
        is_odd = name == self._source or "\\" in name or _ODD.intersection(name.split("/"))
        return () if is_odd else (name,)

    @property
    def device(self) -> int:
        """The number of that device, for who compares it with that of the root directory."""
        return self._place[0]

    def spawn(
        self, prepare: Callable[[Report], NoReturn], *, flags: int = 0, cgroup_fd: int = -1
    ) -> tuple[int, bytes]:
        """spawn.spawn of a child that is going to ``load``, and the broker for it.

        In the child, the broker is reached by the descriptor ``socket``.
        """
        near, far = _socket.socketpair()
        try:
            _start_broker(far.fileno(), [f"{self._allowed:x}", self._source])
            self.socket = near.fileno()
            return spawn.spawn(prepare, flags=flags, cgroup_fd=cgroup_fd)
        finally:
            near.close()
            far.close()

    def load(self) -> bool:
        """Put the filter on the calling process, and the broker behind it.

        False, and nothing done, when the root directory is not the one that it is meant for:
        another file system may have been mounted on the host since the guest began to run.
        """
        root = os.open("/", os.O_PATH | os.O_DIRECTORY)
        if _identity(os.fstat(root)) != self._place:
            return False
        listener = seccomp.load_listening(self._program)
        with Step("cannot reach the quota broker"):
            broker = _socket.socket(fileno=self.socket)
            descriptors = pack("2i", listener, root)
            rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)
            broker.sendmsg([b"\0"], [rights], _socket.MSG_NOSIGNAL)
        for fd in (broker.detach(), listener, root):
            os.close(fd)
        return True


def _identity(state: os.stat_result) -> tuple[int, int]:
    return state.st_dev, state.st_ino


def _start_broker(socket: int, arguments: list[str]) -> None:
    """Start a broker that waits for its listener at ``socket``; it is nobody's child."""
    directory = f"{context.root()}/{_CGROUP}"
    os.makedirs(directory, exist_ok=True)
    cgroup_fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)

    def prepare(report: Report) -> NoReturn:
        redirect_to_null()
        report.writer, place = spawn.keep_descriptors(report.writer, socket)
        spawn.reset_signals()
        confine.reset_surroundings()
        os.set_inheritable(place, True)
        nothing: dict[str, str] = {}
        with Step("cannot start the quota broker"):
            os.execve(QUOTA_BROKER, ["quotabroker", str(place), *arguments], nothing)

    try:
        pid, _said = spawn.spawn(prepare, cgroup_fd=cgroup_fd)
    finally:
        os.close(cgroup_fd)
    os.waitpid(pid, 0)
