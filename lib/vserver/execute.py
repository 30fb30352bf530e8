"""Becoming another program, as if it had been started directly."""

from __future__ import annotations

import sys

from vserver.kernel import spawn, syscalls

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from typing import NoReturn


def become(words: list[str]) -> NoReturn:
    """Execute ``words`` in place, with the PATH, environment and descriptors of the caller.

    SIGPIPE and SIGXFSZ, which the interpreter ignores from its start, get their default
    actions: a service must not run without them. OSError, with the command's name, when the
    command cannot be executed.
    """
    sys.stdout.flush()
    spawn.restore_signals()
    syscalls.execvp(words)
    raise AssertionError("exec returned")
