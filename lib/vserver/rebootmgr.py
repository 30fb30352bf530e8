"""The reboot manager: does what guests ask for through their sockets (0.2).

One thread and one loop that never waits for anybody. Each guest is one descriptor in it (see
Channel); the work is done by vserver commands in processes of their own.
"""

from __future__ import annotations

import os
import resource
import select
import time
from typing import TYPE_CHECKING

from vserver import guest, rebootjobs, rebootsocket
from vserver.errors import reason
from vserver.rebootchannel import MAX_CONNECTIONS, STOP, Channel
from vserver.rebootjobs import Jobs

if TYPE_CHECKING:
    import socket
    from typing import NoReturn

    from vserver.messages import Messages

_TICK_SECONDS = 0.25
_OWN_DESCRIPTORS = 64
_DESCRIPTORS = MAX_CONNECTIONS + 3  # of a guest: its connections, its socket, epoll, its job


class Manager:
    """The guests that are served.

    ``messages``: ``inform`` is told each request, ``warn`` what is wrong.
    """

    __slots__ = ("_channels", "_events", "_jobs", "_last_tick", "_messages", "_timed")

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._events = select.epoll()
        self._channels: dict[int, Channel] = {}
        self._jobs: dict[int, tuple[int, Jobs]] = {}  # by pidfd
        self._timed: set[Channel] = set()  # those with something to be seen to later
        self._last_tick = 0.0

    def add(self, name: str) -> None:
        """Serve guest ``name`` from now on.

        VserverError when there is no such guest or its socket cannot be made.
        """
        _allow_descriptors((len(self._channels) + 1) * _DESCRIPTORS)
        listener = rebootsocket.listen(guest.load(name, self._messages).directory)
        channel = self._channel(name, listener)
        self._channels[channel.fileno()] = channel
        self._events.register(channel.fileno(), select.EPOLLIN)

    def serve(self) -> NoReturn:
        """Do what the guests ask for, for ever."""
        while True:
            timeout = _TICK_SECONDS if self._timed else None
            for fd, _events in self._events.poll(timeout):
                if fd in self._jobs:
                    self._reap(fd)
                else:
                    self._hear(fd)
            self._tick()

    def _channel(self, name: str, listener: socket.socket) -> Channel:
        def start(command: str) -> bool:
            return self._start(name, command, jobs)

        def request(command: str) -> None:
            if jobs.add(command):
                verb = "halt" if command == STOP else "reboot"
                self._messages.inform(f"{verb} vserver {name}")

        def invalid() -> None:
            self._messages.warn(f"Invalid request from vserver {name}")

        jobs = Jobs(name, start)
        return Channel(listener, request, invalid)

    def _start(self, name: str, command: str, jobs: Jobs) -> bool:
        try:
            pid = rebootjobs.run(name, command)
            pidfd = os.pidfd_open(pid)
        except OSError as error:
            self._messages.warn(f"Can't run vserver {name} {command} ({reason(error)})")
            return False
        self._jobs[pidfd] = pid, jobs
        self._events.register(pidfd, select.EPOLLIN)
        return True

    def _hear(self, fd: int) -> None:
        channel, now = self._channels[fd], time.monotonic()
        channel.serve(now)
        self._timed.add(channel)
        if channel.is_exhausting(now):
            self._events.modify(fd, 0)

    def _reap(self, pidfd: int) -> None:
        pid, jobs = self._jobs.pop(pidfd)
        os.waitpid(pid, 0)
        os.close(pidfd)
        jobs.finished()

    def _tick(self) -> None:
        """See to what is due, a few times a second."""
        now = time.monotonic()
        if now - self._last_tick < _TICK_SECONDS:
            return
        self._last_tick = now
        for channel in list(self._timed):
            rests = channel.is_exhausting(now)
            if not rests:
                self._events.modify(channel.fileno(), select.EPOLLIN)
            if not channel.expire(now) and not rests:
                self._timed.discard(channel)


def _allow_descriptors(count: int) -> None:
    """Raise the limit of open files, as far as we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(count + _OWN_DESCRIPTORS, soft)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
