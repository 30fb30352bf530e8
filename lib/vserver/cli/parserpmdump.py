"""parserpmdump: the plain files in the output of `rpm -ql --dump`, without configuration."""

from __future__ import annotations

import sys
from stat import S_ISREG

from vserver.cli import namer
from vserver.cli.usage import operands
from vserver.errors import VserverError, reason

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterator

USAGE = """
parserpmdump [ prefix ... ]

Read the output of rpm -ql --dump and print the paths of regular files that are no
configuration and do not start with a prefix."""

_FIELDS = 10  # after the path: size mtime digest mode owner group isconfig isdoc rdev symlink


def main() -> int:
    """Filter standard input; lines that are none of rpm's are left out."""
    prefixes = tuple(operands("parserpmdump", USAGE))
    shown = namer()
    for path in _plain_files():
        if not path.startswith(prefixes):
            sys.stdout.write(shown(path) + "\n")
    return 0


def _plain_files() -> Iterator[str]:
    stdin = open(0, encoding="utf-8", errors="surrogateescape", newline="\n")  # noqa: SIM115
    try:
        for line in stdin:
            path, *fields = line.rstrip("\n").rsplit(" ", _FIELDS)
            if len(fields) == _FIELDS and fields[6] == "0" and _is_regular(fields[3]):
                yield path
    except OSError as error:
        raise VserverError(f"parserpmdump: read error: {reason(error)}") from None


def _is_regular(mode: str) -> bool:
    try:
        return S_ISREG(int(mode, 8))
    except ValueError:
        return False
