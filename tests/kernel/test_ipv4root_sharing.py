"""Sockets that share a port (SO_REUSEADDR, SO_REUSEPORT), in sets with a common address.

What a kernel without sets does is the measure, with 0.0.0.0 in the place of a set of several
addresses and the address itself in that of a set of one.
"""

from __future__ import annotations

import contextlib
import itertools
import textwrap
from typing import TYPE_CHECKING

import pytest

from testhost import kernel_version

if TYPE_CHECKING:
    from commands import Process
    from testhost import TestHost

HOST, SECOND, THIRD = "192.0.2.10", "192.0.2.11", "192.0.2.12"
BOTH = f"chbind --silent --ip {HOST} --ip {SECOND}"
OTHER = f"chbind --silent --ip {THIRD} --ip {SECOND}"
ONE = f"chbind --silent --ip {SECOND} --bcast eth0"

# Binds a socket with some of the two options, says so or why not, and answers with its name.
SERVER = """
import errno, sys
from socket import *
name, address, port, options = sys.argv[1:]
server = socket(AF_INET6 if ":" in address else AF_INET, SOCK_DGRAM)
for option in options.split():
    server.setsockopt(SOL_SOCKET, {"address": SO_REUSEADDR, "port": SO_REUSEPORT}[option], 1)
try:
    server.bind((address, int(port)))
except OSError as error:
    sys.exit(print(errno.errorcode[error.errno], flush=True))
print("bound", flush=True)
while True:
    question, peer = server.recvfrom(100)
    server.sendto(name.encode(), peer)
"""
OPTIONS = ("", "address", "port", "address port")


@pytest.fixture
def three(host: TestHost) -> TestHost:
    """A host with three addresses."""
    for address in SECOND, THIRD:
        assert host.run(f"ip addr add {address}/24 dev eth0").status == 0
    host.write("/srv/server.py", SERVER)
    return host


def server(host: TestHost, chbind: str, name: str, address: str, options: str) -> Process:
    words = ["python3", "-IS", "/srv/server.py", name, address, "5300", options]
    return host.start([*chbind.split(), *words])


def outcome(host: TestHost, *places: tuple[str, str, str]) -> list[str]:
    """What the bind of a second server says while the first is there."""
    with server(host, places[0][0], "first", *places[0][1:]) as first:
        first.expect("bound\n")
        with server(host, places[1][0], "second", *places[1][1:]) as second:
            second.expect("\n")
            return second.output[0].split()


@pytest.mark.parametrize(
    ("first", "second", "plain"),
    [
        ((BOTH, "0.0.0.0"), (OTHER, "0.0.0.0"), ("0.0.0.0", "0.0.0.0")),
        ((BOTH, "0.0.0.0"), (OTHER, "::"), ("0.0.0.0", "::")),
        ((BOTH, "0.0.0.0"), (ONE, "0.0.0.0"), ("0.0.0.0", SECOND)),
        ((BOTH, "0.0.0.0"), (OTHER, SECOND), ("0.0.0.0", SECOND)),
        ((OTHER, SECOND), (BOTH, "0.0.0.0"), (SECOND, "0.0.0.0")),
    ],
    ids=["any-any", "any-any6", "any-alone", "any-one", "one-any"],
)
def test_datagram_sockets_share_a_port_as_without_sets(
    three: TestHost, first: tuple[str, str], second: tuple[str, str], plain: tuple[str, str]
) -> None:
    for one, other in itertools.product(OPTIONS, OPTIONS[:3]):
        found = outcome(three, (*first, one), (*second, other))
        without = outcome(three, ("", plain[0], one), ("", plain[1], other))
        assert found == without, (one, other)


def test_another_user_shares_no_port_of_a_service(three: TestHost) -> None:
    """By SO_REUSEPORT, which serves as protection from that, too (socket(7))."""
    nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    for first, second in ("", nobody), (nobody, ""), (nobody, nobody.replace("65534", "65533")):
        places = [(f"{BOTH} {first}", "0.0.0.0", "port"), (f"{ONE} {second}", SECOND, "port")]
        assert outcome(three, *places) == ["EADDRINUSE"]


@pytest.mark.parametrize("option", ["address", "port"])
def test_the_nearer_of_two_that_share_gets_the_datagrams(three: TestHost, option: str) -> None:
    with (
        server(three, BOTH, "any", "0.0.0.0", option) as everywhere,
        server(three, OTHER, "one", SECOND, option) as near,
    ):
        everywhere.expect("bound\n")
        near.expect("bound\n")
        for machine in three, three.lan:
            assert machine.run(f"ask -u {SECOND}:5300").out == "one\n"
            assert machine.run(f"ask -u {HOST}:5300").out == "any\n"


CLIENT = """
import os, time
from socket import *
server, client = (socket(type=SOCK_DGRAM) for _ in range(2))
server.bind(("127.0.0.1", 5301))
client.bind(("127.0.0.1", 5300))
client.connect(server.getsockname())
client.settimeout(2)
client.send(b"question")
_, peer = server.recvfrom(100)
print("asked", flush=True)
while not os.path.exists("/tmp/go"):
    time.sleep(0.05)
server.sendto(b"answer", peer)
print(client.recv(100).decode(), flush=True)
"""


def test_a_client_is_answered_whoever_serves_its_port(three: TestHost) -> None:
    """As where the kernel gives out one port for 127.0.0.1 and for the first address of a set."""
    both = f"chbind --silent --ip 127.0.0.1 --ip {HOST}"
    with three.start(["python3", "-c", CLIENT]) as client:
        client.expect("asked\n")
        with server(three, both, "any", "0.0.0.0", "address") as service:
            service.expect("bound\n")
            three.write("/tmp/go", "")
            assert client.wait().out.split() == ["asked", "answer"]


def test_a_connected_socket_outside_of_all_sets_takes_nothing(three: TestHost) -> None:
    connected = f"""
        from socket import *
        s = socket(type=SOCK_DGRAM)
        s.bind(("{SECOND}", 5300))
        s.connect(("192.0.2.1", 5400))
        print("connected", flush=True)
        s.recv(9)
    """
    ask = f"""
        from socket import *
        s = socket(type=SOCK_DGRAM)
        s.bind(("192.0.2.1", 5400))
        s.settimeout(5)
        s.sendto(b"", ("{SECOND}", 5300))
        print(s.recv(9).decode())
    """
    with server(three, BOTH, "any", "0.0.0.0", "") as service:
        service.expect("bound\n")
        with three.start(["python3", "-c", textwrap.dedent(connected)]) as other:
            other.expect("connected\n")
            assert three.lan.run(["python3", "-c", textwrap.dedent(ask)]).out == "any\n"


@pytest.mark.parametrize("udp", ["", "-u"])
def test_the_same_set_elsewhere_shares_a_port(three: TestHost, udp: str) -> None:
    """As when two units of systemd run one service each, the new beside the old."""
    served = f"{BOTH} listen {udp} -r 0.0.0.0:8000 yes"
    with three.start(served) as one:
        one.expect("listening")
        join = f"mkdir {three.cgroups}/unit && echo $$ >{three.cgroups}/unit/cgroup.procs"
        with three.start(f"{join} && exec {served}") as other:
            other.expect("listening")
            one.kill()
            # before Linux 6.6 no program can give such a socket a datagram (docs/network.md)
            further = [] if udp and kernel_version() < (6, 6) else [SECOND]
            for address in HOST, *further:
                assert three.lan.run(f"ask {udp} {address}:8000").out == "yes\n"


def test_many_listeners_are_replaced_by_as_many(three: TestHost) -> None:
    """A service with a listener for each processor, whose next instance starts before it ends."""
    with contextlib.ExitStack() as old, contextlib.ExitStack() as new:
        for instance in old, new:
            for _ in range(6):
                process = three.start(f"{BOTH} listen -r 0.0.0.0:8000 yes")
                instance.enter_context(process).expect("listening")
        old.close()
        for address in HOST, SECOND:
            assert three.lan.run(f"ask {address}:8000").out == "yes\n"


# Sockets on one port that all sets hear broadcasts on; prints what is heard by the last one.
CROWDED = """
import os, sys, time
from socket import *
def bound():
    made = socket(type=SOCK_DGRAM)
    made.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    made.bind(("", 6000))
    return made
early = bound()
print("bound", flush=True)
while not os.path.exists("/tmp/go"):
    time.sleep(0.05)
late = bound()
early.close()
late.settimeout(5)
print("late", flush=True)
print(late.recv(9), flush=True)
"""


def test_a_socket_without_an_entry_takes_none_away(three: TestHost) -> None:
    """Eight sets hear the broadcasts to one port, and so the ninth socket has no entry."""
    hearers = [f"192.0.2.{number}" for number in range(101, 109)]
    for address in hearers:
        assert three.run(f"ip addr add {address}/24 dev eth0").status == 0
    with contextlib.ExitStack() as others:
        for address in hearers:
            chbind = f"chbind --silent --ip {address} --bcast eth0"
            hearer = three.start(f"{chbind} python3 -IS /srv/server.py x 0.0.0.0 6000 ''")
            others.enter_context(hearer).expect("bound\n")
        with three.start([*ONE.split(), "python3", "-c", CROWDED]) as ninth:
            ninth.expect("bound\n")
            others.close()
            three.write("/tmp/go", "")
            ninth.expect("late\n")
            ask = "from socket import *; s = socket(type=SOCK_DGRAM)"
            option = "s.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)"
            send = "s.sendto(b'all', ('192.0.2.255', 6000))"
            assert three.lan.run(["python3", "-c", f"{ask}; {option}; {send}"]).err == ""
            assert ninth.wait().out.endswith("b'all'\n")
