"""Which of several addresses is the source towards a destination.

A program on a socket cannot ask for a route. The answers are worked out beforehand, one per
network that the machine has a route to, by the patched kernel's rule (change log, 0.23).
"""

from __future__ import annotations

from _socket import inet_aton
from struct import pack

from vserver.kernel import rtnetlink

# linux/rtnetlink.h
_RTM_GETROUTE = 26
_RTA_DST, _RTA_PREFSRC = 1, 7
_RTN_UNICAST = 1
_RT_TABLE_LOCAL = 255
_RTMSG = 12  # struct rtmsg
_AF_INET = 2

_ALL_ONES = 0xFFFFFFFF
_FAR_AWAY = 0xC6336401  # 198.51.100.1 (RFC 5737), in the network of the default route only

# A route as the programs take it: network, mask and source in network order
Route = tuple[bytes, bytes, bytes]


def source_routes(addresses: list[tuple[str, str]], limit: int) -> list[Route]:
    """The source for each network, longest prefix first; ``addresses`` are (address, mask) pairs.

    Networks whose answer is that of the network around them are left out; of more than ``limit``
    the wider ones are kept.
    """
    owned = [(_number(address), _number(mask)) for address, mask in addresses]
    networks = _networks()
    kept: list[tuple[int, int, int]] = []
    for network, length in sorted(networks, key=lambda entry: entry[1]):
        preferred = _preferred_source(_probe(network, length, networks))
        source = _choose(owned, preferred)
        if source != _answer(kept, network, owned[0][0]):
            kept.append((network, _mask(length), source))
    return [(_packed(n), _packed(m), _packed(s)) for n, m, s in reversed(kept[:limit])]


def _choose(owned: list[tuple[int, int]], preferred: int) -> int:
    """The preferred source if it is owned, else the one in its network, else the first."""
    for address, _ in owned:
        if address == preferred:
            return address
    for address, mask in owned:
        if address & mask == preferred & mask:
            return address
    return owned[0][0]


def _answer(kept: list[tuple[int, int, int]], address: int, default: int) -> int:
    """What the networks kept so far, widest first, say about ``address``."""
    for network, mask, source in reversed(kept):
        if address & mask == network:
            return source
    return default


def _networks() -> set[tuple[int, int]]:
    """(network, prefix length) of every unicast route outside of the local table."""
    found = set()
    request = pack("=4B8x", _AF_INET, 0, 0, 0)
    for body in rtnetlink.dump(_RTM_GETROUTE, request):
        length, table, kind = body[1], body[4], body[7]
        if kind == _RTN_UNICAST and table != _RT_TABLE_LOCAL:
            network = rtnetlink.attributes(body, _RTMSG).get(_RTA_DST, bytes(4))
            found.add((int.from_bytes(network, "big"), length))
    return found


def _probe(network: int, length: int, networks: set[tuple[int, int]]) -> int:
    """A destination in the network that is in none of the narrower ones, if one is easily found."""
    host = _ALL_ONES ^ _mask(length)
    candidates = [network | (host & step) for step in (1, host - 1, host >> 1, host // 3)]
    if not length:
        candidates.insert(0, _FAR_AWAY)
    narrower = [(n, _mask(other)) for n, other in networks if other > length]
    for candidate in candidates:
        if not any(candidate & mask == n for n, mask in narrower):
            return candidate
    return candidates[0]


def _preferred_source(destination: int) -> int:
    """The source that the kernel would use towards ``destination``, 0 if it cannot get there."""
    target = rtnetlink.attribute(_RTA_DST, _packed(destination))
    try:
        answers = rtnetlink.ask(_RTM_GETROUTE, pack("=4B8x", _AF_INET, 32, 0, 0) + target)
    except OSError:
        return 0
    source = rtnetlink.attributes(answers[0], _RTMSG).get(_RTA_PREFSRC, b"") if answers else b""
    return int.from_bytes(source, "big")


def _mask(length: int) -> int:
    return _ALL_ONES << (32 - length) & _ALL_ONES


def _number(dotted: str) -> int:
    return int.from_bytes(inet_aton(dotted), "big")


def _packed(number: int) -> bytes:
    return number.to_bytes(4, "big")
