"""How the work on a guest speaks to whoever asked for it: the domain itself never prints."""

from __future__ import annotations

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable


class Messages:
    """Ways to say a line.

    ``inform`` tells progress, and is mute under --silent; ``warn`` tells what went wrong and
    did not stop the work; ``caution`` shows advice that is progress to nobody and never mute
    (default: as ``warn``); ``network`` is told each network action before it is done, or is
    None when nobody wants to know (--verbose).
    """

    __slots__ = ("caution", "inform", "network", "warn")

    def __init__(
        self,
        inform: Callable[[str], None],
        warn: Callable[[str], None],
        network: Callable[[str], None] | None = None,
        caution: Callable[[str], None] | None = None,
    ) -> None:
        self.inform = inform
        self.warn = warn
        self.network = network
        self.caution = caution or warn


def visible(text: str) -> str:
    """``text`` from inside a guest, fit for the administrator's terminal: everything that is
    not printable is shown as octal escapes of its bytes, as ls(1) does."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _octal(char) for char in text)


def _octal(char: str) -> str:
    raw = char.encode("utf-8", "surrogateescape")
    return "".join(f"\\{byte:03o}" for byte in raw)
