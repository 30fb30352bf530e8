"""Addresses as administrators give them, to chbind and in IPROOT, and what is filled in.

The forms of a value are tried in this order: a network device of this machine, an address, a host
name. The kernel is never asked about a device that /proc/net/dev does not list (change log, 0.7).
"""

from __future__ import annotations

from _socket import inet_ntop, inet_pton

from vserver import ipv4
from vserver.errors import VserverError
from vserver.kernel import netdev
from vserver.kernel.addressset import LIMITED_BROADCAST, MAX_ADDRESSES, AddressSet

DEFAULT_MASK = "255.255.255.0"
NO_ADDRESS = "0.0.0.0"

_AF_INET6 = 10  # bits/socket.h
_ANY6 = bytes(16)
_V4MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96
_MULTICAST6 = b"\xff"  # ff00::/8

# The texts of the old tool; the caller adds how it is called
INVALID_ADDRESS = "Invalid IP number or host name: %s"
INVALID_MASK = "Invalid netmask: %s"
INVALID_BROADCAST = "Invalid broadcast number: %s"

_host_names: dict[str, str] = {}  # the answers that ``resolve`` has had


class Builder:
    """Collects values in the order of the command line."""

    __slots__ = ("_addresses6", "_broadcast", "_machine", "_pairs")

    def __init__(self) -> None:
        self._pairs: list[tuple[str, str]] = []
        self._addresses6: list[str] = []
        self._broadcast = LIMITED_BROADCAST
        self._machine: list[netdev.Address] | None = None

    def add(self, value: str) -> bool:
        """Add an address: a device, an address or a host name, the latter two with "/mask".

        A device gives its mask and broadcast address too; an address without a mask has that of
        the device that carries it, else 255.255.255.0 (0.14, 0.23). False, and nothing added,
        when there are 16 already. VserverError (255) for what is none of these.
        """
        if len(self._pairs) + len(self._addresses6) == MAX_ADDRESSES:
            return False
        if address := ipv6(value):
            self._addresses6.append(address)
        elif value in netdev.devices():
            self._add_device(value)
        else:
            name, slash, mask = value.partition("/")
            address = resolve(name)
            if not address:
                raise VserverError(INVALID_ADDRESS % value, 255)
            self._pairs.append((address, self._mask(address, mask, given=bool(slash))))
        return True

    def set_broadcast(self, value: str) -> None:
        """Set the broadcast address: that of a device, an address or a host name's."""
        own = self._own(value) if value in netdev.devices() else None
        broadcast = (own.broadcast or LIMITED_BROADCAST) if own else resolve(value)
        if not broadcast:
            raise VserverError(INVALID_BROADCAST % value, 255)
        self._broadcast = broadcast

    def result(self) -> AddressSet:
        """What was collected; the last broadcast address counts, 255.255.255.255 if none came."""
        return AddressSet(tuple(self._pairs), self._broadcast, tuple(self._addresses6))

    def _add_device(self, name: str) -> None:
        own = self._own(name)
        if not own:
            raise VserverError(INVALID_ADDRESS % name, 255)
        self._pairs.append((own.address, ipv4.netmask(own.prefix)))
        self._broadcast = own.broadcast or LIMITED_BROADCAST

    def _mask(self, address: str, mask: str, *, given: bool) -> str:
        if given:
            dotted = ipv4.mask(mask)
            if not dotted:
                raise VserverError(INVALID_MASK % mask, 255)
            return dotted
        carriers = (own for own in self._addresses() if own.address == address)
        own = next(carriers, None)
        return ipv4.netmask(own.prefix) if own else DEFAULT_MASK

    def _own(self, device: str) -> netdev.Address | None:
        """The device's own address (the first that is not an alias)."""
        return next((own for own in self._addresses() if own.label == device), None)

    def _addresses(self) -> list[netdev.Address]:
        if self._machine is None:
            self._machine = netdev.addresses()
        return self._machine


def ipv6(text: str) -> str:
    """The IPv6 address of one machine in its usual spelling (RFC 5952); "" for anything else.

    "::" is none, nor is a multicast group or an IPv4 address in that dress: a set of one of them
    would allow nothing.
    """
    if ":" not in text:
        return ""
    try:
        address = inet_pton(_AF_INET6, text)
    except (OSError, ValueError):
        return ""
    if address == _ANY6 or address.startswith((_V4MAPPED, _MULTICAST6)):
        return ""
    return inet_ntop(_AF_INET6, address)


def resolve(name: str) -> str:
    """The dotted address, or the first IPv4 address of the host name, ``name``; "" for none.

    A host name is asked for once, and keeps what it stands for: of several addresses each answer
    may name another one first, and where nobody answers each question takes long.
    """
    if not name or ipv4.is_dotted(name):
        return name
    if ":" in name or not any(character.isalpha() for character in name):
        return ""
    if name not in _host_names:
        _host_names[name] = _look_up(name)
    return _host_names[name]


def _look_up(name: str) -> str:
    from socket import gethostbyname

    try:
        return gethostbyname(name)
    except (OSError, UnicodeError):
        return ""
