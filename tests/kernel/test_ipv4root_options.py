"""Options and control messages of sockets that could lead a guest to what is not its own."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from kernel.test_ipv4root import HOST, PROGRAM, SECOND, THIRD, _join, restricted, run

if TYPE_CHECKING:
    from testhost import TestHost

LAN = "192.0.2.1"
HOST6, OWN6, OTHER6, LAN6 = "2001:db8::10", "2001:db8::11", "2001:db8::12", "2001:db8::1"

# linux/in.h, linux/in6.h and linux/udp.h: what the module socket has not in all versions of Python
OPTIONS = """
import ctypes, struct
IP_PKTINFO, IP_RECVERR, IP_LOCAL_PORT_RANGE, MSG_ERRQUEUE = 8, 11, 51, 0x2000
UDP_SEGMENT, SO_ATTACH_REUSEPORT_CBPF = 103, 51
libc = ctypes.CDLL(None)
def from4(address):
    there = inet_aton(address)
    return [(IPPROTO_IP, IP_PKTINFO, bytes(4) + there + there)]
def from6(address):
    return [(IPPROTO_IPV6, IPV6_PKTINFO, inet_pton(AF_INET6, address) + bytes(4))]
"""

# Prints what comes to the ports of the host, from where, until a datagram says "end"
LISTENER = """
import select
print("ready", flush=True)
while True:
    for s in select.select(services, [], [], 5)[0]:
        text, sender = s.recvfrom(99)
        if text == b"end":
            sys.exit()
        print(text.decode(), sender[0])
"""

# A socket on a port that it shares
SHARED = """
s = socket(AF_INET, SOCK_DGRAM)
s.settimeout(5)
s.setsockopt(SOL_SOCKET, SO_REUSE{what}, 1)
s.bind(("", 45000))
"""

# What comes to a group of sockets with one address and port goes to the second that joined
TAKE_ALL = """
code = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 1))  # BPF_RET | BPF_K
program = struct.pack("@HP", 1, ctypes.addressof(code))
s.setsockopt(SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program)
print("ready", flush=True)
print(s.recv(9))
"""


@pytest.fixture
def three(host: TestHost) -> TestHost:
    """A host with two more addresses of each family."""
    host.run(f"ip addr add {SECOND}/24 dev eth0; ip addr add {THIRD}/24 dev eth0")
    for address in OWN6, OTHER6:
        host.run(f"ip addr add {address}/64 dev eth0 nodad")
    return host


def in_set(program: str) -> list[str]:
    """The words of a command that runs ``program`` in a context with the second address."""
    return ["python3", "-c", PROGRAM + _join(SECOND, 7) + program]


ODD_SOURCES = (HOST, THIRD, "0.0.0.1", "224.0.0.1", "192.0.2.255", "255.255.255.255")


@pytest.mark.parametrize("connect", ["", f"s.connect(('{LAN}', 9))"], ids=["free", "connected"])
def test_a_datagram_names_no_source_of_others(three: TestHost, connect: str) -> None:
    """Nor one that is to be cut into segments later."""
    where = "" if connect else f", ('{LAN}', 9)"
    program = f"""
        for segment in [], [(IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", 400))]:
            for source in {ODD_SOURCES}:
                s = udp()
                {connect}
                print(attempt(s.sendmsg, [bytes(800)], from4(source) + segment, 0{where}))
    """
    assert restricted(three, OPTIONS + dedent(program), SECOND, context=7) == ["EPERM"] * 12


def test_a_datagram_of_ipv6_names_no_source_of_others(three: TestHost) -> None:
    program = f"""
        for source in "{HOST6}", "{OTHER6}", "::1", "{OWN6}":
            print(attempt(udp6().sendmsg, [b"?"], from6(source), 0, ("{LAN6}", 9)))
        for source in "{HOST}", "{THIRD}":
            where = ("::ffff:{LAN}", 9)
            print(attempt(udp6().sendmsg, [b"?"], from6("::ffff:" + source), 0, where))
            print(attempt(udp6().sendmsg, [b"?"], from4(source), 0, where))
    """
    said = restricted(three, OPTIONS + dedent(program), SECOND, context=7, v6=(OWN6,))
    assert said == ["EPERM"] * 3 + ["1"] + ["EPERM"] * 4


def test_an_ipv6_socket_that_is_given_ipv4_addresses(three: TestHost) -> None:
    """Datagram sockets take a struct sockaddr_in, too: another way to the hooks of IPv4."""
    program = f"""
        def ipv4(address):
            packed = struct.pack("=H", AF_INET) + struct.pack(">H", 7000)
            return packed + inet_aton(address) + bytes(8)
        for address in "127.0.0.1", "{HOST}":
            s = udp6()
            print(libc.connect(s.fileno(), ipv4(address), 16), name(s), s.send(b"connected"))
            s = udp6()
            print(libc.sendto(s.fileno(), b"free", 4, 0, ipv4(address), 16))
        s.sendto(b"end", ("::ffff:{HOST}", 7000))
    """
    services = f"services = [udp('127.0.0.1', 7000), udp('{HOST}', 7000)]"
    with three.start(["python3", "-c", PROGRAM + services + LISTENER]) as server:
        server.expect("ready\n")
        said = restricted(three, OPTIONS + dedent(program), SECOND, context=7)
        assert said == [f"0 ::ffff:{SECOND} 9", "4"] * 2
        assert server.wait().out == f"ready\nconnected {SECOND}\nfree {SECOND}\n"


@pytest.mark.parametrize("device", ["eth0", "lo"])
def test_a_device_brings_no_address(three: TestHost, device: str) -> None:
    program = f"""
        for make in udp, tcp:
            s = make()
            s.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b"{device}")
            print(attempt(s.bind, ("{HOST}", 0)), attempt(s.bind, ("127.0.0.1", 0)), name(s))
    """
    assert restricted(three, program, SECOND, context=7) == [f"EADDRNOTAVAIL None {SECOND}"] * 2


def test_nobody_joins_the_group_of_the_hosts_sockets(three: TestHost) -> None:
    """SO_REUSEPORT goes by the user, and the host's root and a guest's have the same number."""
    shared = SHARED.format(what="PORT")
    take = OPTIONS + shared + TAKE_ALL
    serve = PROGRAM + shared + "services = [s]" + LISTENER
    with three.start(["python3", "-c", serve]) as server:
        server.expect("ready")
        with three.start(in_set(take)) as taker:
            taker.expect("ready")
            send = [f"udp().sendto(b'{letter}', ('{HOST}', 45000))" for letter in "abcdefgh"]
            run(three, "\n".join([*send, f"udp().sendto(b'end', ('{HOST}', 45000))"]))
            assert server.wait().out.split()[1::2] == list("abcdefgh")
            run(three, f"udp().sendto(b'own', ('{SECOND}', 45000))")
            assert taker.wait().out == "ready\nb'own'\n"


def test_who_shares_a_port_hears_no_errors_of_others(three: TestHost) -> None:
    """ICMP errors bring back what was sent."""
    shared = OPTIONS + SHARED.format(what="ADDR") + "s.setsockopt(IPPROTO_IP, IP_RECVERR, 1)\n"
    hear = """
        print("ready", flush=True)
        print(s.recv(9))
        s.setblocking(False)
        print(attempt(s.recvmsg, 99, 99, MSG_ERRQUEUE))
    """
    send = f"""
        import select
        s.sendto(b"secret", ("{LAN}", 9))
        poll = select.poll()
        poll.register(s, 0)
        poll.poll(5000)
        print(s.recvmsg(99, 99, MSG_ERRQUEUE)[0])
        s.sendto(b"over", ("{SECOND}", 45000))
    """
    assert three.lan.run("true").status == 0
    with three.start(in_set(shared + dedent(hear))) as hearer:
        hearer.expect("ready")
        assert run(three, shared + dedent(send)) == ["b'secret'"]
        assert hearer.wait().out == "ready\nb'over'\nEAGAIN\n"


@pytest.mark.parametrize(
    ("make", "take"),
    [("udp", f"s.sendto, b'', ('{LAN}', 9)"), ("tcp", "s.listen")],
)
def test_a_reserved_port_is_not_taken_on_all_addresses(
    three: TestHost, make: str, take: str
) -> None:
    """Not by a socket without an address, which may say what the kernel shall choose from."""
    three.run("sysctl -qw net.ipv4.ip_local_reserved_ports=45001")
    program = f"""
        for port in 45001, 45000:
            s = {make}()
            chosen = struct.pack("=HH", port, port)
            print(attempt(s.setsockopt, IPPROTO_IP, IP_LOCAL_PORT_RANGE, chosen))
            attempt({take})
            print(s.getsockname()[1])
    """
    said = restricted(three, OPTIONS + dedent(program), SECOND, context=7)
    if said[0] != "None":
        pytest.skip("this kernel lets no socket say that (6.3)")
    assert said == ["None", "0", "None", "45000"]
