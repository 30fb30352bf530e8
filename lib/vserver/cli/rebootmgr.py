"""rebootmgr: restart or stop the virtual servers that ask for it (change log, 0.2)."""

from __future__ import annotations

import gc
import os
import signal
import syslog
from typing import TYPE_CHECKING

from vserver import pidfile
from vserver.cli import complain
from vserver.cli.usage import CommandLine
from vserver.errors import VserverError, reason
from vserver.messages import Messages
from vserver.rebootmgr import Manager

if TYPE_CHECKING:
    from typing import NoReturn

NAME = "rebootmgr"
USAGE = "\nrebootmgr [--pidfile file ] [--new] vserver-name [ vserver-name ...]"
_IGNORED = ("SIGHUP", "SIGQUIT", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGUSR1", "SIGUSR2", "SIGPIPE")


def main() -> int:
    """Serve the named virtual servers until SIGTERM or SIGINT, which end it with status 0."""
    _arrange_signals()
    syslog.openlog(NAME, syslog.LOG_PID, syslog.LOG_DAEMON)
    path, newcomers, names = _parse()
    manager = Manager(Messages(_notice, _error), newcomers=newcomers)
    served = [_add(manager, name) for name in dict.fromkeys(names)]
    if names and not any(served) and not newcomers:
        return 255
    if path:
        _write_pidfile(path)
    _leave_caller()
    gc.enable()
    manager.serve()


def _parse() -> tuple[str, bool, list[str]]:
    """The pid file, whether to serve new virtual servers, and the names of the others."""
    path, newcomers = "", False
    line = CommandLine(NAME, USAGE)
    if not line.operands:
        raise line.usage()
    for option in line.options():
        if option == "--pidfile":
            path = line.value()
        elif option == "--new":
            newcomers = True
        else:
            _tell(f"Invalid argument {option}")
            raise line.usage()
    return path, newcomers, line.operands


def _arrange_signals() -> None:
    for name in _IGNORED:
        signal.signal(signal.Signals[name], signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)


def _end(_number: int, _frame: object) -> NoReturn:
    os._exit(0)


def _add(manager: Manager, name: str) -> bool:
    try:
        manager.add(name)
    except VserverError as error:
        _tell(error.text)
        return False
    except OSError as error:
        _tell(f"{error.filename or name}: {reason(error)}")
        return False
    return True


def _write_pidfile(path: str) -> None:
    try:
        pidfile.claim(path)
    except OSError as error:
        _tell(f"Can't open pidfile {path} ({reason(error)})")


def _leave_caller() -> None:
    """From now on there is only syslog: the end of our standard error tells that we serve."""
    os.chdir("/")
    null = os.open("/dev/null", os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    os.close(null)


def _tell(text: str) -> None:
    complain(text)
    _error(text)


def _notice(text: str) -> None:
    syslog.syslog(syslog.LOG_NOTICE, text)


def _error(text: str) -> None:
    syslog.syslog(syslog.LOG_ERR, text)
