"""A throw-away copy of this machine, with the package installed, for tests that need root.

    keeper = Keeper()                         # once per test run: `make install`
    host = keeper.host()                      # hybrid=True: cgroup v1 beside v2
                                              # system="/some/where": a copy of that system
    result = host.run("vserver web status")   # status, out, err
    host.write("/etc/vservers/web.conf", "...")
    open(host.path("/var/log/boot.log"))      # where it lies as seen from the test
    host.lan.run("nc -z 192.0.2.10 80")       # a second machine, at the other end of eth0
    terminal = host.terminal("vserver web enter")
    host.close()                              # fails when anything is left on the machine

The copy has its own mount, pid, network, ipc, uts and cgroup namespaces, an overlay over the
machine's root, empty /vservers, /etc/vservers, /run and /tmp, eth0 with 192.0.2.10/24 and
2001:db8::10/64, and cgroup v2 on /sys/fs/cgroup. How it is made: machine/.
"""

from __future__ import annotations

import itertools
import os
import pathlib
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import leftovers
from commands import TIMEOUT, Process, Result, Terminal, input_descriptor, readable
from machine import REPOSITORY, Request, receive, send
from vserver.kernel import syscalls

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Keeper", "Machine", "Process", "Result", "Terminal", "TestHost", "TestHostError"]


class TestHostError(Exception):
    """The test host itself failed, not what was tested in it."""


def has_v2_controllers() -> bool:
    """Does cgroup v2 have this machine's controllers, and not v1 beside it?"""
    controllers = pathlib.Path("/sys/fs/cgroup/cgroup.controllers")
    return controllers.exists() and "pids" in controllers.read_text().split()


def has_unix_hooks() -> bool:
    """Does this kernel ask BPF programs about Unix sockets (6.7)?"""
    return kernel_version() >= (6, 7)


def kernel_version() -> tuple[int, int]:
    """Major and minor number of the running kernel."""
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int(minor.partition("-")[0])


class Keeper:
    """The process that holds the installed package and makes machines from it."""

    def __init__(self) -> None:
        self._sock, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far:
            argv = [
                "/usr/bin/python3",
                "-IS",
                REPOSITORY + "/tests/machine/__main__.py",
                str(far.fileno()),
            ]
            self._process = subprocess.Popen(
                argv, pass_fds=[far.fileno()], stdin=subprocess.DEVNULL
            )
        self._layer = self._reply()["layer"]

    def host(
        self, *, hybrid: bool = False, system: str = "/", name: str = "host.example.com"
    ) -> TestHost:
        """A new test host; with ``hybrid`` it has cgroup v1 controllers and v2 beside them.

        ``system`` is the directory of another system that it shall be a copy of.
        """
        before = leftovers.snapshot()
        machine, pid, fds = self.make(name, hybrid=hybrid, system=system)
        return TestHost(self, machine, pid, fds, system, before)

    def make(
        self, hostname: str, *, hybrid: bool = False, system: str = "/", network: int = -1
    ) -> tuple[socket.socket, int, list[int]]:
        """A new machine: its command socket, its process 1 and the descriptors it sent."""
        near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {
            "hostname": hostname,
            "hybrid": hybrid,
            "lower": [self._layer, system],
        }
        with far:
            send(self._sock, request, [far.fileno(), *([network] if network >= 0 else [])])
            pid = self._reply()["pid"]
        ready = receive(near)
        if ready is None:
            self.end(pid)
            raise TestHostError("process 1 of the test host died")
        return near, pid, ready[1]

    def end(self, pid: int) -> list[str]:
        """Kill the machine with process 1 ``pid``; what is left of it."""
        send(self._sock, {"end": pid})
        left: list[str] = self._reply()["left"]
        return left

    def close(self) -> None:
        """Let the keeper go; it ends the machines that are still there."""
        self._sock.close()
        self._process.wait()

    def _reply(self) -> Request:
        message = receive(self._sock)
        if message is None or "error" in message[0]:
            raise TestHostError(message[0]["error"] if message else "the keeper died")
        return message[0]


class Machine:
    """One machine: commands, terminals and files."""

    def __init__(self, keeper: Keeper, sock: socket.socket, pid: int, root: int) -> None:
        self._keeper = keeper
        self._sock = sock
        self._root = root
        self._numbers = itertools.count(1)
        self._answers: dict[int, list[tuple[Request, list[int]]]] = {}
        self.pid = pid

    def run(
        self,
        command: str | Sequence[str],
        *,
        input: str | None = None,
        timeout: float = TIMEOUT,
        env: dict[str, str] | None = None,
        cwd: str = "/root",
    ) -> Result:
        """Run ``command`` (a shell line, or words) to its end; it does not inherit a terminal.

        Daemons that keep the output open do not keep the caller waiting. A command that takes
        more than ``timeout`` seconds is killed and makes the test fail.
        """
        with self.start(command, input=input, env=env, cwd=cwd) as process:
            return process.wait(timeout)

    def start(
        self,
        command: str | Sequence[str],
        *,
        input: str | None = None,
        env: dict[str, str] | None = None,
        cwd: str = "/root",
    ) -> Process:
        """Start ``command`` in the background, in a session of its own."""
        outputs = [os.pipe2(os.O_CLOEXEC) for _ in range(2)]
        stdin = input_descriptor(input)
        fds = [stdin, *(writer for _reader, writer in outputs)]
        try:
            number, pid, _ = self._spawn(command, fds, env, cwd, None)
        finally:
            for fd in fds:
                os.close(fd)
        return Process(self, number, pid, [reader for reader, _writer in outputs])

    def terminal(
        self,
        command: str | Sequence[str] = "bash -l",
        *,
        size: tuple[int, int] = (24, 80),
        env: dict[str, str] | None = None,
    ) -> Terminal:
        """Start ``command`` on a terminal of its own with ``size`` rows and columns."""
        number, pid, fds = self._spawn(command, [], env, "/root", size)
        return Terminal(self, number, pid, fds[0])

    def path(self, name: str) -> str:
        """Where ``name`` of this machine can be read and written from the test.

        Links are followed inside the machine, as far as the path exists there.
        """
        existing, missing = pathlib.PurePosixPath("/", name), list[str]()
        while True:
            try:
                fd = syscalls.openat2(self._root, existing, os.O_PATH, syscalls.RESOLVE_IN_ROOT)
                break
            except FileNotFoundError:
                missing.append(existing.name)
                existing = existing.parent
        try:
            real = os.readlink(f"/proc/self/fd/{fd}")
        finally:
            os.close(fd)
        return os.path.join(f"/proc/{self.pid}/root{real}", *reversed(missing))

    def read(self, name: str) -> str:
        """The text of file ``name``."""
        with open(self.path(name), encoding="utf-8", errors="surrogateescape") as file:
            return file.read()

    def write(self, name: str, text: str, mode: int = 0o644) -> None:
        """Write ``text`` to file ``name``, making the directories it needs."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        os.chmod(path, mode)

    def fileno(self) -> int:
        """What can be read when a command ends, for select."""
        return self._sock.fileno()

    def signal(self, number: int, which: int) -> None:
        """Send signal ``which`` to the process group of command ``number``."""
        send(self._sock, {"id": number, "signal": which})

    def status(self, number: int, timeout: float) -> int | None:
        """The status of command ``number``; None when it runs after ``timeout`` seconds still."""
        answer = self._answer(number, time.monotonic() + timeout)
        if answer is None:
            return None
        status: int = answer[0]["status"]
        return status

    def _spawn(
        self,
        command: str | Sequence[str],
        fds: list[int],
        env: dict[str, str] | None,
        cwd: str,
        size: tuple[int, int] | None,
    ) -> tuple[int, int, list[int]]:
        argv = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        number = next(self._numbers)
        request = {"id": number, "argv": argv, "env": env or {}, "cwd": cwd, "tty": size}
        send(self._sock, request, fds)
        answer = self._answer(number, time.monotonic() + TIMEOUT)
        if answer is None or "pid" not in answer[0]:
            raise TestHostError(f"cannot start {argv}: {answer}")
        return number, answer[0]["pid"], answer[1]

    def _answer(self, number: int, deadline: float) -> tuple[Request, list[int]] | None:
        while not self._answers.get(number):
            if not readable([self.fileno()], deadline):
                return None
            message = receive(self._sock)
            if message is None:
                raise TestHostError("the test host died")
            self._answers.setdefault(int(message[0]["id"]), []).append(message)
        return self._answers[number].pop(0)

    def _close(self) -> list[str]:
        os.close(self._root)
        left = self._keeper.end(self.pid)
        self._sock.close()
        return left


class TestHost(Machine):
    """The machine under test, and the lan machine it can be reached from."""

    __test__ = False  # for pytest

    def __init__(
        self,
        keeper: Keeper,
        sock: socket.socket,
        pid: int,
        fds: list[int],
        system: str,
        before: frozenset[str],
    ) -> None:
        super().__init__(keeper, sock, pid, fds[0])
        self._lan_network = fds[1]
        self._system = system
        self._lan: Machine | None = None
        self._before = before

    @property
    def lan(self) -> Machine:
        """The machine at the other end of eth0: 192.0.2.1 and 2001:db8::1."""
        if self._lan is None:
            sock, pid, fds = self._keeper.make(
                "lan.example.com", system=self._system, network=self._lan_network
            )
            self._lan = Machine(self._keeper, sock, pid, fds[0])
        return self._lan

    @property
    def cgroups(self) -> str:
        """Where cgroup v2 is mounted."""
        beside = "/sys/fs/cgroup/unified"
        return beside if os.path.isdir(self.path(beside)) else "/sys/fs/cgroup"

    def close(self) -> None:
        """End both machines; AssertionError that names what they left behind."""
        file_systems = leftovers.file_systems(self.pid)
        left = self._lan._close() if self._lan else []
        left += self._close()
        os.close(self._lan_network)
        left += leftovers.since(self._before, file_systems)
        assert not left, "left on the machine:\n" + "\n".join(left)
