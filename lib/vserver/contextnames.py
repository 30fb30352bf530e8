"""What contexts are called: the guest of each, and the guest's description."""

from __future__ import annotations

import os
import time

from vserver import paths, state
from vserver.kernel import context

FIXED = {0: "root server", context.OBSERVER: "monitoring server"}

_NUMBER = "S_CONTEXT="
_DESCRIPTION = "Description:"
_BLANKS = " \t"


def claimed() -> dict[int, str]:
    """The guest that a state file names for each number, the file written last if several do.

    A state file outlives its guest: where the context itself knows a name, that one is right,
    and one from before the last boot says nothing. OSError when the directory cannot be read.
    """
    found = []
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) - 1
    with os.scandir(paths.STATE_DIR) as entries:
        for entry in entries:
            if entry.name.endswith(state.SUFFIX):
                found += _claim(entry.path, entry.name.removesuffix(state.SUFFIX))
    return {number: name for written, number, name in sorted(found) if written >= booted}


def _claim(path: str, name: str) -> list[tuple[float, int, str]]:
    """Time, number and name of the first line that gives a number; nothing without one."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            written = os.fstat(file.fileno()).st_mtime
            text = file.read(state.LIMIT)
    except OSError:
        return []
    for line in text.splitlines():
        digits = _leading_digits(line.removeprefix(_NUMBER)) if line.startswith(_NUMBER) else ""
        if digits:
            return [(written, int(digits), name)]
    return []


def _leading_digits(text: str) -> str:
    return text[: len(text) - len(text.lstrip("0123456789"))]


def recorded() -> dict[int, str]:
    """The guest that each context itself belongs to; none for contexts of a bare chcontext."""
    names = {number: context.name_of(number) for number in context.numbers()}
    return {number: name for number, name in names.items() if name}


def known() -> dict[int, str]:
    """The names of all contexts, as far as they can be found out."""
    try:
        names = claimed()
    except OSError:
        names = {}
    return names | recorded() | FIXED


def description(name: str) -> str:
    """The description of guest ``name``: the last ``# Description:`` of its configuration file.

    It is a comment, so that it is read from the file itself (0.26). Empty without one.
    """
    text = ""
    try:
        with open(paths.guest_conf(name), encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                comment = line[1:].strip() if line.startswith("#") else ""
                if comment.startswith(_DESCRIPTION):
                    text = comment.removeprefix(_DESCRIPTION).lstrip(_BLANKS)
    except OSError:
        pass
    return text
