"""readlink: the target of a symbolic link, for systems that have no such command."""

from __future__ import annotations

import os
import sys

from vserver.cli import complain
from vserver.errors import VserverError, reason

USAGE = """\
readlink symlink-file
Print the contents of a symbolic link, that is, the path it points to."""


def main() -> int:
    """Print the target of the one operand, byte by byte as it is."""
    words = sys.argv[1:]
    if words == ["--help"]:
        complain(USAGE)
        return 0
    if words[:1] == ["--"]:
        del words[0]
    if len(words) != 1:
        raise VserverError(USAGE, 255)
    try:
        target = os.readlink(os.fsencode(words[0]))
    except OSError as error:
        text = f"readlink failed for file {words[0]} ({reason(error)})"
        raise VserverError(text, 255) from None
    sys.stdout.buffer.write(target + b"\n")
    return 0
