"""The vserver commands that the reboot manager runs for a guest, one at a time (0.2, 0.3)."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING

from vserver import paths, state
from vserver.errors import reason
from vserver.kernel import spawn
from vserver.rebootchannel import RESTART, STOP

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

_STRENGTH = {"": 0, RESTART: 1, STOP: 2}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_RUN = 127
_NOFILE = resource.getrlimit(resource.RLIMIT_NOFILE)


class Jobs:
    """What a guest wants and gets: at most one command that runs, and one that follows.

    Repeats are merged, and a stop outweighs a restart. ``start`` runs one command and sees to it
    that ``finished`` is called after its end; it returns false when it cannot.
    """

    __slots__ = ("_begun_with", "_name", "_pending", "_running", "_start")

    def __init__(self, name: str, start: Callable[[str], bool]) -> None:
        self._name = name
        self._start = start
        self._running = self._pending = ""
        self._begun_with = (0, 0.0)

    def add(self, command: str) -> bool:
        """Have RESTART or STOP done; false when that is being done, or going to be, already."""
        if _STRENGTH[command] <= max(_STRENGTH[self._pending], self._under_way()):
            return False
        self._pending = command
        if not self._running:
            self._next()
        return True

    def finished(self) -> None:
        """The command that ran has ended."""
        self._running = ""
        if self._pending:
            self._next()

    def _next(self) -> None:
        command, self._pending = self._pending, ""
        self._begun_with = self._incarnation()
        self._running = command if self._start(command) else ""

    def _under_way(self) -> int:
        """How much the running command does for who asks now: nothing for a guest that it has
        started."""
        return _STRENGTH[self._running] if self._incarnation() == self._begun_with else 0

    def _incarnation(self) -> tuple[int, float]:
        recorded = state.read(self._name)
        return recorded.context, recorded.written


def run(name: str, command: str) -> int:
    """Start ``vserver NAME COMMAND`` in a session of its own; its pid.

    It reads nothing, its output is appended to the boot log (0.3), and it inherits no
    descriptor of ours. OSError when no process can be made.
    """
    words = [f"{paths.USR_SBIN}/vserver", name, command]
    pid = os.fork()
    if pid == 0:
        _become(words)
    return pid


def _become(words: list[str]) -> NoReturn:
    try:
        os.setsid()
        os.umask(0o022)
        _redirect()
        resource.setrlimit(resource.RLIMIT_NOFILE, _NOFILE)
        spawn.reset_signals()
        os.execve(words[0], words, {"PATH": _PATH})
    except OSError as error:
        os.write(2, f"rebootmgr: cannot execute {words[0]}: {reason(error)}\n".encode())
    finally:
        os._exit(_NOT_RUN)


def _redirect() -> None:
    null = os.open("/dev/null", os.O_RDWR)
    try:
        log = os.open(paths.BOOT_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY, 0o644)
    except OSError:
        log = null
    for target, fd in enumerate((null, log, log)):
        os.dup2(fd, target)
