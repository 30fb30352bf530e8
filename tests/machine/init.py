"""Process 1 of a machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import termios
from typing import NoReturn

from machine import Request, receive, send
from vserver.kernel import syscalls

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "LOGNAME": "root",
    "SHELL": "/bin/bash",
    "TERM": "dumb",
    "USER": "root",
}


class Init:
    """Runs the test's commands and reaps what is orphaned.

    A request is {"id", "argv", "env", "cwd", "tty"} with standard input, output and error as
    descriptors, or {"id", "signal"}; the answers {"id", "pid"} (with the master side of the
    terminal where one was asked for) or {"id", "error"}, and later {"id", "status"}.
    """

    def __init__(self, agent: int, lan: int) -> None:
        self.lan = lan
        self.sock = socket.socket(fileno=agent)
        self.commands: dict[int, int] = {}  # pid: id of the request

    def run(self) -> NoReturn:
        """Serve until the test hangs up; process 1 takes all others with it."""
        syscalls.mount("none", "/proc", "proc", 0)
        os.umask(0o022)
        os.setsid()
        wake, wake_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_end)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        root = os.open("/", os.O_PATH)
        send(self.sock, {"ready": True}, [root] + ([self.lan] if self.lan >= 0 else []))
        os.close(root)
        if self.lan >= 0:
            os.close(self.lan)
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        poll.register(wake, select.POLLIN)
        while self._turn(poll, wake):
            pass
        os._exit(0)

    def _turn(self, poll: select.poll, wake: int) -> bool:
        for fd, _event in poll.poll():
            if fd == wake:
                os.read(wake, 4096)
                self._reap()
            elif (message := receive(self.sock)) is None:
                return False
            else:
                self._handle(*message)
        return True

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if (number := self.commands.pop(pid, None)) is not None:
                send(self.sock, {"id": number, "status": os.waitstatus_to_exitcode(status)})

    def _handle(self, request: Request, fds: list[int]) -> None:
        number = request["id"]
        if "signal" in request:
            self._signal(number, request["signal"])
            return
        try:
            pid, master = self._start(request, fds)
        except OSError as error:
            send(self.sock, {"id": number, "error": str(error)})
        else:
            self.commands[pid] = number
            send(self.sock, {"id": number, "pid": pid}, master)
            fds = fds + master
        for fd in fds:
            os.close(fd)

    def _signal(self, number: int, which: int) -> None:
        for pid, command in self.commands.items():
            if command == number:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, which)

    def _start(self, request: Request, fds: list[int]) -> tuple[int, list[int]]:
        master: list[int] = []
        if request["tty"]:
            master, fds = open_terminal(request["tty"])
        pid = os.fork()
        if pid == 0:
            execute(request, fds)
        if master:
            os.close(fds[0])
        return pid, master


def open_terminal(size: list[int]) -> tuple[list[int], list[int]]:
    """A new pseudo-terminal of ``size`` (rows, columns): its master and three times its slave."""
    master, slave = os.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    return [master], [slave, slave, slave]


def execute(request: Request, fds: list[int]) -> NoReturn:
    """Become the command of ``request`` with ``fds`` as its standard descriptors."""
    try:
        os.setsid()
        if request["tty"]:
            fcntl.ioctl(fds[0], termios.TIOCSCTTY, 0)
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in fds]
        for target, fd in enumerate(high):
            os.dup2(fd, target)
        syscalls.close_range(3)
        for which in (
            signal.SIGPIPE,
            signal.SIGXFSZ,
            signal.SIGHUP,
            signal.SIGINT,
            signal.SIGQUIT,
            signal.SIGTERM,
            signal.SIGCHLD,
        ):
            signal.signal(which, signal.SIG_DFL)
        os.chdir(request["cwd"])
        os.execvpe(request["argv"][0], request["argv"], ENVIRONMENT | request["env"])
    except OSError as error:
        os.write(2, f"{request['argv'][0]}: {error.strerror}\n".encode())
    os._exit(127)
