"""The machine's IPv4 addresses and the aliases among them, by rtnetlink(7).

An alias is an address with a label of its own, ``DEVICE:NAME``. The ifconfig ioctls would set
it in three steps, first with the mask of its class: for a moment that is a route to all of
10.0.0.0/8, and of two commands at the same time one loses its alias to the other's change of
mask. A netlink message sets or removes label, address, mask and broadcast at once, and a
removal that names the label can hit nothing else.
"""

from __future__ import annotations

import os
from _socket import if_indextoname, if_nametoindex, inet_ntoa, inet_pton
from errno import EADDRNOTAVAIL, EINVAL, ENAMETOOLONG, ENODEV
from struct import pack, unpack_from

from vserver.kernel import rtnetlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_AF_INET = 2  # bits/socket.h

# linux/rtnetlink.h, linux/if_addr.h
_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_SCOPE_UNIVERSE, _SCOPE_HOST = 0, 254
_IFA_ADDRESS, _IFA_LOCAL, _IFA_LABEL, _IFA_BROADCAST, _IFA_FLAGS = 1, 2, 3, 4, 8
_IFA_F_NOPREFIXROUTE = 0x200

_IFADDR = "=BBBBI"  # struct ifaddrmsg: family, prefix length, flags, scope, device index
_IFADDR_SIZE = 8

LABEL_MAX = 15  # IFNAMSIZ less its NUL
_PROMOTE = "/proc/sys/net/ipv4/conf/{}/promote_secondaries"


class Address:
    """One IPv4 address of the machine: dotted ``address`` and ``broadcast`` ("" for none),
    ``prefix`` length and ``label`` (the device's name, or that, a colon and a name).
    """

    __slots__ = ("address", "broadcast", "device", "label", "prefix")

    def __init__(self, device: str, label: str, address: str, prefix: int, broadcast: str) -> None:
        self.device = device
        self.label = label
        self.address = address
        self.prefix = prefix
        self.broadcast = broadcast


def devices() -> list[str]:
    """Names of the machine's network devices, from /proc/net/dev.

    The kernel is never asked about a name that is not here: it would try to load a module
    of that name (change log, 0.7).
    """
    with open("/proc/net/dev", "rb") as table:
        lines = table.read().splitlines()[2:]
    return [os.fsdecode(line.rpartition(b":")[0].strip()) for line in lines]


def device_index(device: str) -> int:
    """The kernel's number of ``device``; ENODEV when there is no such device."""
    if device in devices():
        try:
            return if_nametoindex(device)
        except OSError:  # gone since
            pass
    raise _error(ENODEV, device)


def addresses() -> list[Address]:
    """Every IPv4 address of the machine in the kernel's order, aliases and loopback too."""
    names: dict[int, str] = {}
    found = []
    for body in rtnetlink.dump(_RTM_GETADDR, pack(_IFADDR, _AF_INET, 0, 0, 0, 0)):
        _family, prefix, _flags, _scope, index = unpack_from(_IFADDR, body)
        try:
            device = names.get(index) or names.setdefault(index, if_indextoname(index))
        except OSError:  # the device is gone since
            continue
        found.append(_parse(body, device, prefix))
    return found


def main_address(device: str, among: list[Address] | None = None) -> Address:
    """The address that carries the name ``device``, a device or an alias label, itself.

    Looked up ``among`` these addresses, or the machine's. OSError ENODEV when there is no
    such device, EADDRNOTAVAIL when it has no such address.
    """
    if device.partition(":")[0] not in devices():
        raise _error(ENODEV, device)
    for found in addresses() if among is None else among:
        if found.label == device:
            return found
    raise _error(EADDRNOTAVAIL, device)


def add_alias(
    label: str, address: str, prefix: int, broadcast: str, *, with_route: bool = True
) -> None:
    """Give ``address`` with its ``prefix`` length and ``broadcast`` to the device of ``label``.

    ``with_route``: its network is on that device, as it always is with ifconfig.

    OSError with the label: ENODEV, EEXIST when the device has this address in this network,
    ENAMETOOLONG for a label that the kernel would not take whole.
    """
    if len(os.fsencode(label)) > LABEL_MAX:
        raise _error(ENAMETOOLONG, label)
    local = inet_pton(_AF_INET, address)
    scope = _SCOPE_HOST if local[0] == 127 else _SCOPE_UNIVERSE
    body = (
        _ifaddr(label, prefix, scope)
        + rtnetlink.attribute(_IFA_LOCAL, local)
        + rtnetlink.attribute(_IFA_ADDRESS, local)
        + rtnetlink.attribute(_IFA_BROADCAST, inet_pton(_AF_INET, broadcast))
        + rtnetlink.attribute(_IFA_FLAGS, pack("=I", 0 if with_route else _IFA_F_NOPREFIXROUTE))
    )
    _change(rtnetlink.create, _RTM_NEWADDR, label, body)


def remove_alias(label: str, address: str = "") -> None:
    """Remove the address that ``label`` carries; with ``address`` given, only that one.

    OSError with the label: ENODEV or EADDRNOTAVAIL when there is no such alias, EINVAL for a
    label that is not an alias: a device's own addresses are never removed; that of
    promote_secondaries.
    """
    device, _, name = label.partition(":")
    if not name:
        raise _error(EINVAL, label)
    promote_secondaries(device)
    body = _ifaddr(label)
    if address:
        body += rtnetlink.attribute(_IFA_LOCAL, inet_pton(_AF_INET, address))
    _change(rtnetlink.change, _RTM_DELADDR, label, body)


def promote_secondaries(device: str) -> None:
    """Have the removal of an address on ``device`` leave the others of its network there.

    The first address of a network on a device is its primary one. With it the kernel removes
    the others too, those of guests and of the host, unless the device promotes the next of them.
    systemd turns that on at boot; elsewhere it is turned on here, and stays: turning it off
    again would race with another guest's stop. OSError: ENODEV, or it cannot be turned on.
    """
    path = _PROMOTE.format(device)
    try:
        with open(path, "rb", buffering=0) as setting:
            if setting.read(1) != b"0":
                return
        with open(path, "wb", buffering=0) as setting:
            setting.write(b"1")
    except FileNotFoundError:
        raise _error(ENODEV, device) from None


def _change(call: Callable[[int, bytes], None], kind: int, label: str, body: bytes) -> None:
    try:
        call(kind, body)
    except OSError as error:
        raise _error(error.errno or 0, label) from None


def _ifaddr(label: str, prefix: int = 0, scope: int = 0) -> bytes:
    """A struct ifaddrmsg for the device of ``label``, and the label."""
    index = device_index(label.partition(":")[0])
    name = rtnetlink.attribute(_IFA_LABEL, os.fsencode(label) + b"\0")
    return pack(_IFADDR, _AF_INET, prefix, 0, scope, index) + name


def _parse(body: bytes, device: str, prefix: int) -> Address:
    values = rtnetlink.attributes(body, _IFADDR_SIZE)
    label = os.fsdecode(values[_IFA_LABEL][:-1]) if _IFA_LABEL in values else device
    local = values.get(_IFA_LOCAL) or values[_IFA_ADDRESS]
    broadcast = inet_ntoa(values[_IFA_BROADCAST]) if _IFA_BROADCAST in values else ""
    return Address(device, label, inet_ntoa(local), prefix, broadcast)


def _error(number: int, name: str) -> OSError:
    return OSError(number, os.strerror(number), name)
