"""The hook script of a guest, ``/etc/vservers/NAME.sh``, run on the host (0.10, 0.16)."""

from __future__ import annotations

import os
from _signal import SIG_DFL, SIGPIPE, SIGXFSZ, signal
from errno import ENOEXEC

from vserver import paths
from vserver.errors import reason
from vserver.kernel.spawn import spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

    from vserver.kernel.spawn import Report

_SHELL = "/bin/sh"


def run(name: str, event: str, environment: Mapping[str, str], directory: str = ".") -> str:
    """Run the hook of guest ``name`` for ``event`` in ``directory`` and wait for its end.

    ``event`` is pre-start, post-start, pre-stop or post-stop. Nothing happens unless the file
    is executable. Its output is not touched and its status does not count. Returns what to
    tell the administrator, in one line, when there is a hook that cannot be run.
    """
    hook = paths.guest_hook(name)
    if not (os.path.isfile(hook) and os.access(hook, os.X_OK)):
        return ""

    def become(report: Report) -> NoReturn:
        os.chdir(directory)
        signal(SIGPIPE, SIG_DFL)  # which Python ignores
        signal(SIGXFSZ, SIG_DFL)
        _execute([hook, event, name], environment)

    try:
        pid, _ = spawn(become)
    except OSError as error:
        return f"{hook}: {reason(error)}"
    os.waitpid(pid, 0)
    return ""


def _execute(words: list[str], environment: Mapping[str, str]) -> NoReturn:
    """exec(3): a file without ``#!`` line is a shell script, as a shell would take it."""
    try:
        os.execve(words[0], words, environment)
    except OSError as error:
        if error.errno != ENOEXEC:
            raise
        os.execve(_SHELL, [_SHELL, *words], environment)
