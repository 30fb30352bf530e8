"""The service vservers with a guest whose start never ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guests import busybox

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


def test_a_start_that_hangs_does_not_keep_the_next_one_waiting_for_ever(host: TestHost) -> None:
    busybox.make(host, "bad", conf={"ONBOOT": "yes"}, files=HANGING)
    busybox.make(host, "good", conf={"ONBOOT": "yes"})
    host.write("/tmp/vservers", IMPATIENT)
    result = host.run("python3 /tmp/vservers start", timeout=60)
    assert result.status == 0
    assert "vservers: the start of 'bad' takes too long\n" in result.err
    assert host.run("vserver good running").status == 0
    host.run("vserver bad exec killall sleep")
    assert host.run("/etc/init.d/vservers stop").status == 0
    assert host.run("vserver bad running").status != 0
