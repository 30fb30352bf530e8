"""Work in many pieces that a process and a helper do side by side."""

from __future__ import annotations

import fcntl
import marshal
import os
from struct import Struct

from vserver.kernel.helper import Helper

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_PATIENCE = 0.1  # seconds between two looks at whether the work is to end
_NUMBER = Struct("=I")
_OFFSETS = (1 << 62) - 1  # of a file


class SharedWork:
    """Pieces of work, numbered from 0: each process takes the next one as soon as it is free.

    The results come in the order of the numbers, whoever did the piece. When the helper is killed,
    what it had in hand is done again (``is_alone``).
    """

    __slots__ = (
        "_count",
        "_helper",
        "_helper_works",
        "_is_stopped",
        "_mourn",
        "_next",
        "_numbers",
        "_ready",
        "_work",
        "is_alone",
    )

    def __init__(
        self,
        count: int,
        work: Callable[[int], Any],
        is_stopped: Callable[[], bool],
        join: Callable[[], None],
        mourn: Callable[[], None] = lambda: None,
    ) -> None:
        """``work`` does a piece; its result is something for marshal.

        When ``is_stopped``, as it is in a process after SIGTERM, ``work`` returns soon, with what
        it has, and no other piece is begun. ``join`` is called first of all in the helper,
        ``mourn`` here when it was killed, before its piece is done again.
        """
        self._count = count
        self._work = work
        self._is_stopped = is_stopped
        self._mourn = mourn
        self._next = 0
        self._ready: dict[int, Any] = {}
        self._numbers = _file_of_numbers(count)
        self._helper_works = True
        self.is_alone = False
        self._helper = Helper(lambda: self._help(join))

    def results(self) -> Iterator[Any]:
        """The results, as soon as all before them are there. Not all when the work is stopped."""
        while self._next < self._count and not self._is_stopped():
            self._go_on()
            while self._next in self._ready:
                self._next += 1
                yield self._ready.pop(self._next - 1)

    def end(self) -> list[Any]:
        """End the helper, if need be as SIGTERM does; the results that are left, in order."""
        if self._helper_works:
            self._helper.ask_to_end()
        while self._helper_works:
            if self._helper.has_answer(_PATIENCE):
                self._receive()
            else:
                self._helper.ask_to_end()  # again: CPython drops what comes during fork()
        self._helper.end()
        os.close(self._numbers)
        return [self._ready[number] for number in sorted(self._ready)]

    def _go_on(self) -> None:
        """Do a piece, or wait for one, or for a moment."""
        number = self._next if self.is_alone else self._take()
        if number is not None:
            self._ready[number] = self._work(number)
        patience = 0.0 if number is not None else _PATIENCE
        while self._helper_works and self._helper.has_answer(patience):
            self._receive()
            patience = 0.0

    def _take(self) -> int | None:
        """The number of a piece that nobody else has taken, None when there is none.

        The processes have the file's offset in common, and the kernel lets one read at a time.
        """
        raw = os.read(self._numbers, _NUMBER.size)
        return _NUMBER.unpack(raw)[0] if raw else None

    def _receive(self) -> None:
        try:
            message = self._helper.answer()
        except ChildProcessError:
            self.is_alone, self._helper_works = True, False
            self._mourn()
            return
        if message:
            number, result = marshal.loads(message)
            self._ready[number] = result
        else:
            self._helper_works = False

    def _help(self, join: Callable[[], None]) -> Iterator[bytes]:
        """The part of the helper. An empty message is its last."""
        join()
        while not self._is_stopped() and (number := self._take()) is not None:
            yield marshal.dumps((number, self._work(number)))
        yield b""


def _file_of_numbers(count: int) -> int:
    with open(os.memfd_create("numbers"), "wb") as file:
        file.writelines(map(_NUMBER.pack, range(count)))
        file.flush()
        # opened again: nobody waits for the offset of the descriptor of memfd_create(2) itself
        return os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY)


class Turns:
    """What processes with a common ancestor do one at a time, by number."""

    __slots__ = ("_fd",)

    def __init__(self, *, is_needed: bool = True) -> None:
        """``is_needed`` tells whether there are, or will be, other processes."""
        self._fd = os.memfd_create("turns") if is_needed else -1

    def close(self) -> None:
        """To be called when the others have ended."""
        os.close(self._fd)

    def of(self, *numbers: int) -> _Turn:
        """A block in which no other process is in a block of one of ``numbers``."""
        return _Turn(self._fd, numbers if self._fd >= 0 else ())


class _Turn:
    """By record locks (fcntl(2)): they belong to a process, and end with it."""

    __slots__ = ("_fd", "_numbers")

    def __init__(self, fd: int, numbers: tuple[int, ...]) -> None:
        self._fd = fd
        # all take them in this order, so that no two wait for each other
        self._numbers = sorted({number & _OFFSETS for number in numbers})

    def __enter__(self) -> None:
        for number in self._numbers:
            fcntl.lockf(self._fd, fcntl.LOCK_EX, 1, number)

    def __exit__(self, *exception: object) -> None:
        for number in self._numbers:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, number)


NO_OTHERS = Turns(is_needed=False)
"""For who is alone."""
