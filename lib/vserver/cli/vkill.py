"""vkill: signal a process wherever it is."""

from __future__ import annotations

import os
import sys
from _signal import SIGTERM
from errno import EPERM

from vserver import observer
from vserver.cli import say
from vserver.cli.usage import CommandLine, usage
from vserver.errors import VserverError, reason
from vserver.kernel import context, syscalls

USAGE = """\
vkill [ -c context ] [ -s signal ] [ -- ] pid ...
vkill -c context [ -s signal ]

Find the security context of each process, and kill the process there.

-c context  only processes of this context; all of them if no pid is given
-s signal   a number or a name, TERM when not given"""

LAST_SIGNAL = 64
LAST_PID = 0x7FFFFFFF


class Options:
    """The command line; ``number`` is the context asked for, None for any."""

    __slots__ = ("number", "pids", "signal")

    def __init__(self) -> None:
        self.number: int | None = None
        self.signal = int(SIGTERM)
        self.pids: list[int] = []


def main() -> int:
    """Signal each process in turn; 0 when all of them got it, else 1."""
    options = _parse()
    observer.require_for("vkill")
    outcomes = [_kill(pid, options) for pid in options.pids or _members(options.number)]
    return 0 if all(outcomes) else 1


def _parse() -> Options:
    options = Options()
    line = CommandLine("vkill", USAGE)
    for option in line.options():
        if option == "-c":
            options.number = _number(line.value())
        elif option == "-s":
            options.signal = _signal(line.value())
        else:
            raise line.usage()
    options.pids = [_pid(word) for word in line.operands]
    if not options.pids and not options.number:  # never all of the root server
        raise line.usage()
    return options


def _number(word: str) -> int:
    if not (word.isascii() and word.isdecimal()):
        raise usage("vkill", USAGE)
    return int(word)


def _pid(word: str) -> int:
    pid = _number(word)
    if not 0 < pid <= LAST_PID:
        raise usage("vkill", USAGE)
    return pid


def _signal(word: str) -> int:
    if word.isascii() and word.isdecimal():
        if int(word) <= LAST_SIGNAL:
            return int(word)
    else:
        from signal import Signals

        name = "SIG" + word.upper().removeprefix("SIG")
        if name in Signals.__members__:
            return int(Signals[name])
    raise VserverError("Invalid signal specified", 255)


def _members(number: int | None) -> list[int]:
    """All processes of context ``number``, a guest's own init last: the others end with it."""
    assert number
    pids = context.processes(number) if number <= context.LAST else []
    if not pids:
        raise VserverError(f"vkill: No process in security context {number}", 1)
    init = context.init_of(number)
    return sorted(pids, key=lambda pid: (bool(init and pid == init.pid), pid))


def _kill(pid: int, options: Options) -> bool:
    """Say what is found and done, in the words of 0.11; was ``pid`` signalled?"""
    try:
        fd, number = observer.open_process(pid)
    except (OSError, OverflowError):
        fd, number = -1, -1
    if fd < 0 and not options.pids:  # it ended with the others
        return True
    if fd < 0 or options.number not in (None, number):
        say(f"Process id {pid} not found.")
        return False
    say(f"Process id {pid} was found in security context {number}.")
    sys.stdout.write(" + Killing... ")
    sys.stdout.flush()
    failure = _send(fd, number, options.signal)
    say(f"[failed: {failure}]" if failure else "[done]")
    return not failure


def _send(fd: int, number: int, which: int) -> str:
    """Send the signal as a member of the context could; why not, or nothing.

    Nobody can enter a private context, and in context 1 nobody is harmed (K-SIG-3).
    """
    try:
        if number == context.OBSERVER or context.flags_of(number) & context.PRIVATE:
            raise PermissionError(EPERM, os.strerror(EPERM))
        syscalls.pidfd_send_signal(fd, which)
    except OSError as error:
        return reason(error)
    finally:
        os.close(fd)
    return ""
