"""vps: ps of all processes of the machine, with the context of each."""

from __future__ import annotations

import os
import sys

from vserver import contextnames, observer, pstable, session
from vserver.errors import VserverError
from vserver.execute import become
from vserver.kernel import context, process, seccomp, spawn, syscalls
from vserver.kernel.confine import Confinement
from vserver.kernel.spawn import Failure, Report

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from typing import NoReturn

NAMES = {0: "MAIN", context.OBSERVER: "ALL_PROCS"}
UNKNOWN = "UNKNOWN"
PS = "ps"
NO_PS = "Can not execute ps"
NO_CHCONTEXT = "Can not execute chcontext"
NO_CONTEXT = "Can not find my security context. Is this a ctx kernel?"


def main() -> int:
    """Run ps in context 1 and print its table with the contexts; its status."""
    words = sys.argv[1:]
    if words[:1] == ["--help"]:
        _become_ps(words)
    if words[:1] == ["--json"] and words[1:]:
        raise VserverError("vps: --json stands alone", 255)
    _require_observer()
    if words == ["--json"]:
        _print_json()
        return 0
    return _run(words)


def _become_ps(words: list[str]) -> NoReturn:
    try:
        become([PS, *words])
    except OSError:
        raise VserverError(NO_PS, 255) from None


def _require_observer() -> None:
    try:
        observer.require()
    except PermissionError:
        raise VserverError(NO_CHCONTEXT, 255) from None
    except OSError:
        raise VserverError(NO_CONTEXT, 255) from None


def _run(words: list[str]) -> int:
    reader, writer = os.pipe2(os.O_CLOEXEC)
    pid = _start_ps(words, writer)
    os.close(writer)
    with open(reader, encoding="utf-8", errors="surrogateescape") as output:
        table = output.read()
    contexts = Contexts()  # while ps itself is still there, if only as a zombie
    sys.stdout.write(pstable.annotate(table, contexts.of))
    sys.stdout.flush()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return status if status >= 0 else 128 - status


def _start_ps(words: list[str], output: int) -> int:
    def prepare(_report: Report) -> NoReturn:
        os.dup2(output, 1)
        session.join_observers()
        Confinement(programs=(seccomp.observer_filter(),)).apply()
        spawn.restore_signals()
        syscalls.execvp([PS, *words])
        raise AssertionError("exec returned")

    try:
        return spawn.spawn(prepare)[0]
    except Failure as error:
        raise VserverError(NO_PS if error.filename == PS else NO_CHCONTEXT, 255) from None


class Contexts:
    """The context of every process, and what it is called."""

    def __init__(self) -> None:
        self._members = observer.memberships()
        try:
            names = contextnames.claimed()
        except OSError:
            names = {}
        self._names = NAMES | names | contextnames.recorded()

    def of(self, pid: int) -> tuple[int, str]:
        """The number and name of the context of ``pid``, -1 and UNKNOWN when it has gone."""
        number = self._members.get(pid)
        if number is None:
            try:
                number = context.of_process(pid)
            except OSError:
                number = pstable.UNKNOWN
        return number, self._names.get(number, UNKNOWN)


def _print_json() -> None:
    import json

    pids, contexts = observer.all_pids(), Contexts()
    print(json.dumps([one for pid in sorted(pids) if (one := _fields(pid, contexts))], indent=1))


def _fields(pid: int, contexts: Contexts) -> dict[str, object]:
    """A process, empty when it has gone."""
    try:
        stat = process.stat_fields(pid)
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="surrogateescape") as file:
            words = file.read().rstrip("\0").split("\0")
    except OSError:
        return {}
    number, name = contexts.of(pid)
    command = " ".join(words) or f"[{process.name(pid)}]"
    return {
        "pid": pid,
        "ppid": int(stat[1]),
        "context": number,
        "name": name,
        "state": stat[0],
        "command": command,
    }
