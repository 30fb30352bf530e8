"""IPv4 addresses and masks as administrators write them, and what follows from them."""

from __future__ import annotations

from _socket import inet_aton, inet_ntoa, inet_pton

_AF_INET = 2  # bits/socket.h


def is_dotted(text: str) -> bool:
    """Is ``text`` an address of four decimal numbers? "010.0.0.1" is none: some programs read
    it as octal, and "10.1" none either.
    """
    try:
        inet_pton(_AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


def mask(text: str) -> str:
    """The dotted mask that ``text`` means, "" for none: a prefix length or a dotted mask.

    A prefix length is a decimal number from 0 to 32; a dotted mask has all its ones on the
    left, the only kind that the kernel takes.
    """
    if text.isascii() and text.isdigit():
        return netmask(int(text)) if len(text) <= 2 and int(text) <= 32 else ""
    return text if is_dotted(text) and netmask(prefix_length(text)) == text else ""


def netmask(prefix: int) -> str:
    """The dotted mask of a prefix length from 0 to 32."""
    return _dotted(0xFFFFFFFF << (32 - prefix))


def prefix_length(dotted_mask: str) -> int:
    """The number of ones in a dotted mask."""
    return _number(dotted_mask).bit_count()


def broadcast(address: str, dotted_mask: str) -> str:
    """The network part of ``address`` with all host bits set."""
    return _dotted(_number(address) | ~_number(dotted_mask))


def class_mask(address: str) -> str:
    """The mask that ``address`` had in the days of classes: 8, 16 or 24 bits."""
    first = inet_aton(address)[0]
    return netmask(8 if first < 128 else 16 if first < 192 else 24)


def _number(dotted: str) -> int:
    return int.from_bytes(inet_aton(dotted), "big")


def _dotted(number: int) -> str:
    return inet_ntoa((number & 0xFFFFFFFF).to_bytes(4, "big"))
