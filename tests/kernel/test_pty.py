"""The terminal of a command in a context, and the administrator's, which it never sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steps import eventually

if TYPE_CHECKING:
    from testhost import TestHost

BOTH = "stty -a >/tmp/before; {} ; stty -a >/tmp/after; cmp /tmp/before /tmp/after && echo the same"


def test_the_terminal_is_another_one_than_the_administrators(host: TestHost) -> None:
    stat = "stat -L -c %d:%i /dev/stdin"
    command = f"{stat} >/tmp/outer; chcontext --silent {stat} >/tmp/inner; echo end"
    with host.terminal(command) as terminal:
        terminal.expect("end")
    assert host.read("/tmp/outer") != host.read("/tmp/inner")


@pytest.mark.parametrize("signal", ["TERM", "HUP", "INT", "QUIT"])
def test_a_signal_for_chcontext_ends_the_command_and_restores_the_terminal(
    host: TestHost, signal: str
) -> None:
    with host.terminal(BOTH.format("chcontext --silent sleep 4711")) as terminal:
        eventually(lambda: host.run("pgrep -x -f 'sleep 4711'").status == 0, "start")
        eventually(
            lambda: host.run(
                f"pkill -{signal} -x vserver || pkill -{signal} -f '^chcontext wait'"
            ).status
            == 0,
            "relay",
        )
        terminal.expect("the same")
    assert host.run("pgrep -x -f 'sleep 4711'").status == 1


def test_no_output_is_lost_at_the_end(host: TestHost) -> None:
    with host.terminal("chcontext --silent seq 20000; echo end") as terminal:
        terminal.expect("end")
        assert "19999\n20000\nend" in terminal.screen
        assert len(terminal.screen.split()) == 20001


def test_what_is_pasted_arrives_whole(host: TestHost) -> None:
    with host.terminal(
        "chcontext --silent sh -c 'stty -echo; echo ready; cat >/tmp/pasted'"
    ) as terminal:
        terminal.expect("ready")
        for number in range(300):
            terminal.send(f"line {number}\n")
        terminal.send("\x04")
        assert terminal.wait() == 0
    assert host.read("/tmp/pasted").splitlines() == [f"line {number}" for number in range(300)]


def test_the_hang_up_of_the_administrator_ends_the_command(host: TestHost) -> None:
    with host.terminal("chcontext --silent sleep 4711"):
        eventually(lambda: host.run("pgrep -x -f 'sleep 4711'").status == 0, "start")
    eventually(lambda: host.run("pgrep -x -f 'sleep 4711'").status == 1, "end")


def test_without_a_terminal_there_is_none(host: TestHost) -> None:
    assert host.run("chcontext --silent tty").out == "not a tty\n"


def test_the_terminals_of_the_context_are_numbered_from_0(host: TestHost) -> None:
    with host.terminal("chcontext --silent sh -c 'tty; ls /dev/pts'") as terminal:
        terminal.expect("/dev/pts/0\n")
        terminal.expect("0  ptmx")
