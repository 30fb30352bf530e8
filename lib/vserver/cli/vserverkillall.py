"""vserverkillall: end every process of the security context it runs in."""

from __future__ import annotations

import os
import time
from _signal import SIGKILL, SIGTERM

from vserver.cli import inform
from vserver.kernel import context, process
from vserver.messages import visible

ROUNDS = (SIGTERM, SIGTERM, SIGTERM, SIGKILL)
PAUSE_SECONDS = 1.0


def main() -> int:
    """Four rounds over /proc, whose own process 1 is spared; always 0."""
    if context.of_process() == 0:
        inform("Running in security context 0, do nothing")
        return 0
    for number in ROUNDS:
        if not _round(number):
            break
        if number != SIGKILL:
            time.sleep(PAUSE_SECONDS)
    return 0


def _round(number: int) -> bool:
    """Signal each process that is left; False when there was none."""
    found = False
    for pid in _others():
        name = "-9" if number == SIGKILL else "-TERM"
        inform(f"kill {name} {visible(process.program(pid))}[{pid}]")
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
        found = True
    return found


def _others() -> list[int]:
    me = os.getpid()
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return [pid for pid in pids if pid not in (1, me) and not process.is_zombie(pid)]
