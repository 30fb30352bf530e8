"""ULIMIT: the words of the shell's ``ulimit`` command, set without a shell (0.7, 0.22).

Several POSIX shells have no ``-u``, and a shell for each ``exec`` would cost more than the
rest of it.
"""

from __future__ import annotations

import resource
from resource import RLIM_INFINITY

from vserver.errors import VserverError, reason
from vserver.kernel.confine import lower

# letter -> resource, bytes or whatever else one unit of the value is
_RESOURCES = {
    "c": (resource.RLIMIT_CORE, 1024),
    "d": (resource.RLIMIT_DATA, 1024),
    "f": (resource.RLIMIT_FSIZE, 1024),
    "l": (resource.RLIMIT_MEMLOCK, 1024),
    "m": (resource.RLIMIT_RSS, 1024),
    "n": (resource.RLIMIT_NOFILE, 1),
    "s": (resource.RLIMIT_STACK, 1024),
    "t": (resource.RLIMIT_CPU, 1),
    "u": (resource.RLIMIT_NPROC, 1),
    "v": (resource.RLIMIT_AS, 1024),
}
_LARGEST = 2**63 - 1


class Limit:
    """One limit to set: ``letter`` as in ulimit, ``value`` in the resource's own unit.

    ``value`` is a number, RLIM_INFINITY, or one of the words ``soft`` and ``hard`` for what
    is in force; ``soft`` and ``hard`` tell which of the two is set.
    """

    __slots__ = ("hard", "letter", "soft", "value")

    def __init__(self, letter: str, value: int | str, *, soft: bool, hard: bool) -> None:
        self.letter, self.value, self.soft, self.hard = letter, value, soft, hard


def parse(text: str) -> tuple[list[Limit], list[str]]:
    """The limits that ``text`` asks for, and one message for each word that means nothing.

    ``-H`` and ``-S`` hold for all limits of the text, wherever they stand, as in the shell;
    neither means both.
    """
    modes: set[str] = set()
    wanted: list[tuple[str, int | str]] = []
    wrong: list[str] = []
    letter = ""
    for word in text.split():
        if word.startswith("-") and len(word) > 1:
            letter = _options(word, letter, modes, wrong)
        else:
            _value(letter or "f", word, wanted, wrong)
            letter = ""
    if letter:
        wrong.append(f"ulimit: -{letter}: value missing")
    soft, hard = "S" in modes or not modes, "H" in modes or not modes
    return [Limit(name, value, soft=soft, hard=hard) for name, value in wanted], wrong


def apply(limits: list[Limit]) -> list[str]:
    """Set ``limits`` for this process; one message for each that is refused."""
    return [message for limit in limits if (message := _set(limit))]


def processes(limits: list[Limit]) -> int | None:
    """The number that ``-u`` gives, None when it is unlimited or not there.

    It bounds all processes of the guest together when its flags have ``nproc`` (0.7).
    """
    for limit in reversed(limits):
        if limit.letter == "u":
            return limit.value if isinstance(limit.value, int) and limit.value >= 0 else None
    return None


def nice_increment(text: str) -> int:
    """S_NICE as a number from -20 to 19, 0 when it is empty; VserverError otherwise."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not text:
        return 0
    if not _is_number(digits) or not -20 <= int(text) <= 19:
        raise VserverError(f"vserver: invalid S_NICE: {text}")
    return int(text)


def _options(word: str, letter: str, modes: set[str], wrong: list[str]) -> str:
    """Take in a cluster of letters; the resource letter that waits for its value."""
    for option in word[1:]:
        if option in "HS":
            modes.add(option)
        elif option not in _RESOURCES:
            wrong.append(f"ulimit: -{option}: invalid option")
        else:
            if letter:
                wrong.append(f"ulimit: -{letter}: value missing")
            letter = option
    return letter


def _value(letter: str, word: str, wanted: list[tuple[str, int | str]], wrong: list[str]) -> None:
    unit = _RESOURCES[letter][1]
    if word == "unlimited":
        wanted.append((letter, RLIM_INFINITY))
    elif word in ("hard", "soft"):
        wanted.append((letter, word))
    elif _is_number(word) and int(word) * unit <= _LARGEST:
        wanted.append((letter, int(word) * unit))
    else:
        wrong.append(f"ulimit: {word}: invalid number")


def _set(limit: Limit) -> str:
    kind = _RESOURCES[limit.letter][0]
    soft, hard = resource.getrlimit(kind)
    value = limit.value
    if isinstance(value, str):
        value = hard if value == "hard" else soft
    new_hard = value if limit.hard else hard
    new_soft = value if limit.soft else lower(soft, new_hard)
    try:
        resource.setrlimit(kind, (new_soft, new_hard))
    except OSError as error:
        return f"ulimit: -{limit.letter}: cannot modify limit: {reason(error)}"
    except ValueError as error:  # what the module makes of EPERM and EINVAL
        return f"ulimit: -{limit.letter}: cannot modify limit: {error}"
    return ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20
