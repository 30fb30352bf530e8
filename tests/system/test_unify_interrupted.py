"""vunify and vbuild, killed at any moment: no file is lost, and the next run finishes."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest

from guests import debian

if TYPE_CHECKING:
    from testhost import TestHost

KILLS = 12
SUMS = "cd /vservers/{} && find . -type f ! -name '.vunify.new*' -exec md5sum {{}} + | sort -k 2"
COMMANDS = (
    "/usr/lib/vserver/vunify ref vs1 -- ALL",
    "/usr/lib/vserver/vunify --undo ref vs1 -- ALL",
)


@pytest.fixture
def guests(host: TestHost) -> TestHost:
    """A host with two equal guests."""
    for name in ("ref", "vs1"):
        debian.make(host, name)
    host.run("rm /etc/vservers/vs1.conf; rm -r /vservers/vs1; cp -a /vservers/ref /vservers/vs1")
    return host


def test_vunify_loses_nothing(guests: TestHost) -> None:
    chance = random.Random(1)
    whole = guests.run(SUMS.format("ref")).out
    for kill in range(KILLS):
        kill_after(guests, COMMANDS[kill % 2], chance.uniform(0.1, 1.0))
        assert guests.run(SUMS.format("vs1")).out == whole
        assert guests.run(SUMS.format("ref")).out == whole
    assert guests.run(COMMANDS[0]).status == 0
    assert guests.run("find /vservers -name '.vunify.new*'").out == ""


def test_vbuild_is_finished_by_the_next_one(guests: TestHost) -> None:
    chance = random.Random(2)
    for _ in range(KILLS // 2):
        kill_after(guests, "/usr/lib/vserver/vbuild ref new", chance.uniform(0.1, 0.5))
    assert guests.run("/usr/lib/vserver/vbuild ref new").status == 0
    assert guests.run("find /vservers -name '.vunify.new*'").out == ""
    assert guests.run(SUMS.format("new")).out == guests.run(SUMS.format("ref")).out


def kill_after(host: TestHost, command: str, seconds: float) -> None:
    """SIGKILL to ``command`` after a moment."""
    with host.start(f"exec {command} >/dev/null 2>&1") as process:
        time.sleep(seconds)
        process.kill()


@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_a_signal_ends_it_between_two_files(guests: TestHost, signal: str) -> None:
    result = guests.run(f"timeout -s {signal} 0.3 {COMMANDS[0]} >/dev/null; echo status $?")
    assert ("interrupted after" in result.err and "files" in result.err) or "status 0" in result.out
    assert guests.run("find /vservers -name '.vunify.new*'").out == ""
