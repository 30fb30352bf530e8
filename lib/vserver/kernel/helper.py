"""A second process for work that takes long, on machines with a second processor."""

from __future__ import annotations

import os
import select
from _signal import SIGKILL, SIGTERM
from errno import ECHILD
from sys import byteorder

from vserver.kernel import syscalls

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LENGTH = 4  # bytes that tell the length of a message


def is_worthwhile() -> bool:
    """Whether this process may use more than one processor."""
    return len(os.sched_getaffinity(0)) > 1


class Helper:
    """A child that works at the same time and answers with messages.

    It ends with its parent, whatever ends that. Descriptors are those of the parent: it must
    not use their offsets. A child whose answers nobody reads waits: a pipe holds 64 KiB.
    """

    __slots__ = ("_pid", "_pipe")

    def __init__(self, work: Callable[[], Iterator[bytes]]) -> None:
        """``work`` makes the messages, in the child."""
        parent = os.getpid()
        near, far = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(near)
            _serve(work, far, parent)
        os.close(far)
        self._pipe = near

    def answer(self) -> bytes:
        """The next message; ECHILD when the child ended without it."""
        length = int.from_bytes(self._read(_LENGTH), byteorder)
        return self._read(length)

    def _read(self, length: int) -> bytes:
        read = b""
        while len(read) < length:
            block = os.read(self._pipe, length - len(read))
            if not block:
                raise OSError(ECHILD, "A helper process ended unexpectedly")
            read += block
        return read

    def has_answer(self, seconds: float = 0.0) -> bool:
        """Whether ``answer`` would not wait, be it for the end of the child; waits for that."""
        return bool(select.select([self._pipe], (), (), seconds)[0])

    def ask_to_end(self) -> None:
        """Send it SIGTERM, which does to it what it does to its parent."""
        os.kill(self._pid, SIGTERM)

    def end(self) -> None:
        """End it, whether it is done or not."""
        os.close(self._pipe)
        os.kill(self._pid, SIGKILL)
        os.waitpid(self._pid, 0)


def _serve(work: Callable[[], Iterator[bytes]], end: int, parent: int) -> None:
    """The child: it never returns."""
    try:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, SIGKILL)
        with open(end, "wb") as pipe:
            for message in work() if os.getppid() == parent else ():
                pipe.write(len(message).to_bytes(_LENGTH, byteorder))
                pipe.write(message)
                pipe.flush()
    except BrokenPipeError:
        pass
    finally:
        os._exit(0)
