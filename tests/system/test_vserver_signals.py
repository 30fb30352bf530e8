"""A signal for vserver or chcontext finds the command, however early it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guests import busybox

if TYPE_CHECKING:
    from testhost import TestHost

PATIENT = "trap 'echo got it; exit 3' {signal}; echo ready; while :; do sleep 0.1; done"
# vserver gets ready to become the program that waits for the command, and does so a second late.
LATE = "strace -o /dev/null -e trace=close_range -e inject=close_range:delay_enter=1000000:when=1"


def check_passes_on(host: TestHost, signal: str, command: str) -> None:
    """A signal that reaches ``command`` before it waits is heard by the patient script inside."""
    with host.start(f"exec {LATE} {command}") as process:
        process.expect("ready")
        host.run(f"pkill -{signal} -x {command.split()[0]}")
        process.expect("got it")
        assert process.wait().status == 3


@pytest.mark.parametrize("signal", ["HUP", "TERM", "USR1", "USR2"])
def test_a_signal_before_vserver_waits_reaches_the_command(host: TestHost, signal: str) -> None:
    busybox.make(host, "web")
    assert host.run("vserver web start").status == 0
    host.write("/vservers/web/patient", PATIENT.format(signal=signal))
    check_passes_on(host, signal, "vserver --silent web exec sh /patient")


@pytest.mark.parametrize("signal", ["HUP", "TERM", "USR1", "USR2"])
@pytest.mark.parametrize("flag", ["", "--flag fakeinit"])
def test_a_signal_before_chcontext_waits_reaches_the_command(
    host: TestHost, signal: str, flag: str
) -> None:
    host.write("/root/patient", PATIENT.format(signal=signal))
    check_passes_on(host, signal, f"chcontext --silent {flag} sh /root/patient")


@pytest.mark.parametrize("flag", ["", "--flag fakeinit"])
def test_the_command_of_chcontext_blocks_what_its_caller_does(host: TestHost, flag: str) -> None:
    command = f"chcontext --silent {flag} grep SigBlk: /proc/self/status"
    assert host.run(command).out == "SigBlk:\t0000000000000000\n"
    blocked = "import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))"
    become = f"{blocked}; words = {command.split()}; os.execvp(words[0], words)"
    assert host.run(["python3", "-c", become]).out == "SigBlk:\t0000000000004000\n"
