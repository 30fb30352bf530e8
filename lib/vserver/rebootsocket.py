"""The socket in a guest's tree through which it asks to be restarted or stopped (0.2).

It lies in VSERVERDIR/dev (0.29), which a running guest cannot change: inside, that directory is
covered by a /dev of the guest's own, where ``reboot`` leads to the one behind (kernel/rootfs).
So a socket that is made anew is at once the one inside, too.
"""

from __future__ import annotations

import contextlib
import os
import socket
from stat import S_ISSOCK
from typing import TYPE_CHECKING

from vserver.errors import VserverError, reason
from vserver.kernel.rooted import Descriptor, Root
from vserver.kernel.rootfs import REBOOT_SOCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKLOG = 10
_MODE = 0o600


def listen(directory: str) -> socket.socket:
    """A listening, non-blocking socket in the tree ``directory``, in place of the one there.

    Nothing in the tree is followed, and nothing but a socket is replaced. VserverError (255)
    names what cannot be done.
    """
    path = f"{directory.rstrip('/')}/dev/{REBOOT_SOCKET}"
    with _step("create a unix domain socket"):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with _step(f"bind to file {path}"):
            _bind(listener, directory)
        with _step(f"listen to file {path}"):
            listener.listen(BACKLOG)
    except VserverError:
        listener.close()
        raise
    return listener


@contextlib.contextmanager
def _step(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise VserverError(f"Can't {what} ({reason(error)})", 255) from None


def _bind(listener: socket.socket, directory: str) -> None:
    """Bind by the descriptor of the directory, whose path may be too long for an address."""
    with Root.open_dir(directory) as root:
        root.make_dirs("dev")
        with Descriptor(root.open_child("dev")) as dev:
            _remove_socket(dev)
            os.fchmod(listener.fileno(), _MODE)  # bind(2) gives this mode to the file
            listener.bind(f"/proc/self/fd/{dev}/{REBOOT_SOCKET}")


def _remove_socket(dev: int) -> None:
    try:
        mode = os.lstat(REBOOT_SOCKET, dir_fd=dev).st_mode
    except FileNotFoundError:
        return
    if S_ISSOCK(mode):
        os.unlink(REBOOT_SOCKET, dir_fd=dev)
