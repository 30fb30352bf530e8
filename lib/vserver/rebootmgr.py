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

from vserver import guest, paths, rebootjobs, rebootlevel, rebootsocket, state
from vserver.errors import VserverError, reason
from vserver.kernel import statedir
from vserver.kernel.inotify import Arrivals
from vserver.rebootchannel import MAX_CONNECTIONS, STOP, Channel
from vserver.rebootjobs import Jobs

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import NoReturn

    from vserver.messages import Messages
    from vserver.rebootlevel import OwnInit

_TICK_SECONDS = 0.25
_OWN_DESCRIPTORS = 64
_DESCRIPTORS = MAX_CONNECTIONS + 3  # of a guest: its connections, its socket, epoll, its job


class _Served:
    """A guest that is served: its tree, and what is called with its requests."""

    __slots__ = ("directory", "request")

    def __init__(self, directory: str, request: Callable[[str], None]) -> None:
        self.directory = directory
        self.request = request


class Manager:
    """The guests that are served: those that are added, with ``newcomers`` also those that are
    started later.

    ``messages``: ``inform`` is told each request, ``warn`` what is wrong.
    """

    __slots__ = (
        "_channels",
        "_events",
        "_inits",
        "_jobs",
        "_last_look",
        "_last_tick",
        "_messages",
        "_newcomers",
        "_served",
        "_starts",
        "_timed",
    )

    def __init__(self, messages: Messages, *, newcomers: bool = False) -> None:
        self._messages = messages
        self._newcomers = newcomers
        self._events = select.epoll()
        self._served: dict[str, _Served] = {}
        self._channels: dict[int, Channel] = {}
        self._inits: dict[str, OwnInit] = {}
        statedir.make()
        self._starts = Arrivals(paths.STATE_DIR)
        self._events.register(self._starts, select.EPOLLIN)
        self._jobs: dict[int, tuple[int, Jobs]] = {}  # by pidfd
        self._timed: set[Channel] = set()  # those with something to be seen to later
        self._last_tick = self._last_look = 0.0

    def add(self, name: str) -> None:
        """Serve guest ``name`` from now on.

        VserverError when there is no such guest or its socket cannot be made.
        """
        _allow_descriptors((len(self._channels) + 1) * _DESCRIPTORS)
        directory = guest.load(name, self._messages).directory
        channel = self._serve_at(name, directory, rebootsocket.listen(directory))
        self._channels[channel.fileno()] = channel
        self._events.register(channel.fileno(), select.EPOLLIN)
        self._find_init(name)

    def serve(self) -> NoReturn:
        """Do what the guests ask for, for ever."""
        while True:
            for fd, _events in self._events.poll(self._patience()):
                if fd in self._jobs:
                    self._reap(fd)
                elif fd == self._starts.fileno():
                    self._notice_starts()
                else:
                    self._hear(fd)
            self._tick()
            self._look()

    def _patience(self) -> float | None:
        """How long to wait for an event, in seconds."""
        if self._timed:
            return _TICK_SECONDS
        return rebootlevel.LOOK_SECONDS if self._inits else None

    def _serve_at(self, name: str, directory: str, listener: socket.socket) -> Channel:
        def start(command: str) -> bool:
            return self._start(name, command, jobs)

        def request(command: str) -> None:
            if jobs.add(command):
                verb = "halt" if command == STOP else "reboot"
                self._messages.inform(f"{verb} vserver {name}")

        def invalid() -> None:
            self._messages.warn(f"Invalid request from vserver {name}")

        jobs = Jobs(name, start)
        self._served[name] = _Served(directory, request)
        return Channel(listener, request, invalid)

    def _notice_starts(self) -> None:
        """A start writes the state file of its guest."""
        for file in self._starts.names():
            name = file.removesuffix(state.SUFFIX)
            if name in self._served:
                self._find_init(name)
            elif self._newcomers and file.endswith(state.SUFFIX):
                self._welcome(name)

    def _welcome(self, name: str) -> None:
        try:
            self.add(name)
        except VserverError as error:
            self._messages.warn(error.text)
        except OSError as error:
            self._messages.warn(f"{error.filename or name}: {reason(error)}")

    def _find_init(self, name: str) -> None:
        number, directory = state.read(name).context, self._served[name].directory
        init = rebootlevel.own_init(name, number, directory)
        if init:
            self._inits[name] = init

    def _look(self) -> None:
        """See which guests have shut themselves down."""
        now = time.monotonic()
        if now - self._last_look < rebootlevel.LOOK_SECONDS:
            return
        self._last_look = now
        for name, init in list(self._inits.items()):
            try:
                command = init.request(now)
            except ProcessLookupError:
                del self._inits[name]
                continue
            if command:
                del self._inits[name]
                self._served[name].request(command)

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
        # closing alone would not: another command that is just being made may have a copy
        self._events.unregister(pidfd)
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
