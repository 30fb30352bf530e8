"""A pseudo-terminal between the administrator's terminal and a command inside a context.

The administrator's own terminal is never handed in: nothing can be pushed into its input
(TIOCSTI), pasted (TIOCLINUX) or read from it once the command has returned.
"""

from __future__ import annotations

import fcntl
import os

from vserver.kernel.rooted import Root

# asm-generic/ioctls.h
_TCGETS, _TCSETS = 0x5401, 0x5402
_TIOCGWINSZ, _TIOCSWINSZ = 0x5413, 0x5414
_TIOCSPTLCK, _TIOCGPTPEER = 0x40045431, 0x5441
_TIOCSCTTY = 0x540E

_PTMX = os.makedev(5, 2)
_FLAGS = os.O_RDWR | os.O_NOCTTY


class Terminal:
    """A pair: ``master`` for the relay outside, ``slave`` for the command.

    ``replaced`` are those of descriptors 0, 1 and 2 that are terminals, ``output`` the one of
    them that the relay writes to.
    """

    __slots__ = ("master", "output", "replaced", "slave")

    def __init__(self, master: int, replaced: list[int]) -> None:
        self.master = master
        self.replaced = replaced
        self.output = next((fd for fd in (1, 2) if fd in replaced), 0)
        fcntl.ioctl(master, _TIOCSPTLCK, bytes(4))
        self.slave = fcntl.ioctl(master, _TIOCGPTPEER, _FLAGS)
        os.set_inheritable(self.slave, False)
        _copy(replaced[0], self.slave, _TCGETS, _TCSETS, 64)
        _copy(replaced[0], self.slave, _TIOCGWINSZ, _TIOCSWINSZ, 8)

    def give_to(self, uid: int) -> None:
        """Let user ``uid`` own the terminal, as login(1) does."""
        os.fchown(self.slave, uid, -1)

    def take(self, *, control: bool) -> None:
        """In the child: put the terminal in place of the administrator's.

        ``control`` makes it the controlling one of the caller, who leads a session.
        """
        for fd in self.replaced:
            os.dup2(self.slave, fd)
        if control:
            fcntl.ioctl(self.slave, _TIOCSCTTY, 0)


def terminals() -> list[int]:
    """Those of the descriptors 0, 1 and 2 that are terminals."""
    return [fd for fd in range(3) if os.isatty(fd)]


def open_inside(root: int) -> Terminal | None:
    """A pair of the pseudo-terminals that are mounted in directory ``root``/dev/pts.

    None when no standard descriptor is a terminal; without such a mount the pair is one of
    the host's, whose name cannot be seen inside.
    """
    replaced = terminals()
    if not replaced:
        return None
    try:
        master = Root(root).open_device("dev/pts/ptmx", _PTMX, _FLAGS)
    except OSError:
        return open_outside()
    return Terminal(master, replaced)


def open_outside() -> Terminal | None:
    """A pair of the host's pseudo-terminals; None as for open_inside."""
    replaced = terminals()
    return Terminal(os.open("/dev/ptmx", _FLAGS), replaced) if replaced else None


def _copy(source: int, target: int, get: int, put: int, size: int) -> None:
    try:
        fcntl.ioctl(target, put, fcntl.ioctl(source, get, bytes(size)))
    except OSError:
        pass  # a terminal without a size
