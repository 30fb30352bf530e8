"""The families of sockets that a 32-bit program in a guest can have (programs/socketcall.c)."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from guests import busybox
from machine import REPOSITORY
from syscall_probe import need

if TYPE_CHECKING:
    from testhost import TestHost

UNIX, INET, INET6, NETLINK, PACKET, TIPC, ALG, VSOCK = 1, 2, 10, 16, 17, 30, 38, 40
ROUTE, USERSOCK, CONNECTOR = 0, 2, 11  # linux/netlink.h
STREAM, DGRAM, RAW, SEQPACKET = 1, 2, 3, 5  # bits/socket_type.h
IS_OFFERED = """
import os, sys
sys.path.append("/usr/lib/vserver/python")
from vserver.kernel import cgroup, families
directory = cgroup.mount_point() + "/test"
os.mkdir(directory)
print(families.restrict(directory))
"""


@pytest.fixture
def guest(host: TestHost) -> TestHost:
    """A host whose guest "web" has the program /bin/socketcall."""
    need("i386")
    host.run("mountpoint -q /sys/kernel/security || mount -t securityfs lsm /sys/kernel/security")
    if host.run(["python3", "-c", IS_OFFERED]).out != "True\n":
        pytest.skip("this kernel asks no BPF program about new sockets")
    root = busybox.make(host, "web", conf={"IPROOT": "192.0.2.20", "IPROOTDEV": "eth0"})
    source = f"{REPOSITORY}/tests/programs/socketcall.c"
    target = f"{root}/bin/socketcall"
    subprocess.run(
        ["gcc", "-D_GNU_SOURCE", "-static", "-no-pie", "-Os", "-Wall", "-o", target, source],
        check=True,
    )
    return host


def answer(host: TestHost, family: int, kind: int, protocol: int = 0) -> str:
    result = host.run(f"vserver --silent web exec socketcall {family} {kind} {protocol}")
    assert (result.status, result.err) == (0, "")
    return result.out.strip()


@pytest.mark.parametrize("family, kind", [(VSOCK, STREAM), (ALG, SEQPACKET), (TIPC, DGRAM)])
def test_what_the_filter_hides_is_refused(guest: TestHost, family: int, kind: int) -> None:
    assert guest.run("vserver web start").status == 0
    assert answer(guest, family, kind) == "EPERM"


def test_netlink_does_not_tell_of_the_processes_of_the_machine(guest: TestHost) -> None:
    assert guest.run("vserver web start").status == 0
    assert answer(guest, NETLINK, DGRAM, CONNECTOR) == "EPERM"
    assert answer(guest, NETLINK, DGRAM, ROUTE) == answer(guest, NETLINK, DGRAM, USERSOCK) == "ok"
    host = guest.run(f"/vservers/web/bin/socketcall {NETLINK} {DGRAM} {CONNECTOR}").out
    assert host.strip() != "EPERM"


def test_what_programs_need_is_there(guest: TestHost) -> None:
    assert guest.run("vserver web start").status == 0
    for family, kind in (UNIX, STREAM), (INET, STREAM), (INET6, DGRAM), (NETLINK, RAW):
        assert answer(guest, family, kind) == "ok"
    assert answer(guest, PACKET, DGRAM) == "EPERM"


def test_packet_sockets_take_the_capability(guest: TestHost) -> None:
    guest.run("echo 'S_CAPS=CAP_NET_RAW' >>/etc/vservers/web.conf")
    assert guest.run("vserver web start").status == 0
    assert answer(guest, PACKET, DGRAM) == "ok"
    assert answer(guest, VSOCK, STREAM) == "EPERM"


def test_the_host_has_all_families(guest: TestHost) -> None:
    assert guest.run("vserver web start").status == 0
    host = guest.run(f"/vservers/web/bin/socketcall {ALG} {SEQPACKET} 0").out
    assert host.strip() != "EPERM"
