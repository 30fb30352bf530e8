"""Commands on a machine of the test: in the background, and on a terminal."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import struct
import termios
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testhost import Machine

# how many times longer than usual everything may take; more where a processor is emulated
PATIENCE = float(os.environ.get("PATIENCE", "1"))
TIMEOUT = 30.0 * PATIENCE
PIPE_SIZE = 65536  # of a new pipe, see pipe(7)


class Result(NamedTuple):
    """What a command did; ``status`` is negative when a signal ended it."""

    status: int
    out: str
    err: str


class Process:
    """A command in the background. As a context manager it is killed at the end."""

    def __init__(self, machine: Machine, number: int, pid: int, outputs: list[int]) -> None:
        self._machine = machine
        self._number = number
        self._outputs = outputs
        self._text = dict.fromkeys(outputs, b"")
        self.pid = pid  # as the machine sees it
        self.status: int | None = None

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def wait(self, timeout: float = TIMEOUT) -> Result:
        """Wait for the end; TimeoutError with the output so far when it does not come."""
        deadline = time.monotonic() + timeout
        for _ in self._until(deadline):
            pass
        if self.status is None:
            self._machine.signal(self._number, 9)
            raise TimeoutError(f"no end after {timeout} s; {self.output}")
        return Result(self.status, *self.output)

    def expect(self, text: str, timeout: float = TIMEOUT) -> None:
        """Wait until standard output contains ``text``; AssertionError when it does not."""
        for _ in self._until(time.monotonic() + timeout):
            if text in self.output[0]:
                return
        assert text in self.output[0], f"no {text!r} in {self.output}"

    @property
    def output(self) -> tuple[str, str]:
        """Standard output and error so far."""
        out, err = (self._text[fd].decode(errors="surrogateescape") for fd in self._outputs)
        return out, err

    @property
    def running(self) -> bool:
        """Whether the command has not ended yet."""
        self._poll_status(0)
        return self.status is None

    def signal(self, which: int) -> None:
        """Send ``which`` to the command's process group."""
        self._machine.signal(self._number, which)

    def kill(self) -> None:
        """End the command and let its output go."""
        if self.running:
            self.signal(9)
            self._poll_status(5)
        for fd in self._outputs:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._outputs = []

    def _until(self, deadline: float) -> Iterator[None]:
        """Take in output, until the command ended and nothing more comes, or the deadline."""
        sock = self._machine.fileno()
        open_fds = list(self._outputs)
        while time.monotonic() < deadline:
            ended = not self.running
            ready = readable(open_fds if ended else [*open_fds, sock], 0 if ended else deadline)
            for fd in ready:
                if fd != sock and not self._take(fd):
                    open_fds.remove(fd)
            yield
            if ended and not ready:
                return

    def _take(self, fd: int) -> bool:
        data = os.read(fd, 65536)
        self._text[fd] += data
        return bool(data)

    def _poll_status(self, timeout: float) -> None:
        if self.status is None:
            self.status = self._machine.status(self._number, timeout)


class Terminal:
    """A command on a terminal, with the test at the keyboard."""

    def __init__(self, machine: Machine, number: int, pid: int, master: int) -> None:
        self._machine = machine
        self._number = number
        self._master = master
        self._raw = b""
        self.pid = pid

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @property
    def screen(self) -> str:
        """All that was shown so far, lines ended by a newline alone."""
        self._take(0)
        return self._raw.decode(errors="surrogateescape").replace("\r\n", "\n")

    def send(self, keys: str) -> None:
        """Type ``keys``: "\\n" is Enter, "\\x03" Control-C, "\\x04" Control-D."""
        os.write(self._master, keys.encode())

    def expect(self, text: str, timeout: float = TIMEOUT) -> None:
        """Wait until the screen contains ``text``; AssertionError when it does not."""
        deadline = time.monotonic() + timeout
        while text not in self.screen:
            assert self._take(deadline), f"no {text!r} on the screen:\n{self.screen}"

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size; the foreground processes get SIGWINCH."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def settings(self) -> list[object]:
        """The terminal's modes, see termios(3)."""
        return list(termios.tcgetattr(self._master))

    def wait(self, timeout: float = TIMEOUT) -> int:
        """Wait for the command to end, and return its status."""
        status = self._machine.status(self._number, timeout)
        if status is None:
            raise TimeoutError(f"no end after {timeout} s; screen:\n{self.screen}")
        self._take(0)
        return status

    def close(self) -> None:
        """Hang up."""
        if self._master >= 0:
            os.close(self._master)
        self._master = -1

    def _take(self, deadline: float) -> bool:
        """Take in what the screen shows next; False at the deadline or when all hung up."""
        taken = False
        while readable([self._master], 0 if taken else deadline):
            try:
                data = os.read(self._master, 65536)
            except OSError as error:
                if error.errno != errno.EIO:  # EIO: the last process has closed the terminal
                    raise
                return taken
            self._raw += data
            taken = True
        return taken


def input_descriptor(text: str | None) -> int:
    """A descriptor from which ``text`` can be read: a pipe, or a file where it is too long."""
    if text is None:
        return os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
    data = text.encode(errors="surrogateescape")
    if len(data) > PIPE_SIZE:
        file = os.memfd_create("input")
        os.write(file, data)
        os.lseek(file, 0, os.SEEK_SET)
        return file
    reader, writer = os.pipe2(os.O_CLOEXEC)
    os.write(writer, data)
    os.close(writer)
    return reader


def readable(fds: list[int], deadline: float) -> list[int]:
    """Which of ``fds`` have something to read, waiting until ``deadline`` (0: not at all)."""
    poll = select.poll()
    for fd in fds:
        poll.register(fd, select.POLLIN)
    timeout = max(deadline - time.monotonic(), 0) if deadline else 0
    return [fd for fd, _event in poll.poll(timeout * 1000)]
