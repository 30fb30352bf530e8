"""fakerunlevel: put a run level in a utmp file, for guests whose init does not run."""

from __future__ import annotations

import os

from vserver.cli.usage import operands, usage
from vserver.errors import VserverError, reason
from vserver.kernel import utmp

USAGE = """
fakerunlevel runlevel utmp_file

Store run level 1 to 5 in a utmp file, which is made if it is missing."""


def main() -> int:
    """Store the run level; a path with symbolic links in it is refused, see utmp.open_file."""
    words = operands("fakerunlevel", USAGE)
    if len(words) != 2 or words[0] not in utmp.RUN_LEVELS:
        raise usage("fakerunlevel", USAGE)
    level, path = words
    try:
        file = utmp.open_file(path)
        try:
            utmp.store_run_level(file, level)
        finally:
            os.close(file)
    except OSError as error:
        raise VserverError(f"Can't open file {path} ({reason(error)})", 255) from None
    return 0
