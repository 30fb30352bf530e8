"""The BPF programs of a leaf, and the set as they read it (bpf/ipv4root.h)."""

from __future__ import annotations

import os
from _socket import inet_aton, inet_pton
from errno import EPERM
from struct import Struct

from vserver.errors import VserverError, reason
from vserver.kernel import bpf, cgroup, routing, wildcard
from vserver.paths import BPF_OBJECTS

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.kernel.addressset import AddressSet

OBJECT = BPF_OBJECTS + "/ipv4root.o"

# The programs of a leaf and their attach types (linux/bpf.h, enum bpf_attach_type). A call of one
# takes as long as what it does: those are left out that a set has no use for.
_PROGRAMS = (
    ("sock_create", 2),
    ("sock_release", 34),
    ("bind4", 8),
    ("bind6", 9),
    ("post_bind4", 12),
    ("post_bind6", 13),
    ("connect4", 10),
    ("connect6", 11),
    ("sendmsg4", 14),
    ("sendmsg6", 15),
    ("getsockname6", 32),
    ("setsockopt", 22),
    ("ingress", 0),
    ("egress", 1),
)
_OF_OWN_LOOPBACK = (
    ("recvmsg4", 19),
    ("recvmsg6", 20),
    ("getpeername4", 29),
    ("getpeername6", 30),
)
_OF_SEVERAL = (("getsockname4", 31), ("sock_ops", 3))

# struct address_set: count, count6, route_count and flags; the cookie, the id and the broadcast
# address; then 16 IPv4 and IPv6 addresses (MAX_ADDRESSES) and MAX_ROUTES routes
_ADDRESS_SET = Struct("=4I2Q4s4x64s256s288s")
_MAX_ROUTES = 24
_OWN_LOOPBACK, _BIND_V6ONLY = 1, 2
_AF_INET6 = 10  # bits/socket.h


def load() -> str:
    """The directory where the programs and maps are pinned; errors as bpf.load."""
    return bpf.load(OBJECT, shared=wildcard.MAPS)


def attach(fd: int, path: str, pinned: str, addresses: AddressSet) -> None:
    """Attach what the set needs of the programs in ``pinned`` to the leaf open as ``fd``.

    VserverError (255) when the kernel refuses one.
    """
    for name, attach_type in _programs(path, addresses):
        _attach(fd, pinned, name, attach_type)


def _attach(fd: int, pinned: str, name: str, attach_type: int) -> None:
    program = bpf.open_pinned(f"{pinned}/{name}")
    try:
        bpf.attach(fd, program, attach_type)
    except OSError as refusal:
        error = _true_reason(refusal, fd, attach_type)
        why = f"cannot attach the BPF program {name}: {reason(error)}"
        raise VserverError(why, 255, remedy=_remedy(error.errno or 0)) from None
    finally:
        os.close(program)


def _true_reason(refusal: OSError, fd: int, attach_type: int) -> OSError:
    """EPERM for who lacks CAP_NET_ADMIN: bpf_prog_attach() in the kernel makes EINVAL of it."""
    try:
        bpf.can_attach(fd, attach_type)
    except PermissionError as error:
        return error
    except OSError:
        pass
    return refusal


def _remedy(number: int) -> str:
    """Also where a control group around has programs that suffer no others beside them."""
    if number == EPERM:
        return "it takes root, outside of containers, and Delegate=yes in a unit of systemd"
    return bpf.remedy(number)


def _programs(path: str, addresses: AddressSet) -> tuple[tuple[str, int], ...]:
    """The programs that the leaf ``path`` of a set needs, with their attach types."""
    programs: tuple[tuple[str, int], ...] = _PROGRAMS
    if _has_own_loopback(path):
        programs += _OF_OWN_LOOPBACK
    if len(addresses.effective()) > 1:
        programs += _OF_SEVERAL
    return programs


def write(fd: int, path: str, pinned: str, addresses: AddressSet) -> None:
    """Give ``addresses`` to the programs, pinned in ``pinned``, of the leaf open as ``fd``."""
    identity = os.fstat(fd).st_ino
    sets = bpf.open_pinned(f"{pinned}/address_sets")
    try:
        bpf.update(sets, identity.to_bytes(8, "little"), _packed(path, identity, addresses))
    finally:
        os.close(sets)


def _packed(path: str, identity: int, addresses: AddressSet) -> bytes:
    """The set as the programs read it."""
    pairs = addresses.effective()
    routes = routing.source_routes(pairs, _MAX_ROUTES) if len(pairs) > 1 else []
    return _ADDRESS_SET.pack(
        len(pairs),
        len(addresses.addresses6),
        len(routes),
        _flags(path),
        wildcard.netns_cookie(),
        identity,
        inet_aton(addresses.heard_broadcast()),
        b"".join(inet_aton(address) for address, _ in pairs),
        b"".join(inet_pton(_AF_INET6, address) for address in addresses.addresses6),
        b"".join(network + mask + source for network, mask, source in routes),
    )


def _flags(path: str) -> int:
    flags = _OWN_LOOPBACK if _has_own_loopback(path) else 0
    try:
        with open("/proc/sys/net/ipv6/bindv6only", "rb") as setting:
            return flags | (_BIND_V6ONLY if setting.read(1) == b"1" else 0)
    except FileNotFoundError:
        return flags


def _has_own_loopback(path: str) -> bool:
    """In a context 127.0.0.1 is the guest itself (0.11); on the root server it stays shared."""
    return path.startswith(cgroup.mount_point() + "/vserver/")
