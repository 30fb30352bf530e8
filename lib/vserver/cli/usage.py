"""What every command says about itself, and the words it is called with."""

from __future__ import annotations

import sys

from vserver import VERSION
from vserver.errors import VserverError

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterator


def usage(name: str, text: str, status: int = 255) -> VserverError:
    """The error that shows how command ``name`` is called, to be raised.

    Its first line is the name and version, ``text`` the rest; ``status`` is 0 for ``--help``.
    """
    return VserverError(f"{name} version {VERSION}\n{text}", status)


def operands(name: str, text: str) -> list[str]:
    """The words of a command that takes no options.

    Raises the usage: with status 0 for ``--help`` alone, with 255 for any other option.
    """
    line = CommandLine(name, text)
    for _option in line.options():
        raise line.usage()
    return line.operands


class CommandLine:
    """The words that a command was called with: options, then operands.

    line = CommandLine("vkill", USAGE)
    for option in line.options():
        if option == "-s":
            signal = line.value()
        else:
            raise line.usage()
    pids = line.operands
    """

    __slots__ = ("name", "operands", "text")

    def __init__(self, name: str, text: str) -> None:
        """``name`` and ``text`` are for the usage."""
        self.name = name
        self.text = text
        self.operands = sys.argv[1:]
        """The words that have not been taken yet."""

    def options(self) -> Iterator[str]:
        """Take one option after the other, up to the first operand or ``--``.

        ``--help`` alone raises the usage with status 0.
        """
        if self.operands == ["--help"]:
            raise self.usage(0)
        while self.operands and self.operands[0].startswith("-"):
            word = self.operands.pop(0)
            if word == "--":
                break
            yield word

    def value(self) -> str:
        """Take the argument of the option at hand; raises the usage when there is none."""
        if not self.operands:
            raise self.usage()
        return self.operands.pop(0)

    def usage(self, status: int = 255) -> VserverError:
        """The error that shows how the command is called, to be raised."""
        return usage(self.name, self.text, status)
