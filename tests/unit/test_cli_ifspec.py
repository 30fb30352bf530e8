"""ifspec: what it prints for a shell to evaluate, and nothing else."""

from __future__ import annotations

import sys

import pytest

from vserver.cli import ifspec
from vserver.errors import VserverError

LOOPBACK = "ADDR=127.0.0.1\nNETMASK=255.0.0.0\nBCAST=127.255.255.255\n"


def outcome(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Status, standard output and standard error of ifspec with these words."""
    monkeypatch.setattr(sys, "argv", ["ifspec", *words])
    status = ifspec.main()
    shown = capsys.readouterr()
    return status, shown.out, shown.err


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["lo"], LOOPBACK),
        (["lo", ""], LOOPBACK),
        (["lo", "127.0.0.1"], LOOPBACK),
        (["lo", "", "8", ""], LOOPBACK),
        (["--", "lo"], LOOPBACK),
        (
            ["", "10.1.2.3", "255.255.0.0"],
            "ADDR=10.1.2.3\nNETMASK=255.255.0.0\nBCAST=10.1.255.255\n",
        ),
        (["", "10.1.2.3", "26"], "ADDR=10.1.2.3\nNETMASK=255.255.255.192\nBCAST=10.1.2.63\n"),
        (
            ["lo", "10.1.2.3", "16", "10.1.0.0"],
            "ADDR=10.1.2.3\nNETMASK=255.255.0.0\nBCAST=10.1.0.0\n",
        ),
    ],
)
def test_three_lines_are_a_success(
    words: list[str],
    out: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert outcome(words, monkeypatch, capsys) == (0, out, "")


@pytest.mark.parametrize(
    ("words", "out", "err"),
    [
        (
            ["none0"],
            "",
            "ioctl(SIOCGIFADDR): No such device\nioctl(SIOCGIFNETMASK): No such device\n",
        ),
        (
            ["none0", "10.1.2.3"],
            "ADDR=10.1.2.3\n",
            "ioctl(SIOCGIFNETMASK): No such device\n",
        ),
        (["lo:none", "", "24"], "NETMASK=255.255.255.0\n", "ioctl(SIOCGIFADDR): Cannot assign"),
        ([""], "", ""),
        (["", "10.1.2.3"], "ADDR=10.1.2.3\n", ""),
        (["", "", "24"], "NETMASK=255.255.255.0\n", ""),
        (["", "10.1", "24"], "ADDR=10.1\nNETMASK=255.255.255.0\n", "Invalid IP number or n"),
        (["", "10.1.2.3", "33"], "ADDR=10.1.2.3\nNETMASK=33\n", "Invalid IP number or netmask: 33"),
        (["", "$(id)", "24"], "NETMASK=255.255.255.0\n", "Invalid IP number or netmask: $(id)\n"),
        (["", "10.1.2.3", "24", "1\nid"], "ADDR=10.1.2.3\nNETMASK=255.255.255.0\n", "Invalid IP"),
        (["lo", "host.example.com", "24", "1.2.3.4"], "NETMASK=255.255.255.0\nBCAST=1.2.3.4\n", ""),
    ],
)
def test_what_is_missing_or_dangerous_is_left_out(
    words: list[str],
    out: str,
    err: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, shown, said = outcome(words, monkeypatch, capsys)
    assert (status, shown) == (255, out)
    assert said.startswith(err)


@pytest.mark.parametrize("words", [[], ["--all"], ["-"], ["lo", "1", "2", "3", "4"]])
def test_other_words_show_the_usage(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["ifspec", *words])
    with pytest.raises(VserverError, match=r"^ifspec version 0\.31\n") as raised:
        ifspec.main()
    assert raised.value.status == 255
