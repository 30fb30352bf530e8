"""The cgroups that hold the address sets: made once, shared, swept, whatever is interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from testhost import Result, TestHost

CHBIND = "chbind --silent --ip 192.0.2.10"
REFUSED = "listen: Cannot assign requested address\n"


def leaves(host: TestHost) -> list[str]:
    return host.run("find /sys/fs/cgroup -name 'ip4-*' -type d").out.split()


def inject(host: TestHost, fault: str, command: str = f"{CHBIND} echo run") -> Result:
    """Run ``command`` with a fault that strace(1) causes."""
    return host.run(f"strace -o /dev/null -qq -e inject={fault} {command}")


def test_one_leaf_for_one_set(host: TestHost) -> None:
    for _ in range(2):
        assert host.run(f"{CHBIND} true").status == 0
    assert len(leaves(host)) == 1
    sleeping = f"{CHBIND} sh -c 'echo on; sleep 60'"
    with host.start(sleeping) as one, host.start(sleeping) as other:
        one.expect("on\n")
        other.expect("on\n")
        assert len(leaves(host)) == 1


def test_the_next_command_sweeps_what_is_empty(host: TestHost) -> None:
    with host.start(f"{CHBIND} sh -c 'echo on; sleep 60'") as sleeper:
        sleeper.expect("on\n")
        assert host.run("chbind --ip 192.0.2.11 true").status == 0
        assert host.run("chbind --ip 192.0.2.12 true").status == 0
        assert len(leaves(host)) == 2
    assert host.run("chbind --ip 192.0.2.13 true").status == 0
    assert len(leaves(host)) == 1


def test_a_socket_outlives_its_leaf_and_stays_restricted(host: TestHost) -> None:
    program = """
import os, socket, sys
sys.path.append("/usr/lib/vserver/python")
from vserver.kernel import cgroup, ipv4root
home = cgroup.current()
parent = cgroup.mount_point() + "/test"
os.mkdir(parent)
ipv4root.join(parent, ipv4root.AddressSet((("192.0.2.10", "255.255.255.0"),)))
s = socket.socket()
cgroup.join(home)
ipv4root.sweep(parent)
os.rmdir(parent)
try:
    s.bind(("192.0.2.11", 80))
except OSError as error:
    print(error.strerror)
"""
    host.run("ip addr add 192.0.2.11/24 dev eth0")
    result = host.run(["python3", "-c", program])
    assert (result.out, result.err) == ("Cannot assign requested address\n", "")


def test_the_first_users_after_boot_come_all_at_once(host: TestHost) -> None:
    commands = " & ".join([f"{CHBIND} echo yes"] * 12 + ["chbind --silent --ip eth0 echo yes"] * 12)
    result = host.run(f"{commands} & wait")
    assert (result.out.split(), result.err) == (["yes"] * 24, "")
    assert len(host.run("ls -d /sys/fs/bpf/vserver-*/bind4").out.split()) == 1


def test_sweeping_does_not_disturb_those_who_come(host: TestHost) -> None:
    loop = "for i in 1 2 3 4 5 6 7 8; do chbind --silent --ip 192.0.2.{} echo yes; done"
    loops = " & ".join(f"({loop.format(last)})" for last in (10, 11, 12, 10))
    result = host.run(f"{loops} & wait")
    assert (result.out.split(), result.err) == (["yes"] * 32, "")


@pytest.mark.parametrize(
    "call, steps",
    [("bpf", range(1, 120, 8)), ("flock", range(1, 7)), ("setxattr", (1, 2)), ("rename", (1,))],
)
def test_being_killed_at_any_step_leaves_nothing_in_the_way(
    host: TestHost, call: str, steps: range
) -> None:
    host.run("ip addr add 192.0.2.11/24 dev eth0")
    for step in steps:
        host.run("umount /sys/fs/bpf; mount -t bpf none /sys/fs/bpf")
        host.run("find /sys/fs/cgroup -name 'ip4-*' -type d -delete")
        inject(host, f"{call}:signal=KILL:when={step}")
        assert host.run(f"{CHBIND} listen 192.0.2.11:80").err == REFUSED, step


@pytest.mark.parametrize("error", ["EPERM", "ENOSYS", "EINVAL", "EOPNOTSUPP"])
def test_a_kernel_that_cannot_does_not_run_the_command(host: TestHost, error: str) -> None:
    result = inject(host, f"bpf:error={error}")
    assert (result.status, result.out) == (255, "")
    first, second = result.err.splitlines()
    assert first.startswith("Can't set the ipv4 root (cannot load the BPF programs: ")
    assert second.startswith("it takes ")
    assert leaves(host) == []


def test_a_failure_in_between_leaves_nothing(host: TestHost) -> None:
    host.run("chbind --ip 192.0.2.99 true; find /sys/fs/cgroup -name 'ip4-*' -type d -delete")
    for step in range(1, 31, 5):
        result = inject(host, f"bpf:error=ENOMEM:when={step}")
        assert (result.status, result.out) == (255, ""), step
        assert result.err.startswith("Can't set the ipv4 root (")
        assert "Cannot allocate memory)\n" in result.err
        assert leaves(host) == []


def test_the_file_system_for_programs_is_mounted_when_it_is_not(host: TestHost) -> None:
    host.run("umount /sys/fs/bpf")
    result = inject(host, "mount:error=EPERM")
    assert result.err.startswith("Can't set the ipv4 root (cannot mount the BPF file system on")
    assert host.run(f"{CHBIND} echo run").out == "run\n"
    assert host.run("findmnt -no FSTYPE /sys/fs/bpf").out == "bpf\n"


def test_pins_that_somebody_removed_are_no_obstacle(host: TestHost) -> None:
    assert host.run(f"{CHBIND} true").status == 0
    host.run("umount /sys/fs/bpf")
    assert host.run(f"{CHBIND} echo run").out == "run\n"
    assert host.run("chbind --silent --ip 192.0.2.11 echo run").out == "run\n"


def test_no_cgroup_v2(host: TestHost) -> None:
    host.run("umount -l /sys/fs/cgroup/unified /sys/fs/cgroup")
    result = host.run(f"{CHBIND} echo run")
    assert (result.status, result.out) == (255, "")
    assert "cgroup v2 is not mounted" in result.err


def test_what_holds_is_read_back(host: TestHost) -> None:
    program = """
import sys
sys.path.append("/usr/lib/vserver/python")
from vserver.kernel import cgroup, ipv4root
print(ipv4root.addresses_of(cgroup.current()))
print(ipv4root.addresses_of(cgroup.mount_point()).unrestricted)
"""
    host.write("/tmp/show.py", program)
    result = host.run(
        "chbind --silent --ip 192.0.2.10/25 --ip ::1 --bcast eth0 python3 /tmp/show.py"
    )
    assert result.out == "192.0.2.255 192.0.2.10/255.255.255.128 ::1\nTrue\n", result


def test_a_thousand_sets_leave_nothing(host: TestHost) -> None:
    program = """
import glob, os, sys, time
sys.path.append("/usr/lib/vserver/python")
from vserver.kernel import bpf, cgroup, ipv4root
parent = cgroup.mount_point() + "/test"
os.mkdir(parent)
def make(number):
    address = f"10.{number // 256}.{number % 256}.1"
    return ipv4root.make_leaf(parent, ipv4root.AddressSet(((address, "255.255.255.255"),)), [])
make(1000)  # the first serves the devices, too
[pinned] = glob.glob("/sys/fs/bpf/vserver-*/address_sets")
pinned = os.path.dirname(pinned)
pins = os.listdir(pinned)
sets = bpf.open_pinned(f"{pinned}/address_sets")
print(len({make(number) for number in range(1000)}), len(bpf.keys(sets, 8)))
while cgroup.children(parent):
    ipv4root.sweep(parent)
deadline = time.monotonic() + 10
while bpf.keys(sets, 8) and time.monotonic() < deadline:  # the kernel frees them in its own time
    time.sleep(0.01)
print(len(bpf.keys(sets, 8)), os.listdir(pinned) == pins)
"""
    result = host.run(["python3", "-c", program])
    assert (result.out, result.err) == ("1000 1001\n0 True\n", "")


PAIR = "ip link add eth7 index 77 type veth peer name far7 && ip link set eth7 up"
SET = "chbind --silent --ip 192.0.2.10 --ip 198.51.100.1"


def test_a_device_with_the_number_of_one_that_is_gone(host: TestHost) -> None:
    """Or one that was in another network namespace for a while: it keeps its number."""
    for gone in ("ip link del eth7", "true"):
        host.run(f"{PAIR} && ip addr add 198.51.100.1/24 dev eth7")
        assert host.run(f"{SET} true && {gone}").err == ""
    host.run("ip netns add far && ip link set far7 netns far")
    host.run("ip -n far addr add 198.51.100.2/24 dev far7 && ip -n far link set far7 up")
    with host.start(f"{SET} listen -u 0.0.0.0:6000 yes") as server:
        server.expect("listening")
        assert host.run("ip netns exec far ask -u 198.51.100.1:6000").out == "yes\n"


def test_devices_and_namespaces_that_come_and_go_leave_nothing(host: TestHost) -> None:
    come = "ip link add eth7 type veth peer name far7; ip addr add 198.51.100.1/24 dev eth7"
    pins = "ls /sys/fs/bpf/vserver-*"
    counts = []
    for _ in range(6):
        host.run(f"{come}; {SET} true; ip link del eth7")
        assert host.run(["unshare", "-n", "sh", "-c", f"ip link set lo up; {SET} true"]).err == ""
        counts.append(len(host.run(pins).out.splitlines()))
    assert max(counts) <= counts[0] + 10, counts  # the kernel ends namespaces in its own time


def test_clearing_up_takes_no_longer_where_there_are_many(host: TestHost) -> None:
    """A command looks at some of the sets that others may have left, not at all of them."""
    counts = []
    for number in range(1, 81):
        start = f"chbind --silent --ip 10.1.1.{number} sh -c 'sleep 60 >/dev/null 2>&1 &'"
        assert host.run(start).status == 0
        if number in (40, 80):
            host.run(f"strace -o /tmp/trace {CHBIND} true")
            counts.append(len(host.read("/tmp/trace").splitlines()))
    assert abs(counts[1] - counts[0]) < 20, counts
