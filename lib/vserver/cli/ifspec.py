"""ifspec: address, mask and broadcast of a device or of an alias, for a shell to evaluate."""

from __future__ import annotations

from vserver import ipv4
from vserver.cli import complain, say
from vserver.cli.usage import operands, usage
from vserver.errors import reason
from vserver.kernel import netdev

USAGE = """
ifspec device [ipaddr [netmask [broadcast]]]

Print ADDR=, NETMASK= and BCAST= of a network device, or of an alias on it with what is given.
The device may be empty: the broadcast address is then computed from address and netmask."""


def main() -> int:
    """Print the lines that are known; 0 when all three are."""
    words = operands("ifspec", USAGE)
    if not 1 <= len(words) <= 4:
        raise usage("ifspec", USAGE)
    lines = _specification(*words, *[""] * (4 - len(words)))
    for name, value in lines.items():
        if value:
            say(f"{name}={value}")
    return 0 if all(lines.values()) else 255


def _specification(device: str, address: str, mask: str, broadcast: str) -> dict[str, str]:
    """The value of each line, "" where there is none."""
    own = _own_address(device, address, mask)
    address = _given(address) if address or not own else own.address
    mask = _given(mask) if mask or not own else ipv4.netmask(own.prefix)
    mask = ipv4.mask(mask) or mask
    if broadcast:
        broadcast = _given(broadcast)
    elif own and own.broadcast not in {"", "0.0.0.0"}:
        broadcast = own.broadcast
    elif address and mask:
        broadcast = _computed(address, mask)
    return {"ADDR": address, "NETMASK": mask, "BCAST": broadcast}


def _own_address(device: str, address: str, mask: str) -> netdev.Address | None:
    """The device's address; what is missing because there is none is said."""
    if not device:
        return None
    try:
        return netdev.main_address(device)
    except OSError as error:
        for value, request in ((address, "SIOCGIFADDR"), (mask, "SIOCGIFNETMASK")):
            if not value:
                complain(f"ioctl({request}): {reason(error)}")
        return None


def _given(value: str) -> str:
    """``value``, or "" after a complaint when evaluating it could do more than set a number."""
    if all(character in "0123456789." for character in value):
        return value
    return _invalid(value)


def _computed(address: str, mask: str) -> str:
    for value in (address, mask):
        if not ipv4.is_dotted(value):
            return _invalid(value)
    return ipv4.broadcast(address, mask)


def _invalid(value: str) -> str:
    complain(f"Invalid IP number or netmask: {value}")
    return ""
