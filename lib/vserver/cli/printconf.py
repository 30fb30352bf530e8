"""printconf.sh: the settings of one virtual server, for shell scripts."""

from __future__ import annotations

import sys

from vserver import config
from vserver.errors import VserverError

USAGE = "printconf.sh [ --quote ] vserver-name"

# Inside double quotes a pattern could still be expanded by an unquoted eval `...`, which splits
# and expands before it evaluates: those characters stand outside, behind a backslash.
_QUOTED = {ord(character): f"\\{character}" for character in '\\"$`'}
_QUOTED |= {ord(character): f'"\\{character}"' for character in "*?["}


def main() -> int:
    """Print every variable in its order, as VAR=value or, with --quote, as VAR="value"."""
    name, profile, quoted = _arguments(sys.argv[1:])
    settings = config.read(name, forced_profile=profile)
    for variable in config.VARIABLES:
        value = settings[variable]
        sys.stdout.write(f"{variable}={quote(value) if quoted else value}\n")
    return 0


def quote(value: str) -> str:
    """``value`` in double quotes, safe for any POSIX shell's eval (change log, 0.29)."""
    return f'"{value.translate(_QUOTED)}"'


def _arguments(words: list[str]) -> tuple[str, str, bool]:
    """The name, the forced profile and whether to quote."""
    profile, quoted = "", False
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option in ("--quote", "--quota"):
            quoted = True
        elif option == "--profile" and words:
            profile = words.pop(0)
        else:
            raise VserverError(USAGE)
    if len(words) != 1:
        raise VserverError(USAGE)
    return words[0], profile, quoted
