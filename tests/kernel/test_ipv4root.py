"""What sockets can do in an address set, tried with real ones on a test host.

The programs given to `restricted` run with ``s = socket.socket`` and the names of the socket
module; what they print is compared, an OSError is printed as its errno's name.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from testhost import TestHost

HOST, SECOND, THIRD = "192.0.2.10", "192.0.2.11", "192.0.2.12"

PROGRAM = """
import errno, sys
from socket import *
def attempt(call, *args):
    try:
        return call(*args)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
def tcp(*where): return bound(socket(), *where)
def udp(*where): return bound(socket(AF_INET, SOCK_DGRAM), *where)
def tcp6(*where, only=None): return bound(socket(AF_INET6), *where, only=only)
def udp6(*where, only=None): return bound(socket(AF_INET6, SOCK_DGRAM), *where, only=only)
def bound(s, *where, only=None):
    s.settimeout(2)
    if only is not None:
        s.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, only)
    if where:
        s.bind(where)
        if s.type == SOCK_STREAM:
            s.listen()
    return s
def name(s): return s.getsockname()[0]
def peer(s): return s.getpeername()[0]
"""

JOIN = """
import sys
sys.path.append("/usr/lib/vserver/python")
import os
from vserver.kernel import cgroup, ipv4root
parent = cgroup.mount_point() + {parent!r}
os.makedirs(parent, exist_ok=True)
ipv4root.join(parent, ipv4root.AddressSet({pairs!r}, {broadcast!r}, {v6!r}))
"""


def run(host: TestHost, program: str) -> list[str]:
    """The lines that ``program`` prints on the host, unrestricted."""
    result = host.run(["python3", "-c", PROGRAM + textwrap.dedent(program)])
    assert result.err == "", result.err
    return result.out.splitlines()


def restricted(
    host: TestHost,
    program: str,
    *addresses: str,
    context: int = 0,
    broadcast: str = "192.0.2.255",
    v6: tuple[str, ...] = (),
) -> list[str]:
    """The lines that ``program`` prints when it is held to ``addresses``."""
    join = JOIN.format(
        parent=f"/vserver/{context}" if context else "/test",
        pairs=tuple((address, "255.255.255.0") for address in addresses or (HOST,)),
        broadcast=broadcast,
        v6=v6,
    )
    return run(host, join + textwrap.dedent(program))


# ---- one address ----------------------------------------------------------------------------


def test_any_is_the_own_address(host: TestHost) -> None:
    program = """
        for make in tcp, udp:
            print(name(make("0.0.0.0", 8000)))
        print(name(tcp6("::", 8001)), name(udp6("::", 8001)))
    """
    assert restricted(host, program) == [HOST, HOST, f"::ffff:{HOST} ::ffff:{HOST}"]


def test_only_the_own_address_can_be_bound(host: TestHost) -> None:
    host.run(f"ip addr add {SECOND}/24 dev eth0")
    program = f"""
        for make in tcp, udp:
            print(name(make("{HOST}", 8000)), attempt(make, "{SECOND}", 8000))
            print(attempt(make, "127.0.0.2", 8000), attempt(make, "203.0.113.1", 8000))
        print(attempt(tcp6, "::ffff:{SECOND}", 8000), attempt(udp6, "::ffff:{SECOND}", 8000))
    """
    assert restricted(host, program) == [
        f"{HOST} EADDRNOTAVAIL",
        "EADDRNOTAVAIL EADDRNOTAVAIL",
        f"{HOST} EADDRNOTAVAIL",
        "EADDRNOTAVAIL EADDRNOTAVAIL",
        "EADDRNOTAVAIL EADDRNOTAVAIL",
    ]


def test_an_address_that_is_not_there_yet(host: TestHost) -> None:
    program = """
        import subprocess
        print(attempt(tcp, "0.0.0.0", 8000))
        subprocess.run("ip addr add 192.0.2.11/24 dev eth0", shell=True, check=True)
        print(name(tcp("0.0.0.0", 8000)))
    """
    assert restricted(host, program, SECOND) == ["EADDRNOTAVAIL", SECOND]


def test_datagram_source_without_bind(host: TestHost) -> None:
    host.run(f"ip addr add {SECOND}/24 dev eth0")
    with host.lan.start("listen -u 192.0.2.1:53 pong") as server:
        server.expect("listening")
        program = """
            s = udp()
            s.sendto(b"?", ("192.0.2.1", 53))
            print(s.recvfrom(99))
            c = udp()
            c.connect(("192.0.2.1", 53))
            print(name(c))
            d = udp6()
            d.connect(("::ffff:192.0.2.1", 53))
            d.send(b"?")
            print(name(d), d.recv(99))
            e = udp6()
            e.sendto(b"?", ("::ffff:192.0.2.1", 53))
            print(e.recv(99))
        """
        assert restricted(host, program, SECOND) == [
            "(b'pong', ('192.0.2.1', 53))",
            SECOND,
            f"::ffff:{SECOND} b'pong'",
            "b'pong'",
        ]


def test_connection_source(host: TestHost) -> None:
    host.run(f"ip addr add {SECOND}/24 dev eth0")
    with host.lan.start("listen 192.0.2.1:80 pong") as server:
        server.expect("listening")
        program = """
            for make, to in (tcp, "192.0.2.1"), (tcp6, "::ffff:192.0.2.1"):
                s = make()
                s.connect((to, 80))
                print(name(s), s.recv(9))
            s = tcp("0.0.0.0", 0)
            s = socket()
            s.bind(("", 0))
            s.connect(("192.0.2.1", 80))
            print(name(s))
        """
        assert restricted(host, program, SECOND) == [
            f"{SECOND} b'pong'",
            f"::ffff:{SECOND} b'pong'",
            SECOND,
        ]


def test_a_source_given_with_the_datagram_must_be_the_own(host: TestHost) -> None:
    host.run(f"ip addr add {SECOND}/24 dev eth0")
    program = f"""
        IP_PKTINFO = 8
        def send(source):
            info = bytes(4) + inet_aton(source) + bytes(4)
            return udp().sendmsg([b"?"], [(IPPROTO_IP, IP_PKTINFO, info)], 0, ("192.0.2.1", 53))
        print(attempt(send, "{HOST}"), attempt(send, "{SECOND}"))
    """
    assert restricted(host, program) == ["1 EPERM"]


def test_many_connections_take_no_port_twice(host: TestHost) -> None:
    program = f"""
        server = tcp("{HOST}", 8000)
        clients = []
        for _ in range(50):
            s = socket()
            s.connect(("{HOST}", 8000))
            clients.append(s)
        print(len({{s.getsockname() for s in clients}}))
    """
    assert restricted(host, program) == ["50"]


# ---- 127.0.0.1 ------------------------------------------------------------------------------


def test_localhost_of_a_context_is_its_own(host: TestHost) -> None:
    with host.start("listen 127.0.0.1:9002 host") as server:
        server.expect("listening")
        program = """
            s = socket()
            print(attempt(s.connect, ("127.0.0.1", 9002)))
            server = tcp("127.0.0.1", 9002)
            print(name(server))
            s = socket()
            s.connect(("127.0.0.1", 9002))
            print(peer(s), name(server.accept()[0]))
            s = tcp6()
            s.connect(("::ffff:127.0.0.1", 9002))
            print(peer(s))
            for s in tcp6(), udp6():
                s.connect(("::1", 9002))
                print(peer(s), name(s))
            s.connect(("::ffff:127.0.0.1", 9002))
            print(peer(s))
        """
        assert restricted(host, program, context=7) == [
            "ECONNREFUSED",
            HOST,
            f"127.0.0.1 {HOST}",
            "::ffff:127.0.0.1",
            f"::1 ::ffff:{HOST}",
            f"::1 ::ffff:{HOST}",
            "::ffff:127.0.0.1",
        ]


def test_answers_from_localhost_come_from_localhost(host: TestHost) -> None:
    program = f"""
        server, client = udp("0.0.0.0", 53), udp()
        for asked in "127.0.0.1", "{HOST}":
            client.sendto(b"?", (asked, 53))
            server.sendto(b"!", server.recvfrom(9)[1])
            print(client.recvfrom(9)[1][0])
    """
    assert restricted(host, program, context=7) == ["127.0.0.1", HOST]


def test_two_contexts_listen_on_localhost(host: TestHost) -> None:
    host.run(f"ip addr add {SECOND}/24 dev eth0")
    program = """
        a = tcp("127.0.0.1", 80)
        print("ok", flush=True)
        a.settimeout(None)
        a.accept()
    """
    words = ["python3", "-c", PROGRAM + _join(HOST, 7) + textwrap.dedent(program)]
    with host.start(words) as first:
        first.expect("ok")
        assert restricted(host, 'print(name(tcp("127.0.0.1", 80)))', SECOND, context=8) == [SECOND]


def _join(address: str, context: int) -> str:
    pairs = ((address, "255.255.255.0"),)
    parent = f"/vserver/{context}"
    return JOIN.format(parent=parent, pairs=pairs, broadcast="192.0.2.255", v6=())


def test_the_root_server_keeps_its_loopback(host: TestHost) -> None:
    with host.start("listen 127.0.0.1:9002 host") as server:
        server.expect("listening")
        program = """
            s = socket()
            s.connect(("127.0.0.1", 9002))
            print(s.recv(9), name(s), peer(s))
            print(name(tcp("127.0.0.1", 9003)))
            s = tcp6()
            s.connect(("::1", 9002))
            print(s.recv(9))
        """
        assert restricted(host, program) == [f"b'host' {HOST} 127.0.0.1", HOST, "b'host'"]


def test_localhost_in_the_set_is_itself(host: TestHost) -> None:
    program = """
        server = tcp("127.0.0.1", 9003)
        s = socket()
        s.connect(("127.0.0.1", 9003))
        print(name(server), name(s))
    """
    assert restricted(host, program, "127.0.0.1", HOST) == ["127.0.0.1 127.0.0.1"]


# ---- what else there is ---------------------------------------------------------------------


def test_other_kinds_of_sockets_are_refused(host: TestHost) -> None:
    program = """
        print(attempt(socket, AF_INET, SOCK_DGRAM, 136))
        os.setuid(1000)
        print(attempt(socket, AF_INET, SOCK_RAW, IPPROTO_ICMP))
        print(attempt(socket, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6))
    """
    assert restricted(host, program) == ["EPROTONOSUPPORT", "EPERM", "EPERM"]


def test_a_raw_socket_is_not_held_to_the_set(host: TestHost) -> None:
    program = """
        s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)
        s.settimeout(20)
        s.sendto(bytes.fromhex("0800f7fd00010001"), ("192.0.2.1", 0))
        print(s.recvfrom(99)[1][0])
    """
    assert restricted(host, program, "192.0.2.11") == ["192.0.2.1"]


def test_ipv6_is_closed_without_an_address(host: TestHost) -> None:
    program = """
        print(attempt(tcp6, "2001:db8::10", 80), attempt(tcp6, "::1", 80))
        print(attempt(tcp6().connect, ("2001:db8::1", 80)))
        print(attempt(udp6().sendto, b"?", ("2001:db8::1", 53)))
        print(attempt(udp6().connect, ("2001:db8::1", 80)))
    """
    assert restricted(host, program) == [
        "EADDRNOTAVAIL EADDRNOTAVAIL",
        "ENETUNREACH",
        "ENETUNREACH",
        "ENETUNREACH",
    ]


def test_an_ipv6_only_any_is_out_of_reach(host: TestHost) -> None:
    program = """
        import subprocess
        s = tcp6("::", 8080, only=1)
        print(s.getsockname()[:2])
        print(subprocess.check_output(["ss", "-tlnH"], text=True).split()[3][:6])
    """
    assert restricted(host, program) == ["('::', 8080)", "[::1]:"]


def test_both_localhosts_can_be_bound(host: TestHost) -> None:
    """As sshd does for the display of a session; only the one over IPv4 is in reach."""
    program = """
        six, four = tcp6("::1", 6010, only=1), tcp("127.0.0.1", 6010)
        print(six.getsockname()[:2], name(four))
        tcp6().connect(("::1", 6010))
        print(peer(four.accept()[0]))
    """
    assert restricted(host, program, "127.0.0.1", HOST) == ["('::1', 6010) 127.0.0.1", "127.0.0.1"]


def test_an_own_ipv6_address(host: TestHost) -> None:
    host.run("ip addr add 2001:db8::11/64 dev eth0 nodad")
    with host.lan.start("listen [2001:db8::1]:80 pong") as server:
        server.expect("listening")
        program = """
            print(name(tcp6("::", 8080, only=1)), name(tcp6("2001:db8::11", 8081)))
            print(attempt(tcp6, "2001:db8::10", 8081))
            s = tcp6()
            s.connect(("2001:db8::1", 80))
            print(name(s), s.recv(9))
        """
        assert restricted(host, program, v6=("2001:db8::11",)) == [
            "2001:db8::11 2001:db8::11",
            "EADDRNOTAVAIL",
            "2001:db8::11 b'pong'",
        ]


def test_any_where_there_are_ipv6_addresses(host: TestHost) -> None:
    """For both families it is IPv4, for IPv6 alone the first address; others can be named."""
    for address in "2001:db8::11", "2001:db8::12":
        host.run(f"ip addr add {address}/64 dev eth0 nodad")
    program = """
        print(name(tcp6("::", 8080, only=0)), name(tcp6("::", 8081, only=1)))
        print(name(tcp6("2001:db8::12", 8081)))
    """
    assert restricted(host, program, v6=("2001:db8::11", "2001:db8::12")) == [
        f"::ffff:{HOST} 2001:db8::11",
        "2001:db8::12",
    ]


def test_a_set_of_ipv6_addresses_alone(host: TestHost) -> None:
    program = """
        print(name(tcp6("::", 8080)), name(udp6("::", 8080)))
        for s in tcp(), udp(), tcp6():
            print(attempt(s.connect, ("::ffff:" * (s.family == AF_INET6) + "192.0.2.1", 80)))
        print(attempt(udp().sendto, b"", ("192.0.2.1", 80)))
        print(attempt(tcp, "", 8081))
    """
    words = ["chbind", "--silent", "--ip", "2001:db8::10", "python3", "-c"]
    result = host.run([*words, PROGRAM + textwrap.dedent(program)])
    assert result.out.split() == [*["2001:db8::10"] * 2, *["ENETUNREACH"] * 4, "EADDRNOTAVAIL"]


def test_listening_without_bind_reaches_nobody_else(host: TestHost) -> None:
    """The kernel gives such a socket a port on all addresses, which no program sees."""
    host.run(f"ip addr add {SECOND}/24 dev eth0")
    program = """
        s = socket()
        s.listen()
        s.settimeout(1)
        print(s.getsockname()[1], flush=True)
        print(attempt(s.accept), flush=True)
        s.settimeout(9)
        print(s.accept()[1][0])
    """
    words = ["python3", "-c", PROGRAM + _join(HOST, 7) + textwrap.dedent(program)]
    with host.start(words) as server:
        server.expect("\n")
        port = server.output[0].strip()
        assert host.lan.run(f"nc -w1 -z {SECOND} {port}").status != 0
        server.expect("timed out")
        assert host.lan.run(f"nc -w1 -z {HOST} {port}").status == 0
        assert server.wait().status == 0


@pytest.mark.parametrize("option", ["SOL_IP, 19", "SOL_IP, 15"], ids=["transparent", "freebind"])
def test_options_for_foreign_addresses_do_not_help(host: TestHost, option: str) -> None:
    program = f"""
        s = socket()
        s.setsockopt({option}, 1)
        print(attempt(s.bind, ("{SECOND}", 8000)))
    """
    assert restricted(host, program) == ["EADDRNOTAVAIL"]


def test_other_ways_to_a_connection(host: TestHost) -> None:
    host.run(f"ip addr add {SECOND}/24 dev eth0; sysctl -qw net.ipv4.tcp_fastopen=3")
    with host.lan.start("listen 192.0.2.1:80 pong") as server:
        server.expect("listening")
        program = """
            MPTCP, TCP_FASTOPEN, MSG_FASTOPEN = 262, 23, 0x20000000
            s = socket(AF_INET, SOCK_STREAM, MPTCP)
            s.connect(("192.0.2.1", 80))
            print(name(s), attempt(bound, socket(AF_INET, SOCK_STREAM, MPTCP), "192.0.2.10", 81))
            s = socket()
            s.sendto(b"", MSG_FASTOPEN, ("192.0.2.1", 80))
            print(name(s))
            s = udp()
            s.connect(("192.0.2.1", 53))
            import ctypes
            print(ctypes.CDLL(None).connect(s.fileno(), bytes(16), 16))
            s.connect(("192.0.2.1", 53))
            print(name(s))
            info = bytes(4) + inet_aton("192.0.2.10") + bytes(4)
            print(attempt(s.sendmsg, [b"?"], [(IPPROTO_IP, 8, info)]))
            s = socket()
            s.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
            print(attempt(s.bind, ("192.0.2.10", 8000)))
        """
        assert restricted(host, program, SECOND) == [
            f"{SECOND} EADDRNOTAVAIL",
            SECOND,
            "0",
            SECOND,
            "EPERM",
            "EADDRNOTAVAIL",
        ]


def test_a_bind_that_failed_leaves_no_trace(host: TestHost) -> None:
    host.run(f"ip addr add {SECOND}/24 dev eth0")
    program = f"""
        first = udp("{HOST}", 53)
        second = udp()
        print(attempt(second.bind, ("0.0.0.0", 53)))
        second.bind(("{SECOND}", 54))
        print(attempt(second.bind, ("0.0.0.0", 55)), name(second))
        second.close()
        print(name(udp("{HOST}", 54)), name(udp("{SECOND}", 54)))
    """
    assert restricted(host, program, HOST, SECOND) == [
        "EADDRINUSE",
        f"EINVAL {SECOND}",
        f"{HOST} {SECOND}",
    ]


def test_a_socket_keeps_what_it_was_made_with(host: TestHost) -> None:
    before = PROGRAM + "s = socket()\n" + _join(HOST, 7)
    code = before + f'print(attempt(s.bind, ("{SECOND}", 8000)), attempt(tcp, "{SECOND}", 8000))'
    host.run(f"ip addr add {SECOND}/24 dev eth0")
    result = host.run(["python3", "-c", code])
    assert (result.out, result.err) == ("None EADDRNOTAVAIL\n", "")


def test_a_network_namespace_of_its_own_is_left_alone(host: TestHost) -> None:
    program = """
        import ctypes, subprocess
        ctypes.CDLL(None).unshare(0x40000000)
        subprocess.run("ip link set lo up", shell=True, check=True)
        server = tcp("127.0.0.1", 80)
        s = socket()
        s.connect(("127.0.0.1", 80))
        s.send(b"!")
        print(name(server), server.accept()[0].recv(9))
    """
    assert restricted(host, program, context=7) == ["127.0.0.1 b'!'"]


# ---- sets inside sets -----------------------------------------------------------------------


def test_an_inner_set_can_only_be_narrower(host: TestHost) -> None:
    """The kernel alone: chbind refuses what is not narrower before that."""
    for address in SECOND, THIRD:
        host.run(f"ip addr add {address}/24 dev eth0")
    inner = """
ipv4root.join(cgroup.current(), ipv4root.AddressSet({pairs}, "192.0.2.255"))
print(name(tcp("0.0.0.0", 8000)))
print(attempt(tcp, "{other}", 8000))
"""
    pairs = ((SECOND, "255.255.255.0"),)
    narrow = inner.format(pairs=pairs, other=HOST)
    assert restricted(host, narrow, HOST, SECOND) == [SECOND, "EADDRNOTAVAIL"]
    assert restricted(
        host, narrow.replace("print(name(", "print(attempt(tcp, '0.0.0.0', 8000))\n#"), HOST, THIRD
    ) == ["EADDRNOTAVAIL", "EADDRNOTAVAIL"]


def test_localhost_in_an_inner_set(host: TestHost) -> None:
    program = """
        ipv4root.join(cgroup.current(), ipv4root.AddressSet((("192.0.2.10", "255.255.255.0"),)))
        server = tcp("127.0.0.1", 80)
        s = socket()
        s.connect(("127.0.0.1", 80))
        print(peer(s), name(server))
    """
    assert restricted(host, program, context=7) == [f"127.0.0.1 {HOST}"]


# ---- several addresses ----------------------------------------------------------------------


@pytest.fixture
def three(host: TestHost) -> TestHost:
    """A host that has three addresses, and a fourth that is nobody's."""
    for address in SECOND, THIRD, "192.0.2.13":
        host.run(f"ip addr add {address}/24 dev eth0")
    return host


def chbind(*addresses: str) -> str:
    return "chbind --silent " + " ".join(f"--ip {address}" for address in addresses)


@pytest.mark.parametrize("kind", ["", "-u"])
@pytest.mark.parametrize("any_address", ["0.0.0.0", "[::]"])
def test_any_serves_all_addresses(three: TestHost, kind: str, any_address: str) -> None:
    command = f"{chbind(HOST, SECOND, THIRD)} listen {kind} {any_address}:8000 yes"
    with three.start(command) as server:
        server.expect("listening")
        for machine in three, three.lan:
            for address in HOST, SECOND, THIRD:
                assert machine.run(f"ask {kind} {address}:8000").out == "yes\n", address
            assert machine.run(f"ask {kind} 192.0.2.13:8000").out == ""


@pytest.mark.parametrize("kind", ["", "-u"])
def test_two_sets_use_one_port(three: TestHost, kind: str) -> None:
    with (
        three.start(f"{chbind(HOST, SECOND)} listen {kind} 0.0.0.0:8000 one") as one,
        three.start(f"{chbind(THIRD, '192.0.2.13')} listen {kind} 0.0.0.0:8000 two") as two,
    ):
        one.expect("listening")
        two.expect("listening")
        for address, answer in (
            (HOST, "one"),
            (SECOND, "one"),
            (THIRD, "two"),
            ("192.0.2.13", "two"),
        ):
            assert three.lan.run(f"ask {kind} {address}:8000").out == answer + "\n"


def test_any_is_shown_as_any(three: TestHost) -> None:
    program = f"""
        server = tcp("0.0.0.0", 8000)
        s = socket()
        s.connect(("{SECOND}", 8000))
        print(name(server), name(server.accept()[0]), name(udp("", 8000)))
        print(name(tcp6("::", 8001)))
    """
    assert restricted(three, program, HOST, SECOND) == [f"0.0.0.0 {SECOND} 0.0.0.0", "::"]


@pytest.mark.parametrize("make", ["tcp", "udp"])
def test_sets_with_a_common_address_do_not_share_a_port(three: TestHost, make: str) -> None:
    kind = "-u" if make == "udp" else ""
    with three.start(f"{chbind(HOST, SECOND)} listen {kind} 0.0.0.0:8000") as server:
        server.expect("listening")
        any_address = f'print(attempt({make}, "0.0.0.0", 8000))'
        for addresses in [(THIRD, SECOND), (SECOND,), (HOST, THIRD), (THIRD, HOST)]:
            assert restricted(three, any_address, *addresses) == ["EADDRINUSE"], addresses
        one = f'print(attempt({make}, "{SECOND}", 8000))'
        assert restricted(three, one, SECOND) == ["EADDRINUSE"]
        assert restricted(three, one, HOST, SECOND) == ["EADDRINUSE"]
        assert restricted(three, any_address, THIRD) != ["EADDRINUSE"]


def test_a_port_is_free_again_when_its_socket_is_gone(three: TestHost) -> None:
    program = """
        for _ in range(3):
            for make in tcp, udp:
                s = make("0.0.0.0", 8000)
                s.close()
        print(attempt(udp, SECOND, 8000) and "free")
    """.replace("SECOND", repr(SECOND))
    assert restricted(three, program, HOST, SECOND) == ["free"]
    with three.start(f"{chbind(HOST, SECOND)} listen -u 0.0.0.0:8000") as server:
        server.expect("listening")
        server.signal(9)
        server.wait()
    assert restricted(three, program, HOST, SECOND) == ["free"]


def test_one_of_two_sockets_on_a_port_goes(three: TestHost) -> None:
    program = f"""
        def shared():
            s = udp()
            s.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            s.bind(("0.0.0.0", 53))
            return s
        one, other = shared(), shared()
        other.close()
        client = udp()
        for address in "{HOST}", "{SECOND}":
            client.sendto(b"?", (address, 53))
            print(one.recv(9))
    """
    assert restricted(three, program, HOST, SECOND) == ["b'?'", "b'?'"]


def test_datagrams_are_answered_from_the_address_that_was_asked(three: TestHost) -> None:
    with three.start(f"{chbind(HOST, SECOND)} listen -u 0.0.0.0:53 yes") as server:
        server.expect("listening")
        asked = """
            for address in "192.0.2.10", "192.0.2.11":
                s = udp()
                s.sendto(b"?", (address, 53))
                print(s.recvfrom(9)[1][0])
        """
        result = three.lan.run(["python3", "-c", PROGRAM + textwrap.dedent(asked)])
        assert result.out.split() == [HOST, SECOND]


SERVER = """
server = {make}("{any_address}", 53)
server.settimeout(20)
print("ready", flush=True)
while True:
    received = [server.recvfrom(99) for _ in range({batch})]
    for text, client in received:
        {answer}
"""


def asked_from_lan(host: TestHost, server: str, program: str, *addresses: str) -> list[str]:
    """What ``program`` prints on the lan machine while ``server`` serves ``addresses``."""
    command = f"{chbind(*addresses)} python3 -c '{PROGRAM}{server}'"
    with host.start(command) as process:
        process.expect("ready")
        result = host.lan.run(["python3", "-c", PROGRAM + textwrap.dedent(program)])
        assert result.err == "", result.err
        return result.out.split()


@pytest.mark.parametrize("first", [HOST, SECOND, THIRD])
@pytest.mark.parametrize("any_address", ["0.0.0.0", "::"])
def test_each_question_of_a_client_is_answered_from_where_it_went(
    three: TestHost, first: str, any_address: str
) -> None:
    """From one socket after each other, the first address right after another one, too."""
    make = "udp6" if ":" in any_address else "udp"
    server = SERVER.format(
        make=make, any_address=any_address, batch=1, answer="server.sendto(text, client)"
    )
    others = sorted({HOST, SECOND, THIRD} - {first})
    asked = [first, *others, first, first, others[1], first]
    program = f"""
        s = udp()
        for address in {asked}:
            s.sendto(b"?", (address, 53))
            print(s.recvfrom(9)[1][0])
    """
    assert asked_from_lan(three, server, program, first, *others) == asked


def test_two_clients_who_ask_at_once_are_told_apart(three: TestHost) -> None:
    """The questions are answered when all of them have come."""
    server = SERVER.format(
        make="udp", any_address="0.0.0.0", batch=3, answer="server.sendto(text, client)"
    )
    asked = [[SECOND, HOST, THIRD], [HOST, THIRD, SECOND], [SECOND, SECOND, HOST]]
    program = f"""
        clients = [udp() for _ in range(3)]
        for addresses in {asked}:
            for client, address in zip(clients, addresses):
                client.sendto(b"?", (address, 53))
            for client in clients:
                print(client.recvfrom(9)[1][0])
    """
    answered = asked_from_lan(three, server, program, SECOND, HOST, THIRD)
    assert answered == [address for addresses in asked for address in addresses]


def test_a_server_that_says_the_source_itself_decides(three: TestHost) -> None:
    """IP_PKTINFO, as named and others answer; it may name another address of the set."""
    answer = f'''
        for source in "{THIRD}", "{HOST}":
            info = bytes(4) + inet_aton(source) + bytes(4)
            server.sendmsg([text], [(IPPROTO_IP, 8, info)], 0, client)'''
    server = SERVER.format(make="udp", any_address="0.0.0.0", batch=1, answer=answer)
    program = f"""
        s = udp()
        s.sendto(b"?", ("{SECOND}", 53))
        print(s.recvfrom(9)[1][0], s.recvfrom(9)[1][0])
    """
    assert asked_from_lan(three, server, program, SECOND, HOST, THIRD) == [THIRD, HOST]


def test_a_client_with_a_connected_socket_hears_the_answer(three: TestHost) -> None:
    """And the one on the machine itself, whose own address is another one of the set."""
    with three.start(f"{chbind(SECOND, HOST)} listen -u 0.0.0.0:53 yes") as server:
        server.expect("listening")
        program = f"""
            for source in "", "{HOST}", "{THIRD}":
                s = udp(source, 0)
                s.connect(("{SECOND}", 53))
                s.send(b"?")
                print(s.recv(9))
        """
        assert run(three, program) == ["b'yes'"] * 3


def test_the_source_is_the_address_in_the_network_of_the_destination(host: TestHost) -> None:
    host.run("ip link add eth1 type veth peer name peer1 && ip link set peer1 up")
    host.run("ip addr add 198.51.100.10/24 dev eth1 && ip link set eth1 up")
    program = """
        for to in "192.0.2.1", "198.51.100.1", "203.0.113.1", "192.0.2.10", "198.51.100.10":
            s = udp()
            s.connect((to, 53))
            print(name(s), end=" ")
            s = udp6()
            s.connect(("::ffff:" + to, 53))
            print(name(s)[7:])
    """
    expected = [HOST, "198.51.100.10", HOST, HOST, "198.51.100.10"]
    for addresses in [(HOST, "198.51.100.10"), ("198.51.100.10", HOST)]:
        assert restricted(host, program, *addresses) == [f"{a} {a}" for a in expected]


# ---- broadcasts -----------------------------------------------------------------------------


BROADCAST = """
s = socket(AF_INET, SOCK_DGRAM)
s.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b"eth0")
for _ in range(3):
    s.sendto(b"all", ("{}", 6000))
"""


def hears(host: TestHost, listener: str, *sent_to: str) -> bool:
    """Does ``listener`` get a datagram that the lan machine sends to each of these addresses?"""
    words = ["sh", "-c", listener]
    with host.start(words) as server:
        server.expect("ready")
        for address in sent_to:
            host.lan.run(["python3", "-c", PROGRAM + BROADCAST.format(address)])
        return "b'all'" in server.wait().out


def receiver(address: str = "", patience: float = 20) -> str:
    program = f"""s = udp("{address}", 6000)
s.settimeout({patience})
print("ready", flush=True)
print(attempt(s.recv, 9))"""
    return f"python3 -c '{PROGRAM + program}'"


@pytest.mark.parametrize("addresses", [(SECOND,), (HOST, SECOND)])
def test_any_receives_broadcasts(three: TestHost, addresses: tuple[str, ...]) -> None:
    command = f"{chbind(*addresses)} --bcast eth0 {receiver()}"
    assert hears(three, command, "192.0.2.255")
    assert hears(three, command, "255.255.255.255")


UP_TO_END = """
s = udp("", 6000)
print("ready", flush=True)
got = b""
while got != b"end":
    got = s.recv(9)
    print(got)
"""


@pytest.mark.parametrize("operands", ["--ip {0}/32 --bcast {0}", "--ip {0}/31 --bcast {1}"])
def test_the_address_of_a_network_of_one_or_two_is_no_broadcast(
    three: TestHost, operands: str
) -> None:
    """A copy for who hears broadcasts would be a second datagram to one, or another's."""
    other = "192.0.2.13"
    command = f"chbind --silent {operands.format(THIRD, other)} python3 -c".split()
    with three.start([*command, PROGRAM + UP_TO_END]) as server:
        server.expect("ready")
        for address, text in ((THIRD, "it"), (other, "his"), (THIRD, "end")):
            three.lan.run(f"bash -c 'printf {text} >/dev/udp/{address}/6000'")
        assert server.wait().out == "ready\nb'it'\nb'end'\n"


def test_another_broadcast_address_is_not_heard(three: TestHost) -> None:
    three.run("ip addr add 192.0.2.99/28 brd 192.0.2.111 dev eth0")
    three.lan.run("ip addr add 192.0.2.98/28 brd 192.0.2.111 dev eth0")
    command = f"{chbind(SECOND)} --bcast eth0 {receiver(patience=2)}"
    assert not hears(three, command, "192.0.2.111")


def test_the_broadcast_address_can_be_bound(three: TestHost) -> None:
    command = f"{chbind(SECOND)} --bcast eth0 {receiver('192.0.2.255')}"
    assert hears(three, command, "192.0.2.255")


def test_two_sets_hear_one_broadcast(three: TestHost) -> None:
    command = f"{chbind(SECOND)} --bcast eth0 {receiver()}"
    with three.start(f"{chbind(HOST, THIRD)} --bcast eth0 {receiver()}") as other:
        other.expect("ready")
        assert hears(three, command, "192.0.2.255")
        assert "b'all'" in other.wait().out


@pytest.mark.parametrize("udp", ["", "-u"])
def test_a_further_address_that_an_unrestricted_process_binds_too(host: TestHost, udp: str) -> None:
    """What comes for a port that the set serves on 0.0.0.0 goes there (docs/network.md)."""
    assert host.run(f"ip addr add {SECOND}/24 dev eth0").status == 0
    served = f"chbind --silent --ip {HOST} --ip {SECOND} listen {udp} 0.0.0.0:8000 set"
    with host.start(served) as one:
        one.expect("listening")
        with host.start(f"listen {udp} {SECOND}:8000 other") as other:
            other.expect("listening")
            for machine in (host, host.lan):
                assert machine.run(f"ask {udp} {SECOND}:8000").out == "set\n"


GREEDY = """
import resource, signal
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
sockets = [{make}("0.0.0.0", port) for port in range(10000, 14400)]
print("served", flush=True)
signal.pause()
"""


@pytest.mark.parametrize(("udp", "make"), [("", "tcp"), ("-u", "udp")])
def test_one_set_with_all_its_ports_leaves_room_for_others(
    three: TestHost, udp: str, make: str
) -> None:
    addresses = (HOST, *(f"192.0.2.{number}" for number in range(101, 116)))
    words = [*chbind(*addresses).split(), "python3", "-c", PROGRAM + GREEDY.format(make=make)]
    with three.start(words) as greedy:
        greedy.expect("served")
        served = f"{chbind(SECOND, THIRD)} --bcast eth0 listen {udp} 0.0.0.0:8000 yes"
        with three.start(served) as other:
            other.expect("listening")
            assert three.lan.run(f"ask {udp} {THIRD}:8000").out == "yes\n"
            if udp:
                answer = three.lan.run("ask -b 192.0.2.255:8000").out
                assert answer == f"yes from {SECOND}\n"


@pytest.mark.parametrize(("udp", "make"), [("", "tcp"), ("-u", "udp")])
def test_room_comes_back_with_the_close(three: TestHost, udp: str, make: str) -> None:
    """A set has room for 4,096 entries, and each of these sockets takes 15."""
    addresses = (HOST, SECOND, *(f"192.0.2.{number}" for number in range(101, 115)))
    program = f"""
        import os
        for _ in range(3):
            sockets = [{make}("0.0.0.0", port) for port in range(10000, 10300)]
            del sockets
        os.execvp("listen", "listen {udp} 0.0.0.0:8000 yes".split())
    """
    words = [*chbind(*addresses).split(), "python3", "-c", PROGRAM + textwrap.dedent(program)]
    with three.start(words) as server:
        server.expect("listening")
        assert three.lan.run(f"ask {udp} {SECOND}:8000").out == "yes\n"
