"""save_s_context: record the context of the caller, then become a command."""

from __future__ import annotations

import os
import sys

from vserver import execute, state
from vserver.cli import say
from vserver.errors import VserverError, reason
from vserver.kernel import context

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from typing import NoReturn

USAGE = "save_s_context file command"


def main() -> int:
    """Write the state file, and become the command; 255 when the first fails."""
    words = sys.argv[1:]
    if len(words) < 2:
        say(USAGE)
        return 1
    _save_and_become(words[0], words[1:])


def _save_and_become(path: str, command: list[str]) -> NoReturn:
    try:
        number = context.of_process()
        state.write_file(path, number, os.environ.get("PROFILE", ""))
    except OSError as error:
        raise VserverError(f"save_s_context: {path}: {reason(error)}", 255) from None
    try:
        execute.become(command)
    except OSError as error:
        raise VserverError(f"Can't exec {command[0]} ({reason(error)})", 255) from None
