"""Guests whose start never ends keep nobody waiting, and are stopped like any other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from guests import busybox
from steps import eventually

if TYPE_CHECKING:
    from testhost import TestHost

# The service with less patience than it has.
IMPATIENT = """\
import sys
sys.path.append("/usr/lib/vserver/python")
from vserver.cli import vservers
vservers.START_SECONDS = 2.0
sys.exit(vservers.main())
"""
HANGING = {"etc/rc.d/rc3.d/S10hanging": "#!/bin/sh\nexec sleep 1000\n"}
STOP_SECONDS = 20.0  # 10 for the start, 5 for the services, and a busy machine


@pytest.fixture
def hanging(host: TestHost) -> TestHost:
    """A host with the guests "bad", whose start hangs, and "good" after it."""
    busybox.make(host, "bad", conf={"ONBOOT": "yes"}, files=HANGING)
    busybox.make(host, "good", conf={"ONBOOT": "yes"})
    return host


def test_a_start_that_hangs_does_not_keep_the_next_one_waiting(hanging: TestHost) -> None:
    hanging.write("/tmp/vservers", IMPATIENT)
    result = hanging.run("python3 /tmp/vservers start", timeout=60)
    assert result.status == 0
    assert "vservers: the start of 'bad' takes too long\n" in result.err
    assert hanging.run("vserver good running").status == 0
    _check_stop(hanging, "/etc/init.d/vservers stop")


@pytest.mark.parametrize("background", ["yes", "no"])
def test_a_shutdown_ends_a_start_that_hangs(hanging: TestHost, background: str) -> None:
    hanging.write("/etc/vservers.conf", f"BACKGROUND={background}\n")
    with hanging.start("/etc/init.d/vservers start"):
        _wait_for_script(hanging)
        _check_stop(hanging, "/etc/init.d/vservers stop")
    assert hanging.run("vserver good running").status != 0


@pytest.mark.parametrize("command", ["start", "restart"])
def test_a_stop_ends_a_start_that_hangs(hanging: TestHost, command: str) -> None:
    if command == "restart":
        hanging.run("vserver --silent bad exec sh -c 'httpd -h /var/www'")
    with hanging.start(f"vserver bad {command}") as start:
        _wait_for_script(hanging)
        _check_stop(hanging, "vserver bad stop")
        assert start.wait().status == 128 + 15  # SIGTERM, as the shell around it tells


def test_a_stop_does_not_end_another_stop(host: TestHost) -> None:
    busybox.make(host, "slow", files={"etc/rc.d/rc6.d/K10slow": "#!/bin/sh\nsleep 14\n"})
    assert host.run("vserver slow start").status == 0
    with host.start("vserver slow stop") as first:
        eventually(lambda: host.run("pgrep -x -f 'sleep 14'").status == 0, "the script")
        assert host.run("vserver slow stop", timeout=60).status == 0
        assert first.wait().status == 0


def _wait_for_script(host: TestHost) -> None:
    eventually(lambda: host.run("pgrep -x -f 'sleep 1000'").status == 0, "the start")


def _check_stop(host: TestHost, command: str) -> None:
    """``command`` stops everything in time."""
    began = time.monotonic()
    assert host.run(command, timeout=60).status == 0
    assert time.monotonic() - began < STOP_SECONDS
    assert host.run("vserver bad running").status != 0
    assert host.run("pgrep -x -f 'sleep 1000'").status == 1
