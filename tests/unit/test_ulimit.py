"""ULIMIT means what the shell's ulimit command would make of it."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable

import pytest

from vserver.errors import VserverError
from vserver.ulimit import apply, nice_increment, parse, processes

INFINITY = resource.RLIM_INFINITY


def parsed(text: str) -> list[tuple[str, int | str, str]]:
    limits, wrong = parse(text)
    assert wrong == []
    return [(m.letter, m.value, "H" * m.hard + "S" * m.soft) for m in limits]


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", []),
        ("-HS -u 1000", [("u", 1000, "HS")]),
        ("-H -u 1000", [("u", 1000, "H")]),
        ("-u 1000", [("u", 1000, "HS")]),
        ("-HSu 200", [("u", 200, "HS")]),
        ("-HS -u 1000 -n 512", [("u", 1000, "HS"), ("n", 512, "HS")]),
        ("-u 9 -S -t 60", [("u", 9, "S"), ("t", 60, "S")]),
        ("100", [("f", 102400, "HS")]),
        ("-c 0 -d 1", [("c", 0, "HS"), ("d", 1024, "HS")]),
        ("-l unlimited", [("l", INFINITY, "HS")]),
        ("-S -n hard", [("n", "hard", "S")]),
    ],
)
def test_words_of_ulimit(text: str, limits: list[tuple[str, int | str, str]]) -> None:
    assert parsed(text) == limits


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-z 5", "ulimit: -z: invalid option"),
        ("-u many", "ulimit: many: invalid number"),
        ("-u", "ulimit: -u: value missing"),
        ("-un 7", "ulimit: -u: value missing"),
        ("-v 99999999999999999999", "ulimit: 99999999999999999999: invalid number"),
        ("-n -5", "ulimit: -5: invalid option"),
    ],
)
def test_a_bad_word_is_named(text: str, message: str) -> None:
    assert message in parse(text)[1]


def test_a_bad_word_spares_the_others() -> None:
    limits, wrong = parse("-q 5 -n 64")
    assert [m.letter for m in limits if m.letter == "n"] == ["n"]
    assert wrong


def in_child(action: Callable[[], str]) -> str:
    """What ``action`` returns in a process of its own."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write, action().encode())
        os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    with os.fdopen(read) as result:
        return result.read()


def limited(text: str, kind: int, privileged: bool = True) -> str:
    """The soft and hard limit after ``text`` was applied, or the messages."""

    def action() -> str:
        if not privileged and os.getuid() == 0:
            os.setuid(65534)
        messages = apply(parse(text)[0])
        return "; ".join(messages) or "{} {}".format(*resource.getrlimit(kind))

    return in_child(action)


def test_limits_are_set() -> None:
    assert limited("-HS -n 33", resource.RLIMIT_NOFILE) == "33 33"
    assert limited("-S -n 33", resource.RLIMIT_NOFILE).startswith("33 ")
    assert limited("-HS -c 2", resource.RLIMIT_CORE) == "2048 2048"


def test_a_hard_limit_lowers_the_soft_one() -> None:
    assert limited("-H -n 21", resource.RLIMIT_NOFILE) == "21 21"
    assert limited("-HS -n 40 -n 30", resource.RLIMIT_NOFILE) == "30 30"


def test_the_words_hard_and_soft() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert limited("-S -n hard", resource.RLIMIT_NOFILE) == f"{hard} {hard}"


def test_a_refused_limit_is_a_message() -> None:
    said = limited("-HS -n 5 -n 6", resource.RLIMIT_NOFILE, privileged=False)
    assert said.startswith("ulimit: -n: cannot modify limit: ")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "number"),
    [("-HS -u 77", 77), ("-u unlimited", None), ("-n 5", None), ("-u 5 -u 6", 6)],
)
def test_the_number_of_processes(text: str, number: int | None) -> None:
    assert processes(parse(text)[0]) == number


@pytest.mark.parametrize(("text", "number"), [("", 0), ("5", 5), ("-20", -20), ("+19", 19)])
def test_nice(text: str, number: int) -> None:
    assert nice_increment(text) == number


@pytest.mark.parametrize("text", ["20", "-21", "x", "1 ", "1_0", "--1", "٣", "9" * 5000, "-"])
def test_a_bad_nice(text: str) -> None:
    with pytest.raises(VserverError, match=r"^vserver: invalid S_NICE: "):
        nice_increment(text)
