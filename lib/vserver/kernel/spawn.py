"""A child that prepares itself step by step, and says why when it cannot.

The child ends in exec or not at all: every failure comes back over a pipe and is raised in the
parent, so that nobody runs who has skipped a step.
"""

from __future__ import annotations

import os
import select
from _signal import (
    SIG_BLOCK,
    SIG_DFL,
    SIG_SETMASK,
    SIGCHLD,
    SIGHUP,
    SIGKILL,
    SIGPIPE,
    SIGTERM,
    SIGUSR1,
    SIGUSR2,
    SIGXFSZ,
    pthread_sigmask,
    signal,
)

from vserver.errors import incomplete
from vserver.kernel import syscalls

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

FAILED = 255
FORWARDED = (SIGHUP, SIGTERM, SIGUSR1, SIGUSR2)
"""What the waiting program passes on, without what a terminal sends to the whole group."""
_UNNAMED_STEP = "cannot prepare the process"
_LAST_SIGNAL = 64
_LONGEST = 16384  # bytes of a report
_PATIENCE = 10_000  # milliseconds from its last word to its end
_SIGSTOP = 19
_F_ADD_SEALS, _ALL_SEALS = 1033, 0xF  # linux/fcntl.h: seal, shrink, grow, write
_MFD_EXEC = 0x10  # linux/memfd.h, 6.3

_held: list[set[int]] = []  # the signals that were blocked before each hold_signals


class Report:
    """The pipe from a child to its parent: words while it prepares, silence once it runs."""

    __slots__ = ("reader", "writer")

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe2(os.O_CLOEXEC)

    def fail(self, error: OSError, what: str) -> NoReturn:
        """In the child: tell the parent what failed, and end."""
        name = error.filename if isinstance(error.filename, str) else ""
        text = f"F{error.errno or 0} {what}\0{name}\n"
        os.write(self.writer, text.encode("utf-8", "surrogateescape"))
        os._exit(FAILED)

    def receive(self) -> bytes:
        """In the parent: all that the child said, when it runs or has ended.

        Root of a guest can get at the pipe of a process that has become visible there, write
        into it and keep it open: neither makes the parent read, or wait, without end.
        """
        os.close(self.writer)
        said = b""
        poller = select.poll()
        poller.register(self.reader, select.POLLIN)
        while len(said) < _LONGEST and poller.poll(_PATIENCE if said else None):
            block = os.read(self.reader, _LONGEST)
            if not block:
                break
            said += block
        os.close(self.reader)
        return said


class Failure(OSError):
    """A step of a child failed: errno and strerror as usual, ``step`` says which."""

    step = ""


def failure(said: bytes) -> Failure | None:
    """What a child said as the exception to raise, if it failed before its exec."""
    if not said.startswith(b"F"):
        return None
    word, _, rest = said[1:].rstrip(b"\n").decode("utf-8", "surrogateescape").partition(" ")
    step, _, name = rest.partition("\0")
    number = parse_number(word.encode("utf-8", "surrogateescape"))
    error = Failure(number, os.strerror(number), name or None)
    error.step = step
    return error


def parse_number(word: bytes) -> int:
    """A number that a child said, 0 for what is none: root of a guest may have written it."""
    return int(word) if word.isdigit() and len(word) < 10 else 0


def is_child(pid: int) -> bool:
    """Is ``pid`` a child of this process, ended or not, that was not waited for yet."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def spawn(
    prepare: Callable[[Report], NoReturn], *, flags: int = 0, cgroup_fd: int = -1
) -> tuple[int, bytes]:
    """Start a child with clone3(2) ``flags``, in the cgroup of ``cgroup_fd``.

    ``prepare`` runs in the child and ends in exec; OSError that it lets go is reported. Returns
    the pid and what the child said. Failure when a step failed: the child is gone then.
    """
    signal(SIGCHLD, SIG_DFL)  # where it was inherited as ignored nobody can be waited for
    report = Report()
    pid = syscalls.clone3(flags, cgroup_fd=cgroup_fd)
    if pid == 0:
        _prepare(prepare, report)
    said = report.receive()
    error = failure(said)
    if error:
        os.waitpid(pid, 0)
        raise error
    return pid, said


def _prepare(prepare: Callable[[Report], NoReturn], report: Report) -> NoReturn:
    try:
        prepare(report)
    except OSError as error:
        report.fail(error, getattr(error, "step", "") or _UNNAMED_STEP)
    except BaseException as error:
        report.fail(OSError(0, ""), f"internal error: {type(error).__name__}: {error}")


class Step:
    """Names the step that an OSError inside the block belongs to."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, OSError) and not getattr(error, "step", ""):
            named = Failure(error.errno, error.strerror, error.filename)
            named.step = self.name
            raise named from None


def sealed_copy(path: str) -> int:
    """A descriptor of a memory file with the program ``path``, which nobody can change.

    What runs from it shows a guest nothing that it could write through /proc/PID/exe.
    VserverError (255) when that file of the package is missing.
    """
    import fcntl

    try:
        with open(path, "rb") as file:
            program = file.read()
    except FileNotFoundError:
        raise incomplete(path) from None
    fd = _create_memfd(os.path.basename(path))
    os.write(fd, program)
    fcntl.fcntl(fd, _F_ADD_SEALS, _ALL_SEALS)
    return fd


def _create_memfd(name: str) -> int:
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        return os.memfd_create(name, flags | _MFD_EXEC)
    except OSError:
        return os.memfd_create(name, flags)


def reset_signals(blocked: tuple[int, ...] = ()) -> None:
    """Give every signal its default action and block ``blocked`` only, whatever was inherited."""
    for number in range(1, _LAST_SIGNAL + 1):
        if number not in (SIGKILL, _SIGSTOP, 32, 33):
            signal(number, SIG_DFL)
    pthread_sigmask(SIG_SETMASK, blocked)


def hold_signals() -> None:
    """Keep what is to be passed on to a command until the waiting program is there to do it."""
    _held.append(pthread_sigmask(SIG_BLOCK, FORWARDED))


def restore_signals() -> None:
    """Undo what the interpreter did at its start, which ignores SIGPIPE and SIGXFSZ, and what
    ``hold_signals`` did."""
    for number in (SIGPIPE, SIGXFSZ):
        signal(number, SIG_DFL)
    if _held:
        pthread_sigmask(SIG_SETMASK, _held[0])


def keep_descriptors(*wanted: int) -> list[int]:
    """Close all but 0, 1, 2 and ``wanted``, which get the numbers from 3 on, in order.

    Returns these numbers; a wanted -1 stands for none and stays what it is.
    """
    given = [fd for fd in wanted if fd >= 0]
    end = 3 + len(given)
    for place, fd in enumerate([_duplicate(fd, end) for fd in given], start=3):
        os.dup2(fd, place, inheritable=False)
    syscalls.close_range(end)
    places = iter(range(3, end))
    return [next(places) if fd >= 0 else -1 for fd in wanted]


def _duplicate(fd: int, lowest: int) -> int:
    """A duplicate of ``fd`` with the number ``lowest`` or a higher one (F_DUPFD_CLOEXEC)."""
    import fcntl

    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, lowest)
