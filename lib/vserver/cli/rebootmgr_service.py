"""The init script rebootmgr: the reboot manager as a service (change log, 0.2 to 0.29)."""

from __future__ import annotations

import os
import select
import sys
import time
from _signal import SIGTERM
from typing import TYPE_CHECKING

from vserver import config, paths, pidfile, subsys
from vserver.cli import complain, inform, say

if TYPE_CHECKING:
    from typing import NoReturn

USAGE = "Usage: rebootmgr {start|stop|restart|reload|status}"
PROGRAM = paths.USR_SBIN + "/rebootmgr"
PIDFILE = "/var/run/rebootmgr.pid"
SERVICE = "rebootmgr"
STOP_SECONDS = 5.0
NOT_RUNNING = 3
FAILED = 255
_EXIT_SECONDS = 0.05  # from its last word to the end of a manager that cannot start


def main() -> int:
    """Do one action; its status."""
    action = _ACTIONS.get(sys.argv[1]) if len(sys.argv) == 2 else None
    if action is None:
        say(USAGE)
        return 1
    return action()


def _start() -> int:
    """Start the manager, unless it runs; its status when it cannot serve anybody."""
    inform("Starting the reboot manager")
    status = 0 if pidfile.holder(PIDFILE) else _launch(_names())
    if status == 0:
        subsys.mark(SERVICE, _complain)
    return status


def _complain(text: str) -> None:
    complain(f"rebootmgr: {text}")


def _names() -> list[str]:
    """The virtual servers that have a tree (0.29)."""
    servers = config.read_all(complain)
    return [settings.name for settings in servers if os.path.isdir(settings["VSERVERDIR"])]


def _launch(names: list[str]) -> int:
    """Run the manager in the background and show what it says until it serves."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _become_manager(writer, names)
    os.close(writer)
    while said := os.read(reader, 4096):
        os.write(2, said)
    os.close(reader)
    return _early_status(pid) or _end_unknown(pid)


def _become_manager(writer: int, names: list[str]) -> NoReturn:
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for target, fd in enumerate((null, null, writer)):
        os.dup2(fd, target)
    try:
        os.execv(PROGRAM, [PROGRAM, "--pidfile", PIDFILE, "--new", *names])
    except OSError as error:
        complain(f"rebootmgr: {PROGRAM}: {error.strerror}")
    os._exit(FAILED)


def _early_status(pid: int) -> int:
    """0 for a manager that serves: it lets go of standard error before, or else it ends."""
    poller = select.poll()
    poller.register(os.pidfd_open(pid), select.POLLIN)
    if not poller.poll(_EXIT_SECONDS * 1000):
        return 0
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _end_unknown(pid: int) -> int:
    """End manager ``pid``, which would serve though it has told that it has no pid file: nobody
    would find it again. 0 when it has one."""
    if pidfile.holder(PIDFILE) == pid:
        return 0
    os.kill(pid, SIGTERM)
    os.waitpid(pid, 0)
    if not pidfile.holder(PIDFILE):  # another start may have been faster
        pidfile.remove(PIDFILE, _complain)
    return FAILED


def _stop() -> int:
    inform("Stopping the reboot manager")
    pid = pidfile.holder(PIDFILE)
    if pid:
        os.kill(pid, SIGTERM)
        _wait_for_end()
    subsys.unmark(SERVICE, _complain)
    pidfile.remove(PIDFILE, _complain)
    return 0


def _wait_for_end() -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while pidfile.holder(PIDFILE) and time.monotonic() < deadline:
        time.sleep(0.01)


def _restart() -> int:
    _stop()
    return _start()


def _restart_if_running() -> int:
    return _restart() if pidfile.holder(PIDFILE) else 0


def _reload() -> int:
    say("Not implemented")
    return 0


def _status() -> int:
    if pidfile.holder(PIDFILE):
        say("rebootmgr is running")
        return 0
    say("rebootmgr is NOT running")
    return NOT_RUNNING


_ACTIONS = {
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "force-reload": _restart,
    "condrestart": _restart_if_running,
    "reload": _reload,
    "status": _status,
}
