"""What the ipv4root programs remember of sockets (bpf/ipv4root.h and bpf/wildcard.h).

A socket that asked for 0.0.0.0 is bound to the first address of its set. What it asked for is in
the programs' map of sockets; the kernel does not tell that of datagram sockets, but these stand
in the map of those who serve further addresses.
"""

from __future__ import annotations

import os
from _socket import inet_ntoa, ntohs
from struct import Struct, unpack_from

from vserver.kernel import bpf, wildcard

_SOCKET_STATE = Struct("=Q14x2s4xI")  # struct socket_state
_BOUND_ANY, _HIDDEN_V6 = 1, 2

# bpf/wildcard.h and bpf/endpoints.h: the port, the address (in a word of eight bytes), the first
# address, and the number of sockets (with how they share, above it) in each slot of a struct bucket
_BUCKETS = 8192
_BUCKET = Struct("=8x" + 8 * "Q4sI")
_LARGEST_SET = 4096  # bytes; more than the struct address_set of any version


class SocketStates:
    """The maps of all versions of the programs that are in use. A context manager."""

    def __init__(self) -> None:
        self.maps: list[int] = []
        self._sets: list[int] = []

    def __enter__(self) -> SocketStates:
        try:
            names = os.listdir(bpf.FILE_SYSTEM)
        except FileNotFoundError:
            names = []
        for name in names:
            if name.startswith("vserver-"):
                self._open(f"{bpf.FILE_SYSTEM}/{name}")
        return self

    def _open(self, pinned: str) -> None:
        for name, maps in (("socket_states", self.maps), ("address_sets", self._sets)):
            try:
                maps.append(bpf.open_pinned(f"{pinned}/{name}"))
            except FileNotFoundError:  # other programs than ipv4root
                pass

    def __exit__(self, *_error: object) -> None:
        for fd in (*self.maps, *self._sets):
            os.close(fd)

    def port_of_any(self, value: bytes, port: int) -> int | None:
        """The port that a socket asked for at 0.0.0.0 or [::]; None if it did not ask for these.

        ``value`` is what one of ``maps`` has about it, ``port`` the one that it is bound to. With
        a single address "any" is no more than that address, for the program itself, too.
        """
        set_id, asked_port, flags = _SOCKET_STATE.unpack_from(value)
        if flags & _HIDDEN_V6:
            return int.from_bytes(asked_port, "big") or port
        return port if flags & _BOUND_ANY and self._has_several(set_id) else None

    def _has_several(self, set_id: int) -> bool:
        """Has the address set of that id more than one address; False when it is gone."""
        for sets in self._sets:
            try:
                value = bpf.lookup(sets, set_id.to_bytes(8, "little"), _LARGEST_SET)
            except FileNotFoundError:
                continue
            return bool(unpack_from("=I", value)[0] > 1)
        return False

    def datagram_wildcards(self) -> set[tuple[str, int]]:
        """Where the datagram sockets are bound that asked for 0.0.0.0 of several addresses."""
        try:
            table = bpf.open_pinned(f"{wildcard.MAPS}/wildcards")
        except FileNotFoundError:
            return set()
        try:
            buckets = bpf.elements(table, _BUCKETS, _BUCKET.size)
        finally:
            os.close(table)
        found = set()
        for bucket in _BUCKET.iter_unpack(buckets):
            for endpoint, first, sockets in zip(*[iter(bucket)] * 3, strict=True):
                if sockets:
                    found.add((inet_ntoa(first), ntohs(endpoint & 0xFFFF)))
        return found
