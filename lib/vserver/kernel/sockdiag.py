"""The machine's sockets, as the kernel lists them (sock_diag(7)).

Where this kernel has no list for a protocol (raw_diag is a module that some leave out), the table
in /proc/net is read, which does not tell the cgroup.
"""

from __future__ import annotations

from _socket import inet_ntop
from errno import ENOENT
from struct import Struct, pack, unpack_from
from sys import byteorder

from vserver.kernel import rtnetlink

TCP, UDP, RAW = 6, 17, 255  # linux/in.h
AF_INET, AF_INET6 = 2, 10  # bits/socket.h

# Connection states (net/tcp_states.h), which sockets of all kinds borrow
ESTABLISHED, CLOSE, LISTEN = 1, 7, 10

_NETLINK_SOCK_DIAG = 4  # linux/netlink.h
_SOCK_DIAG_BY_FAMILY = 20  # linux/sock_diag.h
_AF_UNIX = 1
_ANY_STATE = 0x1FFF  # all that /proc/net shows; not BOUND_INACTIVE, 6.8

# linux/inet_diag.h: struct inet_diag_req_v2 and inet_diag_msg, attributes of both
_INET_REQUEST = Struct("=BBBxI48x")
_INET_MESSAGE = Struct("=BBxx2s2s16s16s12xIIIII")
_REQ_SK_BPF_STORAGES, _REQ_MAP_FD = 2, 1
_SK_BPF_STORAGES, _CGROUP_ID = 20 | 0x8000, 21  # NLA_F_NESTED
_STORAGE_VALUE = 3

# linux/unix_diag.h: struct unix_diag_req and unix_diag_msg
_UNIX_REQUEST = Struct("=BBxxIIIII")
_UNIX_MESSAGE = Struct("=BBBxI8x")
_UDIAG_SHOW_NAME = 1
_UNIX_NAME = 0

_TABLES = {TCP: "tcp", UDP: "udp", RAW: "raw"}


class InetSocket:
    """A socket of AF_INET or AF_INET6: addresses as text, ports as numbers.

    ``inode`` is 0 for one that no descriptor stands for. ``cgroup`` is the id of the cgroup that
    it was made in (5.8), 0 when that is not known. ``storages`` are the values in the socket
    maps that were asked for. ``network`` is for the caller, who knows the network namespace.
    """

    __slots__ = (
        "cgroup",
        "family",
        "inode",
        "local",
        "local_port",
        "network",
        "peer",
        "peer_port",
        "receive_queue",
        "send_queue",
        "state",
        "storages",
    )

    def __init__(self, family: int, state: int, queues: tuple[int, int], inode: int) -> None:
        self.family = family
        self.state = state
        self.receive_queue, self.send_queue = queues
        self.inode = inode
        self.cgroup = self.network = 0
        self.local = self.peer = ""
        self.local_port = self.peer_port = 0
        self.storages: list[bytes] = []

    def set_ends(self, local: bytes, local_port: int, peer: bytes, peer_port: int) -> None:
        """Note the addresses, given in network order, and the ports."""
        self.local, self.peer = (inet_ntop(self.family, end) for end in (local, peer))
        self.local_port, self.peer_port = local_port, peer_port


class UnixSocket:
    """A socket of AF_UNIX: ``kind`` is SOCK_STREAM …, ``name`` begins with @ if abstract."""

    __slots__ = ("inode", "kind", "name", "state")

    def __init__(self, kind: int, state: int, inode: int, name: str) -> None:
        self.kind = kind
        self.state = state
        self.inode = inode
        self.name = name


def inet_sockets(family: int, protocol: int, maps: list[int]) -> list[InetSocket]:
    """The sockets of ``protocol`` (TCP, UDP, RAW) in the caller's network namespace.

    ``maps`` are descriptors of BPF maps of sockets, whose values are wanted too (5.7; needs
    CAP_SYS_ADMIN). A family that the kernel does not have has no sockets.
    """
    request = _INET_REQUEST.pack(family, protocol, 0, _ANY_STATE)
    wanted = b"".join(rtnetlink.attribute(_REQ_MAP_FD, pack("=I", fd)) for fd in maps)
    if wanted:
        request += rtnetlink.attribute(_REQ_SK_BPF_STORAGES, wanted)
    try:
        return [_inet_socket(body) for body in _ask(request)]
    except OSError as error:
        if error.errno != ENOENT:
            raise
    return _read_table(family, protocol)


def _ask(request: bytes) -> list[bytes]:
    return rtnetlink.dump(_SOCK_DIAG_BY_FAMILY, request, protocol=_NETLINK_SOCK_DIAG)


def _inet_socket(body: bytes) -> InetSocket:
    family, state, port, peer_port, local, peer, _, receive, send, _, inode = (
        _INET_MESSAGE.unpack_from(body)
    )
    found = InetSocket(family, state, (receive, 0 if state == LISTEN else send), inode)
    length = 16 if family == AF_INET6 else 4
    ports = int.from_bytes(port, "big"), int.from_bytes(peer_port, "big")
    found.set_ends(local[:length], ports[0], peer[:length], ports[1])
    attributes = rtnetlink.attributes(body, _INET_MESSAGE.size)
    if _CGROUP_ID in attributes:
        (found.cgroup,) = unpack_from("=Q", attributes[_CGROUP_ID])
    if _SK_BPF_STORAGES in attributes:
        found.storages = _storages(attributes[_SK_BPF_STORAGES])
    return found


def _storages(nested: bytes) -> list[bytes]:
    values = []
    offset = 0
    while offset + 4 <= len(nested):
        (length,) = unpack_from("=H", nested, offset)
        one = rtnetlink.attributes(nested[offset + 4 : offset + length], 0)
        if _STORAGE_VALUE in one:
            values.append(one[_STORAGE_VALUE])
        offset += max(length + 3 & ~3, 4)
    return values


def _read_table(family: int, protocol: int) -> list[InetSocket]:
    name = _TABLES[protocol] + ("6" if family == AF_INET6 else "")
    try:
        with open(f"/proc/self/net/{name}", encoding="ascii") as file:
            return [_parse_row(family, line.split()) for line in file.readlines()[1:]]
    except FileNotFoundError:
        return []


def _parse_row(family: int, fields: list[str]) -> InetSocket:
    """A row of /proc/net/tcp and its like (proc(5))."""
    send, receive = (int(queue, 16) for queue in fields[4].split(":"))
    found = InetSocket(family, int(fields[3], 16), (receive, send), int(fields[9]))
    (local, port), (peer, peer_port) = (end.split(":") for end in fields[1:3])
    found.set_ends(_address(local), int(port, 16), _address(peer), int(peer_port, 16))
    return found


def _address(digits: str) -> bytes:
    """Addresses stand there as numbers of the machine's own byte order."""
    words = (int(digits[i : i + 8], 16) for i in range(0, len(digits), 8))
    return b"".join(word.to_bytes(4, byteorder) for word in words)


def unix_sockets() -> list[UnixSocket]:
    """The sockets of AF_UNIX in the caller's network namespace."""
    request = _UNIX_REQUEST.pack(
        _AF_UNIX, 0, 0xFFFFFFFF, 0, _UDIAG_SHOW_NAME, 0xFFFFFFFF, 0xFFFFFFFF
    )
    return [_unix_socket(body) for body in _ask(request)]


def _unix_socket(body: bytes) -> UnixSocket:
    _family, kind, state, inode = _UNIX_MESSAGE.unpack_from(body)
    name = rtnetlink.attributes(body, _UNIX_MESSAGE.size).get(_UNIX_NAME, b"")
    if name.startswith(b"\0"):
        name = name.replace(b"\0", b"@")
    text = name.rstrip(b"\0").decode("utf-8", "surrogateescape")
    return UnixSocket(kind, state, inode, text)
