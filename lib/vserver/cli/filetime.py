"""filetime: the age of a file, as ``vserver NAME status`` shows it."""

from __future__ import annotations

import os
import time

from vserver.cli import say
from vserver.cli.usage import operands, usage
from vserver.errors import VserverError, reason

USAGE = """
filetime file

Print the time since the last modification of a file, as [D days ]HH:MM."""


def age(seconds: float) -> str:
    """``seconds`` as ``HH:MM``, after ``D days `` from a full day on; "00:00" when negative."""
    minutes = max(int(seconds), 0) // 60
    days, minutes = divmod(minutes, 24 * 60)
    hours_and_minutes = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{days} days {hours_and_minutes}" if days else hours_and_minutes


def main() -> int:
    """Print the age of the one operand."""
    files = operands("filetime", USAGE)
    if len(files) != 1:
        raise usage("filetime", USAGE)
    try:
        modified = os.stat(files[0]).st_mtime
    except OSError as error:
        raise VserverError(f"Can't stat file {files[0]} ({reason(error)})", 255) from None
    say(age(time.time() - modified))
    return 0
