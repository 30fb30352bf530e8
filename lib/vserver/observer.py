"""Watching all contexts, the way of context 1: who may, and who is where.

The old tools went to context 1, from which every process is seen and none can be harmed. Here
the root server sees as much, so that what only looks can stay where it is; programs that are not
ours (ps, top) do go there, by ``chcontext --ctx 1``.
"""

from __future__ import annotations

import os
from errno import EPERM, ESRCH

from vserver import paths
from vserver.errors import VserverError, reason
from vserver.execute import become
from vserver.kernel import caps, cgroup, context, process

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from typing import NoReturn


def require() -> None:
    """PermissionError unless the caller may enter context 1: root of the root server (K-CTX-2).

    Who is there already may look on. Other errors as context.of_process.
    """
    if context.of_process() > context.OBSERVER or not caps.is_administrator():
        raise PermissionError(EPERM, os.strerror(EPERM))


def require_for(command: str) -> None:
    """``require``, in the words of ``command``: VserverError (255)."""
    try:
        require()
    except OSError as error:
        text = f"{command}: Can't select context {context.OBSERVER} ({reason(error)})"
        raise VserverError(text, 255) from None


def all_pids() -> list[int]:
    """The pids of the machine, as the caller's /proc lists them."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def memberships() -> dict[int, int]:
    """The context of every process that is in one.

    Processes of the root server are not listed, and those that ended without being waited for
    are in no list of the kernel: for these there is context.of_process.
    """
    return {
        pid: number
        for number in context.numbers()
        for pid in cgroup.processes(context.directory(number))
    }


def reapers() -> set[int]:
    """The processes 1 that are ours, and not a guest's own: no member of its context to anybody."""
    inits = (context.init_of(number) for number in context.numbers())
    return {init.pid for init in inits if init and not init.is_guest}


def open_process(pid: int) -> tuple[int, int]:
    """A pidfd of process ``pid``, and the context that this very process is in.

    ProcessLookupError when there is none.
    """
    fd = os.pidfd_open(pid)
    try:
        number = context.of_process(pid)
        if process.is_held(fd, pid):
            return fd, number
    except FileNotFoundError:
        pass
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    raise ProcessLookupError(ESRCH, os.strerror(ESRCH))


def become_observer(words: list[str]) -> NoReturn:
    """Become the program ``words`` in context 1, without a word about it (0.16)."""
    try:
        become([paths.USR_SBIN + "/chcontext", "--silent", "--ctx", "1", "--", *words])
    except OSError as error:
        raise VserverError(f"Can't exec chcontext ({reason(error)})", 255) from None
