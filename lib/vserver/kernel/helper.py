"""A second process for work that takes long, on machines with a second processor."""

from __future__ import annotations

import os
from _signal import SIGKILL
from errno import ECHILD

from vserver.kernel import syscalls
from vserver.kernel.rooted import Descriptor

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

_BLOCK = 1 << 16


def is_worthwhile() -> bool:
    """Whether this process may use more than one processor."""
    return len(os.sched_getaffinity(0)) > 1


class Helper:
    """A child that does ``work`` at the same time and answers with bytes.

    It ends with its parent, whatever ends that. Descriptors are those of the parent: it must
    not use their offsets.
    """

    __slots__ = ("_pid", "_pipe")

    def __init__(self, work: Callable[[], bytes]) -> None:
        parent = os.getpid()
        self._pipe, end = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(end)
        else:
            os.close(self._pipe)
            _serve(work, end, parent)

    def answer(self) -> bytes:
        """What the child answered, once it has ended; ECHILD when it ended without an answer."""
        with Descriptor(self._pipe):
            blocks = list(iter(lambda: os.read(self._pipe, _BLOCK), b""))
        if os.waitpid(self._pid, 0)[1]:
            raise OSError(ECHILD, "A helper process ended unexpectedly")
        return b"".join(blocks)


def _serve(work: Callable[[], bytes], end: int, parent: int) -> None:
    status = 1
    try:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, SIGKILL)
        if os.getppid() == parent:
            answer = memoryview(work())
            while answer:
                answer = answer[os.write(end, answer) :]
            status = 0
    finally:
        os._exit(status)
