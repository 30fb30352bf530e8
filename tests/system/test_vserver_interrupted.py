"""vserver is killed at any step, or its disk is full: the next command puts it right.

strace(1) kills vserver as it enters a system call that changes something. All of these are
tried with VSERVER_TEST_EVERY_STEP set, about a dozen of each command without.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from guests import busybox, write_conf

if TYPE_CHECKING:
    from testhost import TestHost

CHANGING = """
    bpf chdir chmod clone clone3 execve fchmod fchown fchownat fcntl flock fsetxattr fsmount
    fsopen ftruncate futimens ioctl kill link linkat mkdir mkdirat mknod mknodat mount
    mount_setattr move_mount open_tree openat2 pidfd_open pidfd_send_signal pipe2 rename renameat
    renameat2 rmdir sendmsg sendto setns setxattr symlink symlinkat umount2 unlink unlinkat
    unshare utimensat vfork wait4 waitid write
""".split()
LOOKING = ("TCGETS", "F_GETFD", "F_SETFD", "F_DUPFD")  # what changes nothing of these
CALL = re.compile(r"^(\w+)\(")
SAMPLE = 12
CONF = {"IPROOT": "eth0:192.0.2.20", "S_HOSTNAME": "web.example.com", "S_FLAGS": "lock"}


@pytest.fixture
def web(host: TestHost) -> TestHost:
    """A host with the guest "web"."""
    busybox.make(host, "web", conf=CONF)
    _must(host, "exec true")  # the first one loads the programs of the address sets, for all
    _must(host, "stop")
    return host


@pytest.mark.parametrize(
    ("before", "command"),
    [
        ("stop", "start"),
        ("stop", "exec true"),
        ("start", "exec true"),
        ("start", "stop"),
        ("start", "restart"),
    ],
)
@pytest.mark.parametrize("after", ["start", "stop"])
def test_the_next_command_works(web: TestHost, before: str, command: str, after: str) -> None:
    _kill_at_each_step(web, before, command, after)


def test_the_next_command_works_with_a_user_namespace(web: TestHost) -> None:
    write_conf(web, "web", {**CONF, "S_FLAGS": "userns"})
    _kill_at_each_step(web, "stop", "start", "stop")
    assert len(set(web.run("readlink /proc/[0-9]*/ns/user").out.split())) == 1


@pytest.mark.parametrize("after", ["start", "stop"])
def test_the_next_command_works_with_a_network_of_its_own(web: TestHost, after: str) -> None:
    write_conf(web, "web", {**CONF, "S_FLAGS": "netns"})
    _kill_at_each_step(web, "stop", "start", after)


def _kill_at_each_step(web: TestHost, before: str, command: str, after: str) -> None:
    _must(web, before)
    steps = _sample(_steps(web, command))
    killed = 0
    for name, number in steps:
        _must(web, before)
        killed += _run_killed(web, command, name, number)
        where = f"{command} killed at {name} {number}"
        _must(web, after, where)
        if after == "start":
            assert web.run("wget -q -O - http://192.0.2.20/").out == "web\n", where
            _must(web, "stop", where)
        assert _left(web) == [], where
    assert killed > len(steps) / 2  # a few calls come less often each time


def _must(host: TestHost, command: str, where: str = "") -> None:
    result = host.run(f"vserver --silent web {command}", timeout=20)
    assert result.status == 0, (where, result)
    assert "Traceback" not in result.err, (where, result)


def _steps(host: TestHost, command: str) -> list[tuple[str, int]]:
    """The calls of ``command`` that change something: name, and how often until then."""
    trace = ",".join(f"?{name}" for name in CHANGING)  # machines differ
    host.run(f"strace -o /tmp/trace -e trace={trace} vserver --silent web {command}")
    count: Counter[str] = Counter()
    steps = []
    for line in host.read("/tmp/trace").splitlines()[1:]:  # after its own execve
        if found := CALL.match(line):
            count[found[1]] += 1
            if not any(word in line for word in LOOKING):
                steps.append((found[1], count[found[1]]))
    return steps


def _sample(steps: list[tuple[str, int]]) -> list[tuple[str, int]]:
    every = 1 if os.environ.get("VSERVER_TEST_EVERY_STEP") else -(-len(steps) // SAMPLE)
    return steps[::every]


def _run_killed(host: TestHost, command: str, name: str, number: int) -> bool:
    fault = f"-e trace={name} -e inject={name}:signal=KILL:when={number}"
    result = host.run(f"strace -o /dev/null {fault} vserver --silent web {command}")
    return result.status in (-9, 137)


def _left(host: TestHost) -> list[str]:
    """What is left of the guest on the host when it is stopped."""
    script = (
        "find /sys/fs/cgroup/vserver /sys/fs/cgroup/unified/vserver"
        " -mindepth 1 -maxdepth 1 -type d 2>/dev/null;"
        "find /var/run/vservers -type f ! -name web.ctx ! -name '*lock';"
        "find /vservers/web -xdev -name '.*' ! -name .bashrc;"
        "ip -o addr show label 'eth0:*'; pgrep -a httpd;"
        "ip -br link | grep '^vs'; ip neigh show proxy; ip route show 192.0.2.20;"
        "grep /vservers/ /proc/self/mounts"
    )
    return host.run(script).out.splitlines()


# --- disks -------------------------------------------------------------------------------

FILL = (
    "cat /dev/zero >{0}/filler 2>/dev/null; i=0; while : 2>/dev/null >{0}/f$i; do i=$((i+1)); done"
)


def _complains_well(host: TestHost, command: str) -> int:
    """The status of ``command``, which may fail, but only with lines of its own."""
    result = host.run(f"vserver --silent web {command}", timeout=20)
    assert "Traceback" not in result.err and "internal error" not in result.err, result
    assert result.status == 0 or result.err, result
    return result.status


def test_no_space_for_the_state_file(web: TestHost) -> None:
    web.run("mkdir -p /var/run/vservers; mount -t tmpfs -o size=4k,nr_inodes=4 t /var/run/vservers")
    web.run(["bash", "-c", FILL.format("/var/run/vservers")])
    assert _complains_well(web, "start") != 0
    assert _complains_well(web, "exec true") != 0
    web.run("umount /var/run/vservers")
    _must(web, "stop")
    assert _left(web) == []


def test_no_space_in_the_tree(host: TestHost) -> None:
    host.run("mount -t tmpfs -o size=12m t /vservers")
    busybox.make(host, "web", conf=CONF)
    host.run("cat /dev/zero >/vservers/web/filler 2>/dev/null")
    _complains_well(host, "start")
    _must(host, "stop")
    assert _left(host) == []


def test_tree_is_read_only(web: TestHost) -> None:
    web.run("mount --bind /vservers/web /vservers/web; mount -o remount,bind,ro /vservers/web")
    _complains_well(web, "start")
    assert _complains_well(web, "exec true") == 0
    _must(web, "stop")
    web.run("umount /vservers/web")
    assert _left(web) == []


@pytest.mark.parametrize("directory", ["dev", "etc", "proc", "sbin", "tmp", "var", "var/run"])
def test_a_directory_is_missing(web: TestHost, directory: str) -> None:
    web.run(f"rm -rf /vservers/web/{directory}")
    _complains_well(web, "start")
    _complains_well(web, "exec true")
    _must(web, "stop")
    assert _left(web) == []
