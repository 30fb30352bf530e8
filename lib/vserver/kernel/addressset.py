"""A set of addresses that processes may be held to."""

from __future__ import annotations

from _socket import inet_aton

ANY = "0.0.0.0"
LIMITED_BROADCAST = "255.255.255.255"
MAX_ADDRESSES = 16
_MASK_OF_TWO = 0xFFFFFFFE


class AddressSet:
    """Dotted (address, mask) pairs in the administrator's order, one dotted ``broadcast`` and
    the IPv6 addresses.
    """

    __slots__ = ("addresses", "addresses6", "broadcast")

    def __init__(
        self,
        addresses: tuple[tuple[str, str], ...] = (),
        broadcast: str = LIMITED_BROADCAST,
        addresses6: tuple[str, ...] = (),
    ) -> None:
        self.addresses = addresses
        self.broadcast = broadcast
        self.addresses6 = addresses6

    @property
    def unrestricted(self) -> bool:
        """No address at all, or 0.0.0.0 in first place: the whole machine's (0.16, 0.22)."""
        if not self.addresses:
            return not self.addresses6
        return self.addresses[0][0] == ANY

    def within(self, other: AddressSet) -> bool:
        """Does ``other`` allow every address of this set?"""
        if other.unrestricted or self.unrestricted:
            return other.unrestricted
        theirs = {address for address, _ in other.addresses}
        ours = {address for address, _ in self.addresses}
        return ours <= theirs and set(self.addresses6) <= set(other.addresses6)

    def effective(self) -> list[tuple[str, str]]:
        """The pairs that count: each address once, 0.0.0.0 never, those of loopback last.

        0.0.0.0 is bound to the first of them, which is also the source of last resort; a
        loopback address is of use for that only when there is no other.
        """
        pairs: dict[str, tuple[str, str]] = {}
        for pair in self.addresses:
            pairs.setdefault(pair[0], pair)
        pairs.pop(ANY, None)
        return sorted(pairs.values(), key=lambda pair: pair[0].startswith("127."))

    def heard_broadcast(self) -> str:
        """The broadcast address, 0.0.0.0 when that is no broadcast address.

        A network of one or two addresses has none (RFC 3021): what follows from such a mask is
        an address of the set, or a neighbour's.
        """
        wanted = _number(self.broadcast)
        for address, mask in self.addresses:
            own, pair = _number(address), _number(mask) == _MASK_OF_TWO
            if wanted == own or (pair and wanted == own | 1):
                return ANY
        return self.broadcast

    def __str__(self) -> str:
        """One line that ``parse`` reads back."""
        pairs = (f"{address}/{mask}" for address, mask in self.addresses)
        return " ".join((self.broadcast, *pairs, *self.addresses6))


def _number(dotted: str) -> int:
    return int.from_bytes(inet_aton(dotted), "big")


def parse(text: str) -> AddressSet:
    """The set whose ``str`` is ``text``."""
    broadcast, *words = text.split()
    pairs = tuple((word.split("/")[0], word.split("/")[1]) for word in words if "/" in word)
    return AddressSet(pairs, broadcast, tuple(word for word in words if "/" not in word))
