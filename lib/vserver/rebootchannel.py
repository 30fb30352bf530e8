"""What one guest says to the reboot manager, and how much of it is listened to.

The guest is known by the socket, never by what it says. Whatever it does there costs the other
guests nothing: every call is non-blocking, few events are handled at a time, and a guest with
too many of them in a second is not heard for the rest of it.
"""

from __future__ import annotations

import math
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

RESTART, STOP = "restart", "stop"
REQUESTS = {b"reboot": RESTART, b"halt": STOP}
"""The lines of the protocol, and the commands of ``vserver`` that they ask for."""

MAX_CONNECTIONS = 32
MAX_LINE = 32
REQUEST_SECONDS = 2.0
_EVENTS_AT_ONCE = 16
_EVENTS_PER_SECOND = 64
_COMPLAINT_SECONDS = 1.0


class _Connection:
    __slots__ = ("deadline", "line", "sock")

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.sock = sock
        self.line = b""
        self.deadline = deadline


class Channel:
    """The socket of a guest and the connections made through it.

    ``request`` is called with RESTART or STOP, ``invalid`` after anything else, at most once a
    second. Times are those of time.monotonic().
    """

    __slots__ = (
        "_complained",
        "_connections",
        "_epoll",
        "_events",
        "_invalid",
        "_listener",
        "_request",
        "_second",
    )

    def __init__(
        self,
        listener: socket.socket,
        request: Callable[[str], None],
        invalid: Callable[[], None],
    ) -> None:
        self._listener = listener
        self._request = request
        self._invalid = invalid
        self._connections: dict[int, _Connection] = {}
        self._epoll = select.epoll()
        self._epoll.register(listener, select.EPOLLIN)
        self._second = self._complained = -math.inf
        self._events = 0

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to serve."""
        return self._epoll.fileno()

    def serve(self, now: float) -> None:
        """Handle some of what has happened."""
        if now - self._second >= 1:
            self._second, self._events = now, 0
        for fd, _events in self._epoll.poll(0, _EVENTS_AT_ONCE):
            self._events += 1
            if fd == self._listener.fileno():
                self._accept(now)
            elif fd in self._connections:
                self._read(fd, now)

    def is_exhausting(self, now: float) -> bool:
        """Has the guest said enough for this second?"""
        return now - self._second < 1 and self._events >= _EVENTS_PER_SECOND

    def expire(self, now: float) -> bool:
        """Close what has waited too long for its request; is there more that may have to be?"""
        waiting = False
        for fd, connection in list(self._connections.items()):
            if now >= connection.deadline:
                self._end(fd, now)
            elif connection.deadline < math.inf:
                waiting = True
        return waiting

    def _accept(self, now: float) -> None:
        """Take in a connection, in place of the oldest when there are too many."""
        try:
            sock, _address = self._listener.accept()
        except OSError:
            return  # gone again, or the machine is short of descriptors or memory
        sock.setblocking(False)
        if len(self._connections) >= MAX_CONNECTIONS:
            self._close(next(iter(self._connections)))
        self._connections[sock.fileno()] = _Connection(sock, now + REQUEST_SECONDS)
        self._epoll.register(sock, select.EPOLLIN)

    def _read(self, fd: int, now: float) -> None:
        connection = self._connections[fd]
        try:
            data = connection.sock.recv(MAX_LINE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        *lines, rest = (connection.line + data).split(b"\n")
        for line in lines:
            if line not in REQUESTS:
                self._refuse(fd, now)
                return
            self._request(REQUESTS[line])
        if lines or not connection.line:
            # a request ends or begins; between two there is no hurry
            connection.deadline = now + REQUEST_SECONDS if rest else math.inf
        connection.line = rest
        if not data:
            self._end(fd, now)
        elif len(rest) > MAX_LINE:
            self._refuse(fd, now)

    def _end(self, fd: int, now: float) -> None:
        if self._connections[fd].line:
            self._refuse(fd, now)
        else:
            self._close(fd)

    def _refuse(self, fd: int, now: float) -> None:
        self._close(fd)
        if now - self._complained >= _COMPLAINT_SECONDS:
            self._complained = now
            self._invalid()

    def _close(self, fd: int) -> None:
        self._epoll.unregister(fd)  # a command that is just being made may have a copy
        self._connections.pop(fd).sock.close()
