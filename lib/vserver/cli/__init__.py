"""The commands: one module each, with ``main() -> int``; only these read argv and print."""

from __future__ import annotations

import gc
import io
import os
import sys
from _signal import SIG_DFL, SIGCHLD, SIGINT, signal
from errno import ENOMEM

from vserver.errors import VserverError, reason

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

gc.disable()  # a command is over before there is garbage; looking for it takes 1 ms

DEBUG_VARIABLE = "VSERVER_DEBUG"
BYTES = "surrogateescape"  # how text that came from bytes becomes those bytes again

_LOCALE = "LC_CTYPE"
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")  # Python/pylifecycle.c

_output_is_lost = False  # and that was told


def run(main: Callable[[], int], failed: int = 255) -> NoReturn:
    """Run a command's ``main`` and leave with its status.

    The one place that turns an expected error into its line on standard error. Anything
    unexpected is a bug, or an error of the machine that nobody foresaw: one line too, and the
    status ``failed``; a traceback only with VSERVER_DEBUG set. Settings and file names are bytes
    that need not be text: they are printed as they were read.
    """
    _open_missing_descriptors()
    _restore_locale()
    signal(SIGCHLD, SIG_DFL)  # a caller that ignores it would take the status of our children
    sys.set_int_max_str_digits(0)  # a number of too many digits is as wrong as any other
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors != BYTES:
            stream.reconfigure(errors=BYTES)
    status = _guarded(main, failed)
    error = _write_error()
    if error:
        _tell_write_error(error)
    os._exit(status or int(error is not None or _output_is_lost))


def _tell_uncaught(kind: type[BaseException], error: BaseException, traceback: Any) -> None:
    """What happens before ``run``, while the command is loaded, is one line, too; an interrupt
    none: the interpreter ends by the signal itself."""
    if os.environ.get(DEBUG_VARIABLE):
        sys.__excepthook__(kind, error, traceback)
    elif isinstance(error, Exception):
        complain(f"{program()}: {_one_line(error)}")


sys.excepthook = _tell_uncaught


def _open_missing_descriptors() -> None:
    """Open /dev/null in the place of a closed standard descriptor, so that nothing of ours
    gets its number and is taken for it."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.open("/dev/null", os.O_RDWR)
            os.set_inheritable(fd, True)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _restore_locale() -> None:
    """Take back what the interpreter has done to LC_CTYPE where the locale is C (PEP 538): the
    commands that we become get the caller's environment."""
    if os.environ.get(_LOCALE) in _COERCED:
        try:
            with open("/proc/self/environ", "rb") as file:
                words = os.fsdecode(file.read()).split("\0")
        except OSError:  # there is no /proc to tell whose it is
            return
        given = [word.partition("=")[2] for word in words if word.startswith(f"{_LOCALE}=")]
        if given:
            os.environ[_LOCALE] = given[0]
        else:
            del os.environ[_LOCALE]


def program() -> str:
    """The name the command was called by, for messages."""
    return os.path.basename(sys.argv[0])


def complain(text: str) -> None:
    """Print one line on standard error; a closed standard error is no reason to fail."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def say(text: str) -> None:
    """Print one informative line on standard output, at once (a child may write next)."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def namer() -> Callable[[str], str]:
    """How names from inside a guest are printed: on a terminal without control characters, for
    programs as they are, as ls(1) does."""
    from vserver.messages import visible

    if sys.stdout.isatty():
        return visible
    return str


def inform(text: str) -> None:
    """Print one line of progress.

    Nobody to read it is no reason to leave the work half done: that is told once, and what else
    we and the programs that we run write to standard output goes nowhere.
    """
    global _output_is_lost
    try:
        say(text)
    except OSError as error:
        _output_is_lost = True
        _tell_write_error(error)
        with open("/dev/null", "wb", buffering=0) as null:
            os.dup2(null.fileno(), 1)


def mention(text: str) -> None:
    """Print one line before a command takes over standard output, which is its own to judge."""
    try:
        say(text)
    except OSError:
        pass


def _tell_write_error(error: OSError) -> None:
    if not isinstance(error, BrokenPipeError):
        complain(f"{program()}: write error: {reason(error)}")


def _write_error() -> OSError | None:
    """Why standard output does not take what is left to be written; None when it does."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return error
    return None


def _guarded(main: Callable[[], int], failed: int) -> int:
    try:
        return main()
    except VserverError as error:
        complain(error.text)
        if error.remedy:
            complain(error.remedy)
        return error.status
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return _end_interrupted()
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        if not (isinstance(error, OSError) and not error.filename and _write_error()):
            complain(f"{program()}: {_one_line(error)}")
        return failed


def _end_interrupted() -> int:
    """End by the signal itself: a shell then ends the loop that it runs us in."""
    signal(SIGINT, SIG_DFL)
    os.kill(os.getpid(), SIGINT)
    return 130  # where it is blocked


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        named = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        return f"{named}{error.strerror}"
    if isinstance(error, MemoryError):
        return os.strerror(ENOMEM)
    return f"internal error: {type(error).__name__}: {error}".replace("\n", " ")
