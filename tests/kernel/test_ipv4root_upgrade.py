"""Address sets of two versions of the package at once, as after an upgrade of a running server.

The other version has the same programs in another object file, which is all that tells versions
apart (kernel.bpf).
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from commands import Process
    from testhost import TestHost

FIRST, SECOND, THIRD, FOREIGN = (f"192.0.2.{number}" for number in (10, 11, 12, 13))
OLD = f"chbind --silent --ip {FIRST} --ip {SECOND} --bcast eth0"
NEW = f"chbind --silent --ip {THIRD} --bcast eth0"
IN_USE = "Address already in use"
# binds a socket that shares its port with none, as `listen -u` would
BIND = """
import socket, sys
kind, address, port = sys.argv[1:]
s = socket.socket(type=socket.SOCK_DGRAM if kind == "-u" else socket.SOCK_STREAM)
s.bind((address, int(port)))
"""
udp = pytest.mark.parametrize("udp", ["", "-u"])

# Prints how often it hears what is sent to port 6000 within two seconds after the first one.
COUNTER = """
import socket
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 6000))
print("ready", flush=True)
heard = 0
try:
    while True:
        s.recv(9)
        heard += 1
        s.settimeout(2)
except TimeoutError:
    print("heard", heard)
"""
BROADCAST = """
import socket
s = socket.socket(type=socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.bind(("192.0.2.1", 0))
s.sendto(b"all", ("192.0.2.255", 6000))
"""


@pytest.fixture
def four(host: TestHost) -> TestHost:
    """A host with four addresses."""
    for address in SECOND, THIRD, FOREIGN:
        assert host.run(f"ip addr add {address}/24 dev eth0").status == 0
    return host


def upgrade(host: TestHost) -> None:
    """Put another version of the programs in place, as a package manager does."""
    script = """
        cd /usr/lib/vserver/bpf
        cp ipv4root.o ipv4root.o.new
        echo >>ipv4root.o.new
        mv ipv4root.o.new ipv4root.o
    """
    assert host.run(textwrap.dedent(script)).status == 0


def versions(host: TestHost) -> int:
    """How many versions of the programs are loaded."""
    return len(host.run("ls -d /sys/fs/bpf/vserver-*/bind4").out.split())


def listening(host: TestHost, sets: str, where: str, answer: str = "yes") -> Process:
    process = host.start(f"{sets} listen {where} {answer}")
    process.expect("listening")
    return process


def later(host: TestHost, sets: str, command: str) -> Process:
    """``command``, already in the set, waiting for ``go``."""
    waiting = f"until [ -e /tmp/go ]; do sleep 0.1; done; exec {command}"
    process = host.start([*sets.split(), "sh", "-c", f"echo in the set; {waiting}"])
    process.expect("in the set")
    return process


def go(host: TestHost) -> None:
    host.write("/tmp/go", "")


@udp
def test_what_runs_goes_on_and_stays_restricted(four: TestHost, udp: str) -> None:
    with (
        listening(four, OLD, f"{udp} 0.0.0.0:8000"),
        later(four, OLD, f"listen {udp} {FOREIGN}:8000") as restricted,
    ):
        upgrade(four)
        with listening(four, NEW, f"{udp} 0.0.0.0:8000", "new"):
            assert versions(four) == 2
            for machine in four, four.lan:
                for address, answer in (FIRST, "yes"), (SECOND, "yes"), (THIRD, "new"):
                    assert machine.run(f"ask {udp} {address}:8000").out == f"{answer}\n", address
        go(four)
        assert "Cannot assign requested address" in restricted.wait().err


@udp
def test_new_commands_join_the_set_that_is_there(four: TestHost, udp: str) -> None:
    with later(four, OLD, "true"):
        upgrade(four)
        with listening(four, OLD, f"{udp} 0.0.0.0:8000"):
            for address in FIRST, SECOND:
                assert four.lan.run(f"ask {udp} {address}:8000").out == "yes\n", address
        assert "Cannot assign" in four.run(f"{OLD} listen {udp} {FOREIGN}:8000").err
        go(four)


@udp
def test_the_set_is_made_anew_when_nobody_was_in_it(four: TestHost, udp: str) -> None:
    assert four.run(f"{OLD} true").status == 0
    upgrade(four)
    assert four.run(f"{NEW} true; {NEW.replace(THIRD, FOREIGN)} true").status == 0
    with listening(four, OLD, f"{udp} 0.0.0.0:8000"):
        assert versions(four) == 2
        for address in FIRST, SECOND:
            assert four.lan.run(f"ask {udp} {address}:8000").out == "yes\n", address


@udp
def test_a_port_of_the_old_version_is_taken_for_the_new(four: TestHost, udp: str) -> None:
    four.write("/tmp/bind.py", BIND)
    both = f"{NEW} --ip {SECOND}"
    bind = f"python3 /tmp/bind.py '{udp}'"
    with listening(four, OLD, f"{udp} 0.0.0.0:8000"):
        upgrade(four)
        assert IN_USE in four.run(f"{both} {bind} 0.0.0.0 8000").err
        assert IN_USE in four.run(f"{both} {bind} {SECOND} 8000").err
        assert IN_USE in four.run(f"chbind --silent --ip {SECOND} {bind} 0.0.0.0 8000").err
        assert four.run(f"{both} {bind} 0.0.0.0 8001").err == ""
    assert four.run(f"{both} {bind} 0.0.0.0 8000").err == ""


@udp
def test_a_port_of_the_new_version_is_taken_for_the_old(four: TestHost, udp: str) -> None:
    four.write("/tmp/bind.py", BIND)
    with later(four, OLD, f"python3 /tmp/bind.py '{udp}' 0.0.0.0 8000") as old:
        upgrade(four)
        with listening(four, f"{NEW} --ip {SECOND}", f"{udp} 0.0.0.0:8000"):
            assert versions(four) == 2
            go(four)
            assert IN_USE in old.wait().err


def test_each_version_hears_a_broadcast_once(four: TestHost) -> None:
    with four.start([*OLD.split(), "python3", "-c", COUNTER]) as old:
        old.expect("ready")
        upgrade(four)
        with four.start([*NEW.split(), "python3", "-c", COUNTER]) as new:
            new.expect("ready")
            assert versions(four) == 2
            assert four.lan.run(["python3", "-c", BROADCAST]).err == ""
            for process in old, new:
                assert process.wait().out.endswith("heard 1\n")


def test_a_device_with_the_number_of_one_that_is_gone(four: TestHost) -> None:
    add = "ip link add eth1 index 77 type veth peer name peer1"
    make = f"{add} && ip addr add 198.51.100.1/24 dev eth1"
    assert four.run(f"{make} && {OLD} true && ip link del eth1").status == 0
    upgrade(four)
    assert four.run(f"{make} && {NEW} --ip {SECOND} true").err == ""
