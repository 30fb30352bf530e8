"""Root of a guest against the tables and the walls of all address sets (bpf/wildcard.h)."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import pytest

from kernel.test_ipv4root import HOST, PROGRAM, SECOND, chbind, restricted, run
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


def entries_left(host: TestHost) -> list[str]:
    """What the tables of all sets have of sockets."""
    program = """
        import struct
        sys.path.append("/usr/lib/vserver/python")
        from vserver.kernel import bpf, wildcard
        bucket = struct.Struct("=8x" + 8 * "QII")  # bpf/endpoints.h
        for table, buckets in ("wildcards", 8192), ("broadcasts", 2048):
            fd = bpf.open_pinned(f"{wildcard.MAPS}/{table}")
            for slots in bucket.iter_unpack(bpf.elements(fd, buckets, bucket.size)):
                for endpoint, first, sockets in zip(slots[::3], slots[1::3], slots[2::3]):
                    if endpoint or sockets:
                        print(table, hex(endpoint), hex(first), sockets)
        if bpf.keys(bpf.open_pinned(f"{wildcard.MAPS}/listeners"), 8):
            print("listeners")
    """
    return run(host, program)


def test_sockets_that_come_and_go_at_once_leave_nothing(two: TestHost) -> None:
    """On all processors, for the same and for different ports, beside another set."""
    program = """
        import os
        children = []
        while len(children) < 3 and (child := os.fork()):
            children.append(child)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            for port in 6000, 6001:
                s = socket(AF_INET, SOCK_DGRAM)
                s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
                s.bind(("", port))
                s.close()
        if len(children) == 3:
            for child in children:
                os.waitpid(child, 0)
    """
    commands = [[*chbind(HOST).split(), "--bcast", "eth0"], [*chbind(SECOND, "192.0.2.99").split()]]
    python = ["python3", "-c", PROGRAM + DISCONNECT + textwrap.dedent(program)]
    with two.start([*commands[0], *python]) as one, two.start([*commands[1], *python]) as other:
        assert one.wait().status == other.wait().status == 0
    assert entries_left(two) == []


# Does with sockets what comes to its mind, to none of them what could end
AT_RANDOM = """
import random
OWN = ["192.0.2.10", "192.0.2.11"]
WHERE = {
    AF_INET: [*OWN, "0.0.0.0", "0.0.0.0", "127.0.0.1", "192.0.2.1", "192.0.2.255", "224.0.0.251"],
    AF_INET6: ["::", "::", "::1", "2001:db8::10", *("::ffff:" + one for one in OWN)],
}
random.seed(int(sys.argv[1]))
sockets = []
def new():
    s = socket(random.choice([AF_INET, AF_INET6]), random.choice([SOCK_STREAM, SOCK_DGRAM]))
    s.setblocking(False)
    sockets.append(s)
def where(s): return random.choice(WHERE[s.family]), random.choice([0, 0, 5001, 5002])
def option(s, level, name): s.setsockopt(level, name, random.randrange(2))
ACTS = [
    lambda s: option(s, SOL_SOCKET, random.choice([SO_REUSEADDR, SO_REUSEPORT])),
    lambda s: option(s, IPPROTO_IPV6, IPV6_V6ONLY),
    lambda s: option(s, IPPROTO_IP, 24),  # IP_BIND_ADDRESS_NO_PORT
    lambda s: s.bind(where(s)),
    lambda s: s.bind(where(s)),
    lambda s: s.connect(where(s)),
    lambda s: s.sendto(b"", where(s)),
    lambda s: disconnect(s),
    lambda s: s.listen(),
    lambda s: sockets.append(s.accept()[0]),
    lambda s: sockets.pop(sockets.index(s)).close(),
]
for _ in range(5000):
    new() if len(sockets) < 20 else attempt(random.choice(ACTS), random.choice(sockets))
"""


@pytest.mark.parametrize("seed", range(3))
def test_whatever_sockets_do_leaves_nothing(two: TestHost, seed: int) -> None:
    for v6 in ("", "--ip 2001:db8::10"):
        held = f"{chbind(HOST, SECOND)} {v6} --bcast eth0".split()
        result = two.run([*held, "python3", "-c", PROGRAM + DISCONNECT + AT_RANDOM, str(seed)])
        assert (result.status, result.err) == (0, "")
    assert entries_left(two) == []
