"""What a kernel or a container does not offer: one clear line, and never an unrestricted command.

The kernel itself says no: to some commands of bpf(2) by a system call filter, to filters on a
device because these are shared between devices, to the rest for want of rights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guests import busybox

if TYPE_CHECKING:
    from testhost import Result, TestHost

FIRST, SECOND = "192.0.2.10", "192.0.2.11"
ONE = f"chbind --silent --ip {FIRST}"
SEVERAL = f"{ONE} --ip {SECOND}"
TAKES_ROOT = "it takes root, outside of containers"
TAKES_KERNEL = "it takes Linux 6.1 or newer with CONFIG_CGROUP_BPF; this is "

# refuse.py COMMAND ERROR WORD...: run the words with bpf(COMMAND) answered by that error
REFUSE = """
import errno, os, seccomp, sys
command, error = int(sys.argv[1]), getattr(errno, sys.argv[2])
rules = seccomp.SyscallFilter(seccomp.ALLOW)
rules.add_rule(seccomp.ERRNO(error), "bpf", seccomp.Arg(0, seccomp.EQ, command))
rules.load()
os.execvp(sys.argv[3], sys.argv[3:])
"""
MAP_CREATE, PROG_LOAD, OBJ_PIN, PROG_ATTACH, LINK_CREATE = 0, 5, 6, 8, 28  # linux/bpf.h

# a program on this cgroup that suffers no others below it, as systemd has them without Delegate=
ALONE = """
import glob, os, sys
sys.path.append("/usr/lib/vserver/python")
from vserver.kernel import bpf, cgroup
directory = cgroup.current() + "/unit"
os.mkdir(directory)
unit = os.open(directory, os.O_RDONLY)
program = bpf.open_pinned(glob.glob("/sys/fs/bpf/vserver-*/egress")[0])
bpf._bpf(bpf._PROG_ATTACH, (unit, 4), (program, 4), (1, 4), (0, 4))
cgroup.join(directory)
os.execvp(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def two(host: TestHost) -> TestHost:
    """A host with two addresses."""
    assert host.run(f"ip addr add {SECOND}/24 dev eth0").status == 0
    host.write("/tmp/refuse.py", REFUSE)
    return host


def refused(host: TestHost, command: int, error: str, words: str) -> Result:
    return host.run(f"python3 /tmp/refuse.py {command} {error} {words}")


def check(result: Result, why: str, remedy: str) -> None:
    assert (result.status, result.out) == (255, "")
    first, second = result.err.splitlines()
    assert first.startswith(f"Can't set the ipv4 root ({why}"), first
    assert second.startswith(remedy), second


@pytest.mark.parametrize("sets", [ONE, SEVERAL])
@pytest.mark.parametrize(
    "command, error, why, remedy",
    [
        (MAP_CREATE, "EPERM", "cannot load the BPF programs: map '", TAKES_ROOT),
        (PROG_LOAD, "EPERM", "cannot load the BPF programs: Operation not permitted", TAKES_ROOT),
        (PROG_LOAD, "EINVAL", "cannot load the BPF programs: Invalid argument", TAKES_KERNEL),
        (OBJ_PIN, "EPERM", "cannot load the BPF programs: map '", TAKES_ROOT),
        (PROG_ATTACH, "EINVAL", "cannot attach the BPF program sock_create: ", TAKES_KERNEL),
        (PROG_ATTACH, "EPERM", "cannot attach the BPF program sock_create: ", TAKES_ROOT),
    ],
)
def test_a_kernel_without_one_of_the_parts(
    two: TestHost, sets: str, command: int, error: str, why: str, remedy: str
) -> None:
    check(refused(two, command, error, f"{sets} echo run"), why, remedy)
    assert two.run("find /sys/fs/cgroup -name 'ip4-*' -type d").out == ""


@pytest.mark.parametrize("sets", [ONE, SEVERAL])
def test_programs_that_cannot_be_pinned(two: TestHost, sets: str) -> None:
    two.run("mount -t bpf bpf /sys/fs/bpf; mount -o remount,ro /sys/fs/bpf")
    why = "cannot load the BPF programs: map '"
    check(two.run(f"{sets} echo run"), why, "it takes a BPF file system on /sys/fs/bpf that can")
    two.run(f"mount -o remount,rw /sys/fs/bpf; {sets} true; mount -o remount,ro /sys/fs/bpf")
    result = two.run(f"{sets} --bcast 192.0.2.255 echo run")
    assert result.err.startswith("Can't set the ipv4 root (/sys/fs/bpf/vserver-")
    assert result.err.endswith(": Read-only file system)\n")


def test_a_set_that_is_there_is_joined_without_writing(two: TestHost) -> None:
    two.run(f"{ONE} true; mount -o remount,ro /sys/fs/bpf")
    assert two.run(f"{ONE} echo run") == (0, "run\n", "")


def test_no_right_to_attach(two: TestHost) -> None:
    """The kernel makes EINVAL of it for the packet filters."""
    two.run(f"{ONE} true")
    result = two.run(f"capsh --drop=cap_net_admin,cap_sys_admin -- -c '{SEVERAL} echo run'")
    why = "cannot attach the BPF program ingress: Operation not permitted)"
    check(result, why, TAKES_ROOT)


@pytest.mark.parametrize("error, remedy", [("EINVAL", TAKES_KERNEL), ("EPERM", TAKES_ROOT)])
def test_no_lookup_of_sockets(two: TestHost, error: str, remedy: str) -> None:
    """Which only sets of several addresses need; they have no connections without it."""
    why = "cannot bring connections to further addresses: "
    check(refused(two, LINK_CREATE, error, f"{SEVERAL} echo run"), why, remedy)


@pytest.fixture
def no_filters(two: TestHost) -> TestHost:
    """A host with a device, and two addresses on it, that takes none of our filters.

    Where all others have theirs, so that nothing but this is refused.
    """
    assert two.run(f"{SEVERAL} true; ip link add eth1 type veth peer name peer1").status == 0
    two.run("ip addr add 198.51.100.10/24 dev eth1; ip addr add 198.51.100.11/24 dev eth1")
    assert two.run("tc qdisc add dev eth1 ingress_block 1 egress_block 2 clsact").err == ""
    return two


NO_FILTER = "no filter on eth1, so datagrams reach the first address only"


def test_no_filters_on_a_device(no_filters: TestHost) -> None:
    """Neither of the two ways. What is lost is told, and the walls are all there."""
    sets = SEVERAL.replace("192.0.2", "198.51.100")
    result = refused(no_filters, LINK_CREATE, "EINVAL", f"{sets} listen 192.0.2.10:80")
    assert result.err.splitlines() == [
        f"chbind: {NO_FILTER}: Operation not supported",
        "listen: Cannot assign requested address",
    ]
    one = "chbind --silent --ip 198.51.100.10 echo run"
    result = refused(no_filters, LINK_CREATE, "EINVAL", one)
    assert (result.out, result.err) == ("run\n", "")


def test_filters_that_somebody_removed_are_set_again(two: TestHost) -> None:
    """With those of before Linux 6.6: scripts that shape traffic clear the device first."""
    come = "ip link add eth1 type veth peer name peer1; ip addr add 198.51.100.10/24 dev eth1"
    assert two.run(f"{SEVERAL} true; {come}").err == ""
    filters = "tc filter show dev eth1 ingress; tc filter show dev eth1 egress"
    assert refused(two, LINK_CREATE, "EINVAL", f"{SEVERAL} true").err == ""
    assert two.run(filters).out.count("direct-action") == 2
    assert two.run("tc qdisc del dev eth1 clsact").err == ""
    assert refused(two, LINK_CREATE, "EINVAL", f"{SEVERAL} true").err == ""
    assert two.run(filters).out.count("direct-action") == 2


def test_filters_of_devices_that_are_gone_are_forgotten(two: TestHost) -> None:
    """With those of before Linux 6.6 too."""
    come = "ip link add eth1 type veth peer name peer1; ip addr add 198.51.100.10/24 dev eth1"
    two.run(f"{SEVERAL} true")
    counts = set()
    for _ in range(4):
        two.run(come)
        assert refused(two, LINK_CREATE, "EINVAL", f"{SEVERAL} true").err == ""
        counts.add(len(two.run("ls /sys/fs/bpf/vserver-*").out.splitlines()))
        two.run("ip link del eth1")
    assert len(counts) == 1, counts


def test_a_guest_is_started_with_a_word_about_it(no_filters: TestHost) -> None:
    addresses = "eth1:198.51.100.20 eth1:198.51.100.21"
    busybox.make(no_filters, "web", conf={"IPROOT": addresses})
    result = refused(no_filters, LINK_CREATE, "EINVAL", "vserver web start")
    assert f"vserver: {NO_FILTER} in 'web': Operation not supported\n" in result.err
    result = refused(no_filters, LINK_CREATE, "EINVAL", "vserver --silent web exec echo run")
    assert (result.out, result.err) == ("run\n", "")
    assert no_filters.run("vserver web stop").status == 0


@pytest.mark.parametrize(
    "before", ["", f"{ONE} true;", f"{ONE} sh -c 'sleep 60 >/dev/null 2>&1 &';"]
)
@pytest.mark.parametrize("command", ["capsh --drop=cap_sys_admin,cap_bpf --", "unshare -Ur sh"])
def test_without_the_rights(two: TestHost, before: str, command: str) -> None:
    """The programs are not loaded, they are, and the very set is in use."""
    two.run(before)
    result = two.run([*command.split(), "-c", f"{ONE} echo run"])
    assert (result.status, result.out) == (255, "")
    first, second = result.err.splitlines()
    assert first.startswith(("Can't set the ipv4 root (/sys/fs", "Can't set the ipv4 root (cannot"))
    assert second.startswith("it takes ")


def test_below_a_unit_that_is_not_delegated(two: TestHost) -> None:
    assert two.run(f"{ONE} true").status == 0
    two.write("/tmp/alone.py", ALONE)
    result = two.run(f"python3 /tmp/alone.py chbind --silent --ip {SECOND} echo run")
    check(result, "cannot attach the BPF program ", f"{TAKES_ROOT}, and Delegate=yes in a unit")


@pytest.mark.parametrize("limit", ["descendants", "depth"])
def test_no_room_for_a_control_group(two: TestHost, limit: str) -> None:
    unit = f"{two.cgroups}/unit"
    join = f"mkdir {unit} && echo 0 >{unit}/cgroup.max.{limit} && echo $$ >{unit}/cgroup.procs"
    result = two.run(f"{join} && {ONE} echo run")
    takes = "it takes a higher cgroup.max.descendants or cgroup.max.depth there or above"
    check(result, f"{unit}/ip4-", takes)


def test_control_groups_that_cannot_be_written(two: TestHost) -> None:
    two.run("mount --bind /sys/fs/cgroup /sys/fs/cgroup")
    two.run("mount -o remount,bind,ro /sys/fs/cgroup")
    result = two.run(f"{ONE} echo run")
    assert (result.status, result.out) == (255, "")
    assert "Read-only file system)\n" in result.err
    assert len(result.err.splitlines()) == 1
