"""How the work on a guest speaks to whoever asked for it: the domain itself never prints."""

from __future__ import annotations

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable


class Messages:
    """Three ways to say a line.

    ``inform`` tells progress, and is mute under --silent; ``warn`` tells what went wrong and
    did not stop the work; ``network`` is told each network action before it is done, or is
    None when nobody wants to know (--verbose).
    """

    __slots__ = ("inform", "network", "warn")

    def __init__(
        self,
        inform: Callable[[str], None],
        warn: Callable[[str], None],
        network: Callable[[str], None] | None = None,
    ) -> None:
        self.inform = inform
        self.warn = warn
        self.network = network
