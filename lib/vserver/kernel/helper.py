"""A second process for work that takes long, on machines with a second processor."""

from __future__ import annotations

import os
from _signal import SIGKILL
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
        self._pipe = open(near, "rb")  # noqa: SIM115 - closed by ``end``

    def answer(self) -> bytes:
        """The next message; ECHILD when the child ended without it."""
        length = self._pipe.read(_LENGTH)
        message = self._pipe.read(int.from_bytes(length, byteorder))
        if len(length) < _LENGTH or len(message) < int.from_bytes(length, byteorder):
            raise OSError(ECHILD, "A helper process ended unexpectedly")
        return message

    def end(self) -> None:
        """End it, whether it is done or not."""
        self._pipe.close()
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
