"""The steps of the feature files, by noun, and what they share.

A step says what a user does or sees. Before adding one, look for a step that says it already:
`grep -h '^@' tests/steps/*.py`. What is quoted in a feature file is exact text; a longer text
stands in lines of its own between triple quotes. A step that has to wait polls with
`eventually`, up to a deadline. A comment in a feature file starts with "#" at the beginning
of a line or after a blank, in steps too: write such commands as a file.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from commands import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from testhost import Machine, Process, Result, Terminal, TestHost

DEADLINE = 10.0 * PATIENCE


class Shell:
    """The administrator's shell of one scenario: what was run last, and what came of it."""

    def __init__(self, host: TestHost) -> None:
        self.host = host
        self._result: Result | None = None
        self.background: list[Process] = []
        self._terminal: Terminal | None = None
        self.seconds = 0.0

    @property
    def result(self) -> Result:
        """What the command that ended last did."""
        assert self._result is not None, "no command was run"
        return self._result

    @property
    def terminal(self) -> Terminal:
        """The scenario's terminal."""
        assert self._terminal is not None, "there is no terminal"
        return self._terminal

    @terminal.setter
    def terminal(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def run(self, command: str, *, on: Machine | None = None, keys: str | None = None) -> Result:
        """Run ``command`` on the host, or ``on`` another machine, and keep its result."""
        began = time.monotonic()
        self._result = (on or self.host).run(command, input=keys)
        self.seconds = time.monotonic() - began
        return self._result

    def must(self, command: str) -> str:
        """Run ``command`` for a step that takes its success for granted; its output."""
        result = self.host.run(command)
        assert result.status == 0, f"{command}: {result}"
        return result.out


def eventually(check: Callable[[], object], what: str, seconds: float = DEADLINE) -> None:
    """Wait until ``check()`` is true; AssertionError with ``what`` after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.01)


def lines(text: str) -> str:
    """``text`` of a feature file as a program prints it: with a newline at its end."""
    return text + "\n" if text else ""
