"""What every command says about itself, and the words of commands that have no options."""

from __future__ import annotations

import sys

from vserver import VERSION
from vserver.errors import VserverError


def usage(name: str, text: str, status: int = 255) -> VserverError:
    """The error that shows how command ``name`` is called, to be raised.

    Its first line is the name and version, ``text`` the rest; ``status`` is 0 for ``--help``.
    """
    return VserverError(f"{name} version {VERSION}\n{text}", status)


def operands(name: str, text: str) -> list[str]:
    """The words of a command that takes no options.

    ``--`` ends the options, ``--help`` alone raises the usage with status 0, any other first
    word with a ``-`` raises it with 255.
    """
    words = sys.argv[1:]
    if words == ["--help"]:
        raise usage(name, text, 0)
    if words[:1] == ["--"]:
        return words[1:]
    if words and words[0].startswith("-"):
        raise usage(name, text)
    return words
