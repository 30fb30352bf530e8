"""The reboot manager beside hostile guests: nobody else is kept waiting for more than a second."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import TYPE_CHECKING

import pytest

from guests import busybox
from steps import eventually
from vserver.rebootchannel import MAX_CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testhost import TestHost

BOOT_LOG = "/var/log/boot.log"
MEMORY_KB = 20 * 1024
NEIGHBOURS = 1000

# A vserver command that only tells when it was called, so that the time measured is the manager's
VSERVER = """\
#!/bin/sh
echo "vserver $*"
"""
LAUNCH = """\
sys.path.append("/usr/lib/vserver/python")
from vserver.cli import run
from vserver.cli.vserver import main
run(main)
"""
FLOOD = """\
import socket, sys
held = []
while True:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(0.1)
    try:
        sock.connect(sys.argv[1])
        sock.sendall({said!r})
    except OSError:
        pass
    held = [*held[-900:], sock]
"""
LINES = """\
import socket, sys
while True:
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(sys.argv[1])
    try:
        while True:
            sock.sendall(b"reboot\\n" * 1000)
    except OSError:
        pass
"""
ATTACKS = {
    "connections that say nothing": FLOOD.format(said=b""),
    "half a line": FLOOD.format(said=b"reboo"),
    "invalid requests": FLOOD.format(said=b"\xff\0reboot\n"),
    "endless lines": FLOOD.format(said=b"x" * 100000),
    "valid requests on many connections": FLOOD.format(said=b"reboot\n"),
    "valid requests on one connection": LINES,
}


@pytest.fixture
def served(host: TestHost) -> TestHost:
    """A host with the trees "bad" and "good", whose requests are counted and not carried out."""
    for name in ("bad", "good"):
        host.write(f"/etc/vservers/{name}.conf", "")
        host.run(["mkdir", "-p", f"/vservers/{name}"])
    host.write("/usr/sbin/vserver", VSERVER, 0o755)
    assert host.run("/etc/init.d/rebootmgr start").status == 0
    return host


@contextlib.contextmanager
def connection(host: TestHost, name: str) -> Iterator[socket.socket]:
    """A connection to the manager through the socket of guest ``name``."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(host.path(f"/vservers/{name}/dev/reboot"))
        sock.settimeout(10)
        yield sock


def ask(host: TestHost, name: str, line: bytes) -> float:
    """Send ``line`` for guest ``name``; the seconds until the command for it ran."""
    command = {b"reboot\n": "restart", b"halt\n": "stop"}[line]
    before = calls(host, name, command)
    began = time.monotonic()
    with connection(host, name) as sock:
        sock.sendall(line)
        eventually(lambda: calls(host, name, command) > before, f"vserver {name} {command}")
    return time.monotonic() - began


def calls(host: TestHost, name: str, command: str) -> int:
    """How often ``vserver NAME COMMAND`` was called."""
    try:
        return host.read(BOOT_LOG).splitlines().count(f"vserver {name} {command}")
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_flood_of_one_guest_delays_no_other(served: TestHost, attack: str) -> None:
    before = descriptors(served)
    served.write("/tmp/attack", ATTACKS[attack])
    words = ["python3", "/tmp/attack", "/vservers/bad/dev/reboot"]
    with served.start(words) as one, served.start(words) as other:
        time.sleep(1)
        delays = [ask(served, "good", b"reboot\n") for _ in range(3)]
        assert one.running
        assert other.running
    assert max(delays) < 1
    assert ask(served, "bad", b"halt\n") < 3
    # what the two have sent before they ended may still have to be read
    eventually(lambda: descriptors(served) <= before + 2, "the connections are closed")
    assert peak_memory(served, int(served.read("/var/run/rebootmgr.pid"))) < MEMORY_KB


def test_a_newcomer_whose_configuration_cannot_be_read_ends_nothing(served: TestHost) -> None:
    served.run("ln -s /proc/self/mem /etc/vservers/new.conf; mkdir /vservers/new")
    served.run("cd /var/run/vservers; echo S_CONTEXT=500 >state; mv state new.ctx")
    for _ in range(2):
        assert ask(served, "good", b"reboot\n") < 1
    assert served.run("/etc/init.d/rebootmgr restart").status == 0
    assert ask(served, "good", b"reboot\n") < 1


def test_held_connections_are_limited(served: TestHost) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(2 * MAX_CONNECTIONS):
            stack.enter_context(connection(served, "bad"))
        eventually(lambda: descriptors(served) <= MAX_CONNECTIONS + 16, "old ones are closed")
        assert ask(served, "good", b"reboot\n") < 1


def descriptors(host: TestHost) -> int:
    """How many descriptors the manager has open."""
    return int(host.run("ls /proc/$(cat /var/run/rebootmgr.pid)/fd | wc -l").out)


def test_the_commands_inherit_nothing(served: TestHost) -> None:
    served.write("/usr/sbin/vserver", "#!/bin/sh\nls -l /proc/$$/fd; ulimit -n\n", 0o755)
    with connection(served, "bad"), connection(served, "good") as sock:
        sock.sendall(b"halt\n")
        eventually(lambda: "".join(log(served)[-1:]).isdigit(), "the list")
    assert not [line for line in log(served) if "socket" in line or "anon_inode" in line]
    assert log(served)[-1] == served.run("ulimit -n").out.strip()


def log(host: TestHost) -> list[str]:
    """The lines of the boot log."""
    try:
        return host.read(BOOT_LOG).splitlines()
    except FileNotFoundError:
        return []


def test_a_command_that_hangs_delays_no_other_guest(served: TestHost) -> None:
    hanging = '#!/bin/sh\necho "vserver $*"\n[ $1 = good ] || sleep 1000\n'
    served.write("/usr/sbin/vserver", hanging, 0o755)
    assert ask(served, "bad", b"reboot\n") < 1
    assert ask(served, "good", b"reboot\n") < 1
    with connection(served, "bad") as sock:
        sock.sendall(b"halt\nreboot\nhalt\n")
        assert ask(served, "good", b"halt\n") < 1
    assert calls(served, "bad", "stop") == 0


# The manager on a machine where a new process waits for a processor before it is a command.
BUSY = """\
import sys, time
sys.path.append("/usr/lib/vserver/python")
from vserver import rebootjobs
from vserver.cli import rebootmgr
become = rebootjobs._become
rebootjobs._become = lambda words: (time.sleep(0.5), become(words))
sys.exit(rebootmgr.main())
"""


def test_a_command_may_end_while_the_next_is_being_made(served: TestHost) -> None:
    served.write("/tmp/rebootmgr", BUSY)
    assert served.run("/etc/init.d/rebootmgr stop; rm /vservers/good/dev/reboot").status == 0
    with served.start(["python3", "/tmp/rebootmgr", "bad", "good"]) as manager:
        good = served.path("/vservers/good/dev") + "/reboot"
        eventually(lambda: os.path.exists(good), "it serves")
        with connection(served, "bad") as bad, connection(served, "good") as sock:
            bad.sendall(b"reboot\n")
            time.sleep(0.2)
            sock.sendall(b"reboot\n")
            eventually(lambda: calls(served, "good", "restart"), "the second command")
        assert calls(served, "bad", "restart") == 1
        assert ask(served, "good", b"halt\n") < 2
        assert manager.running


def test_it_survives_signals_and_the_loss_of_a_tree(served: TestHost) -> None:
    served.run("rm -rf /vservers/bad")
    for name in ("HUP", "USR1", "USR2", "PIPE", "ALRM", "QUIT", "CHLD", "WINCH"):
        served.run(f"kill -{name} $(cat /var/run/rebootmgr.pid)")
    assert ask(served, "good", b"reboot\n") < 1


def test_a_missing_command_is_told_in_the_boot_log(served: TestHost) -> None:
    served.run("rm /usr/sbin/vserver")
    with connection(served, "good") as sock:
        sock.sendall(b"halt\n")
        eventually(lambda: log(served), "a line")
    assert log(served) == ["rebootmgr: cannot execute /usr/sbin/vserver: No such file or directory"]
    served.write("/usr/sbin/vserver", VSERVER, 0o755)
    assert ask(served, "good", b"halt\n") < 1


def test_a_guest_can_only_take_its_own_socket_away(host: TestHost) -> None:
    """Inside, even root can change /dev, but not the directory that the manager uses."""
    for name in ("bad", "good"):
        busybox.make(host, name)
        host.run(f"cp /usr/lib/vserver/vreboot /vservers/{name}/sbin/")
    assert host.run("vserver bad start").status == 0
    assert host.run("/etc/init.d/rebootmgr start").status == 0
    inside = "vserver --silent bad exec sh -c"
    assert host.run(f"{inside} 'rm /dev/.tree/reboot'").err == (
        "rm: can't remove '/dev/.tree/reboot': Read-only file system\n"
    )
    assert host.run(f"{inside} 'umount /dev/.tree; umount -l /dev'").status != 0
    assert host.run(f"{inside} 'rm /dev/reboot; ln -s /etc/passwd /dev/reboot'").status == 0
    assert host.run(f"{inside} vreboot").err == "connect /dev/reboot (Connection refused)\n"
    assert host.run("/etc/init.d/rebootmgr restart").err == ""
    assert host.run("vserver bad stop; vserver bad start").status == 0
    assert host.run(f"{inside} vreboot").status == 0
    assert host.run("/etc/init.d/rebootmgr status").status == 0


# The manager with less patience than it has.
IMPATIENT = """\
import sys
sys.path.append("/usr/lib/vserver/python")
from vserver import rebootlevel
from vserver.cli import rebootmgr
rebootlevel.STILL_SECONDS = 4.0
sys.exit(rebootmgr.main())
"""


def test_a_service_that_a_shutdown_forgets_does_not_prevent_the_restart(host: TestHost) -> None:
    busybox.make(host, "own", layout="fakeinit", conf={"S_FLAGS": "fakeinit"})
    host.write("/tmp/rebootmgr", IMPATIENT)
    assert host.run("vserver own start").status == 0
    with host.start(["python3", "/tmp/rebootmgr", "own"]):
        assert host.run("vserver --silent own exec sh -c 'setsid sleep 4711 &'").status == 0
        assert host.run("vserver --silent own exec init 6").status == 0
        eventually(lambda: "Starting the virtual server own" in log(host), "start", seconds=30)
    assert host.run("pgrep -x -f 'sleep 4711'").status == 1


HOSTILE_RECORDS = {
    "a fifo": "mkfifo {utmp}",
    "a link to the host's": "ln -s /proc/1/root/var/run/utmp {utmp}",
    "a directory": "mkdir {utmp}",
    "no record": "head -c 400 /dev/urandom >{utmp}",
    "an endless file": "truncate -s 1T {utmp}",
}


@pytest.mark.parametrize("prank", HOSTILE_RECORDS)
def test_a_hostile_run_level_record_harms_nobody(served: TestHost, prank: str) -> None:
    busybox.make(served, "own", layout="fakeinit", conf={"S_FLAGS": "fakeinit"})
    command = "import sys; sys.argv = ['vserver', '--silent', 'own', 'start']"
    served.write("/tmp/start", f"{command}\n{LAUNCH}")
    assert served.run("python3 /tmp/start").status == 0
    utmp = "/vservers/own/var/run/utmp"
    served.run(f"rm {utmp}; {HOSTILE_RECORDS[prank].format(utmp=utmp)}")
    with served.start(["rebootmgr", "own", "good"]) as manager:
        time.sleep(5)
        assert ask(served, "good", b"reboot\n") < 1
        assert manager.running
    assert calls(served, "own", "restart") == calls(served, "own", "stop") == 0


def test_a_thousand_guests_take_little_memory(served: TestHost) -> None:
    names = [f"n{number}" for number in range(NEIGHBOURS)]
    for name in names:
        os.mkdir(served.path(f"/vservers/{name}"))
        served.write(f"/etc/vservers/{name}.conf", "")
    with served.start(["rebootmgr", "good", *names]) as manager, contextlib.ExitStack() as stack:
        last = served.path(f"/vservers/{names[-1]}/dev") + "/reboot"
        eventually(lambda: os.path.exists(last), "it serves", seconds=60)
        for name in names:
            stack.enter_context(connection(served, name)).sendall(b"hal")
        assert ask(served, "good", b"reboot\n") < 1
        assert peak_memory(served, manager.pid) < MEMORY_KB


def peak_memory(host: TestHost, pid: int) -> int:
    """The most that process ``pid`` has used, in KiB."""
    lines = host.run(["cat", f"/proc/{pid}/status"]).out.splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
