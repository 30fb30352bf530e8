"""The same system calls as floor.c from a bare Python: what an interpreter costs, and no more.

python3 -IS floor.py enter PID COMMAND... | isolate COMMAND... | join CGROUP COMMAND...
"""

from __future__ import annotations

import ctypes
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

MS_REC_SLAVE = 0x4000 | 0x80000
NAMESPACES = 0x00020000 | 0x20000000 | 0x08000000 | 0x04000000 | 0x02000000
LIBC = ctypes.CDLL(None, use_errno=True)


def check(result: int) -> None:
    """Raise what errno says."""
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def run(argv: list[str], *, fresh: bool) -> int:
    """Run ``argv`` in the namespaces for children and wait for it."""
    pid = os.fork()
    if pid == 0:
        if fresh:
            check(LIBC.mount(b"none", b"/", None, MS_REC_SLAVE, None))
            check(LIBC.mount(b"proc", b"/proc", b"proc", 0, None))
        os.execvp(argv[0], argv)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def join(directory: str, argv: list[str]) -> NoReturn:
    """Become ``argv`` in the cgroup ``directory``."""
    fd = os.open(f"{directory}/cgroup.procs", os.O_WRONLY)
    os.write(fd, b"0")
    os.execvp(argv[0], argv)


def main() -> int:
    """Enter, isolate or join, as the first argument says."""
    if sys.argv[1] == "join":
        join(sys.argv[2], sys.argv[3:])
    if sys.argv[1] == "enter":
        check(LIBC.setns(os.pidfd_open(int(sys.argv[2])), NAMESPACES))
        return run(sys.argv[3:], fresh=False)
    check(LIBC.unshare(NAMESPACES))
    return run(sys.argv[2:], fresh=True)


if __name__ == "__main__":
    sys.exit(main())
