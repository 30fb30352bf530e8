"""showperm: the permission bits of files, to compare the parent of the guests with 000."""

from __future__ import annotations

import os

from vserver.cli import complain, say
from vserver.cli.usage import operands, usage
from vserver.errors import reason

USAGE = """
showperm path...

Print the permission bits of each path as an octal number, one a line."""


def main() -> int:
    """Print the permissions of every operand, going on after one that is not there."""
    paths = operands("showperm", USAGE)
    if not paths:
        raise usage("showperm", USAGE)
    shown = [_show(path) for path in paths]
    return 0 if all(shown) else 255


def _show(path: str) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        complain(f"can't lstat {path} ({reason(error)})")
        return False
    say(f"{mode & 0o777:03o}")
    return True
