"""The init script of the virtual servers: all of them in one go.

Each ``vserver NAME COMMAND`` is a fork of this process, which has everything loaded: fifty
guests do not start fifty interpreters, and what one of them does leaves the others alone.
"""

from __future__ import annotations

import os
import sys
from _signal import SIGTERM

from vserver import config, pidfile, subsys
from vserver.cli import complain, inform, run, say
from vserver.errors import VserverError
from vserver.kernel import process

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.config import Config

USAGE = "Usage: vservers {start|stop|restart|reload|status}"
SERVICE = "vservers"
PIDFILE = "/var/run/vservers.pid"  # of the process that starts them
CONSOLE = "/dev/tty8"
DEFAULT_PRIORITY = 100
_MODULES = ("vserver.lifecycle", "vserver.newcontext", "vserver.hooks")  # for start and stop
START_SECONDS = 60.0  # after which the next one is started beside


def main() -> int:
    """Do one action on every virtual server; what becomes of a single one does not count."""
    action = sys.argv[1] if len(sys.argv) == 2 else ""
    if action in ("restart", "force-reload"):
        _stop()
        _start()
    elif action in _ACTIONS:
        _ACTIONS[action]()
    else:
        say(USAGE)
        return 1
    return 0


def _start() -> None:
    inform("Starting the virtual servers")
    if _background():
        _start_on_console()
    else:
        _start_each()
    subsys.mark(SERVICE, _complain)


def _start_each() -> None:
    """Start them one after the other, until ``_end_start`` ends this process."""
    try:
        pidfile.claim(PIDFILE)
    except BlockingIOError:
        complain("vservers: another start is at work")
        return
    for settings in _by_priority():
        if settings["ONBOOT"] == "yes":
            _vserver(settings, "start")
        else:
            inform(f"virtual server {settings.name} not configured for on boot start")
    pidfile.remove(PIDFILE, _complain)


def _start_on_console() -> None:
    """Start them in a process that outlives the boot script, with its messages on a console."""
    if os.fork():
        return
    os.setsid()
    try:
        console = os.open(CONSOLE, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        console = os.open("/dev/null", os.O_RDWR)
    for standard in range(3):
        os.dup2(console, standard)
    os.close(console)
    _start_each()
    os._exit(0)


def _stop() -> None:
    """Stop every virtual server, ONBOOT or not, running or not (change log, 0.7)."""
    inform("Stopping the virtual servers")
    _end_start()
    for settings in reversed(_by_priority()):
        _vserver(settings, "stop")
    subsys.unmark(SERVICE, _complain)


def _end_start() -> None:
    """Nothing more is started by another process; the one being started gets some time.

    sysvinit leaves a boot script at work when the machine is shut down.
    """
    starter = pidfile.holder(PIDFILE)
    if starter:
        try:
            os.kill(starter, SIGTERM)
        except ProcessLookupError:
            pass  # ended meanwhile
    pidfile.remove(PIDFILE, _complain)


def _complain(text: str) -> None:
    complain(f"{SERVICE}: {text}")


def _status() -> None:
    for settings in config.read_all(complain):
        sys.stdout.write(f"ONBOOT={settings['ONBOOT'] or 'no'}  ")
        sys.stdout.flush()
        _vserver(settings, "running")


def _reload() -> None:
    say("Not implemented")


_ACTIONS = {"start": _start, "stop": _stop, "reload": _reload, "status": _status}


def _background() -> bool:
    try:
        return config.system_defaults()["BACKGROUND"] == "yes"
    except VserverError as error:
        complain(error.text)
        return False


def _by_priority() -> list[Config]:
    """In the order of starting (change log, 0.26): low PRIORITY first, then by name."""
    servers = config.read_all(complain)
    return sorted(servers, key=lambda settings: _priority(settings["PRIORITY"]))


def _priority(value: str) -> int:
    digits = value.removeprefix("-")
    return int(value) if digits.isascii() and digits.isdigit() else DEFAULT_PRIORITY


def _vserver(settings: Config, command: str) -> None:
    """Run ``vserver NAME COMMAND`` in a child and wait for it; for a start that hangs not for ever.

    The scripts that a start runs belong to the guest.
    """
    from vserver.cli import vserver

    if command != "running":
        vserver.load_modules(*_MODULES)
    child = os.fork()
    if child == 0:
        sys.argv[:] = ["vserver", settings.name, command]
        run(vserver.main if command != "start" else lambda: vserver.start(settings), failed=1)
    try:
        if command == "start":
            process.wait_at_most(child, START_SECONDS)
        os.waitpid(child, 0)
    except TimeoutError:
        complain(f"vservers: the start of '{settings.name}' takes too long")
