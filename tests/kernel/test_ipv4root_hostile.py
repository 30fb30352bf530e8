"""Root of a guest against the tables and the walls of all address sets (bpf/wildcard.h)."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import pytest

from kernel.test_ipv4root import HOST, PROGRAM, SECOND, chbind, restricted
from steps import eventually

if TYPE_CHECKING:
    from testhost import TestHost

# socket.connect() knows no AF_UNSPEC, which takes the peer away, and a port that nobody asked for
DISCONNECT = """
import ctypes, signal, time
libc = ctypes.CDLL(None)
def disconnect(s):
    assert libc.connect(s.fileno(), bytes(16), 16) == 0
"""

ONE_BROADCAST = """
from socket import *
s = socket(AF_INET, SOCK_DGRAM)
s.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
s.sendto(b"all", ("192.0.2.255", 6000))
"""

# A service that the host has on its localhost, and another one that ends it
HOST6 = "2001:db8::10"
HOST_ON_LOCALHOST = f"""
import select
services = [udp6("::1", 7000), udp6("{HOST6}", 7001)]
print("ready", flush=True)
while True:
    for s in select.select(services, [], [], 5)[0]:
        text = s.recv(9)
        if text == b"end":
            sys.exit()
        print(text.decode())
"""

# A set of as many addresses as there can be, and how many sockets on 0.0.0.0 have all of them
MANY = (HOST, SECOND, *(f"192.0.2.{number}" for number in range(101, 115)))
FULL = 4096 // (len(MANY) - 1)  # MAX_FURTHER
SPEND = f"""
sockets = [tcp("", port) for port in range(10000, 10000 + {FULL})]
def accepted():
    client = create_connection(sockets[0].getsockname())
    server, _ = sockets[0].accept()
    disconnect(server)
    return server
"""


@pytest.fixture
def two(host: TestHost) -> TestHost:
    """A host with a second address."""
    host.run(f"ip addr add {SECOND}/24 dev eth0")
    return host


def bound_to(*addresses: str, program: str) -> list[str]:
    """The words of a command that runs ``program`` under chbind."""
    python = PROGRAM + DISCONNECT + textwrap.dedent(program)
    return [*chbind(*addresses).split(), "python3", "-c", python]


@pytest.mark.parametrize(
    ("kind", "any_address", "then"),
    [("udp", "", ""), ("udp", "", HOST), ("udp6", "::", f"::ffff:{HOST}"), ("udp6", "::", "::1")],
)
def test_a_datagram_socket_that_moves_leaves_no_port_behind(
    two: TestHost, kind: str, any_address: str, then: str
) -> None:
    program = f"""
        s = {kind}("{any_address}", 0)
        print(s.getsockname()[1])
        disconnect(s)
        attempt(s.setsockopt, IPPROTO_IPV6, IPV6_V6ONLY, "{then}" == "::1")
        s.bind(("{then}", 0))
    """
    port = two.run(bound_to(HOST, SECOND, program=program)).out
    assert restricted(two, f"print(name(udp('{SECOND}', {port})))", SECOND) == [SECOND]


def test_a_datagram_socket_that_moves_gives_its_room_back(two: TestHost) -> None:
    program = f"""
        import os
        for _ in range({FULL} + 1):
            s = udp("", 0)
            disconnect(s)
            s.bind(("{HOST}", 0))
        os.execvp("listen", "listen -u 0.0.0.0:8000 yes".split())
    """
    with two.start(bound_to(*MANY, program=program)) as server:
        server.expect("listening")
        assert two.lan.run(f"ask -u {SECOND}:8000").out == "yes\n"


def test_an_accepted_socket_gives_no_room_back(two: TestHost) -> None:
    program = """
        for _ in range(3):
            accepted().close()
        more = tcp("", 8000)
        print("served", flush=True)
        signal.pause()
    """
    with two.start(bound_to(*MANY, program=SPEND + textwrap.dedent(program))) as greedy:
        greedy.expect("served")
        assert two.lan.run(f"nc -z {HOST} 8000; nc -z {SECOND} 10000").status == 0
        assert two.lan.run(f"nc -z {SECOND} 8000").status == 1


def test_who_hears_broadcasts_hears_each_once(two: TestHost) -> None:
    """Also who joined after another set, and once more when that has gone."""
    program = """
        import os
        def receiver():
            s = socket(AF_INET, SOCK_DGRAM)
            s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            s.setblocking(False)
            s.bind(("", 6000))
            return s
        def heard():
            open("/tmp/ready", "w")
            while os.path.exists("/tmp/ready"):
                time.sleep(0.02)
            print([attempt(s.recv, 9) for s in sockets for _ in range(2)].count(b"all"))
        sockets = [receiver()]
        print("one", flush=True)
        while not os.path.exists("/tmp/gone"):
            time.sleep(0.02)
        sockets.append(receiver())
        heard()
        sockets.pop().close()
        heard()
    """
    first = [*chbind(SECOND).split(), "--bcast", "eth0", "listen", "-u", "0.0.0.0:6000"]
    with two.start(first) as other:
        other.expect("listening")
        command = bound_to(HOST, program=program)
        with two.start([*command[:4], "--bcast", "eth0", *command[4:]]) as hearer:
            hearer.expect("one")
            other.kill()
            two.write("/tmp/gone", "")
            for _ in range(2):
                eventually(lambda: os.path.exists(two.path("/tmp/ready")), "it listens")
                two.lan.run(["python3", "-c", ONE_BROADCAST])
                os.unlink(two.path("/tmp/ready"))
            assert hearer.wait().out.split() == ["one", "1", "1"]


def test_localhost_of_ipv6_is_not_the_host_for_datagrams(two: TestHost) -> None:
    own = "2001:db8::11"
    two.run(f"ip addr add {own}/64 dev eth0 nodad")
    with two.start(["python3", "-c", PROGRAM + HOST_ON_LOCALHOST]) as server:
        server.expect("ready")
        ask = f"""
            for where in "::1", "::":
                s = udp6()
                print(attempt(s.sendto, b"guest", (where, 7000)))
            s = udp6()
            s.bind(("{own}", 0))
            print(attempt(s.sendto, b"guest", ("::1", 7000)))
            print(s.sendto(b"end", ("{HOST6}", 7001)))
        """
        said = restricted(two, ask, SECOND, context=7, v6=(own,))
        assert server.wait().out == "ready\n"
        assert said == ["ENETUNREACH"] * 3 + ["3"]


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_a_guest_has_no_multipath_tcp(two: TestHost, family: str) -> None:
    """A peer could add a path to its connection by a listener of the host or another guest."""
    multipath = f"print(attempt(socket, {family}, SOCK_STREAM, 262))"
    assert restricted(two, multipath, SECOND, context=7) == ["EPROTONOSUPPORT"]
