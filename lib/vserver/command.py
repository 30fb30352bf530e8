"""Running programs of the host, with the package sh (1.14 of Debian 12 up to 2.x).

For work that another program does best and that takes longer than the 50 ms which sh needs to
be imported; never on the paths of start, stop and exec. Programs inside a guest are the work
of ``inside``.
"""

from __future__ import annotations

import os

from vserver import thirdparty
from vserver.errors import VserverError

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def run(words: Sequence[str], *, directory: str | None = None) -> int:
    """Run a program in the foreground, on our own standard input, output and error.

    No shell sees ``words``. Returns the status, 128 and the signal when one ended it.
    VserverError (255) when there is no such program. In the foreground sh makes no threads,
    which would keep the caller from joining namespaces.
    """
    sh, program = _find(words[0])
    try:
        program(*words[1:], _fg=True, _cwd=directory)
    except sh.ErrorReturnCode as error:
        return _status(error)
    return 0


def output(words: Sequence[str], *, directory: str | None = None) -> str:
    """What a program writes to standard output, which is no terminal; VserverError if it fails.

    Standard error is part of that error's text. Bytes that are no UTF-8 are kept as
    surrogates.
    """
    sh, program = _find(words[0])
    options = {"_tty_out": False, "_encoding": "utf-8", "_decode_errors": "surrogateescape"}
    try:
        return str(program(*words[1:], _cwd=directory, **options))
    except sh.ErrorReturnCode as error:
        raise _failure(words[0], error) from None
    finally:
        _wait_for_threads()


def save(words: Sequence[str], fd: int) -> None:
    """Run a program with standard output to descriptor ``fd``; VserverError as for ``output``.

    For output whose amount a stranger decides: ``prlimit --fsize`` can bound that of a file.
    """
    sh, program = _find(words[0])
    try:
        program(*words[1:], _out=fd)
    except sh.ErrorReturnCode as error:
        raise _failure(words[0], error) from None
    finally:
        _wait_for_threads()


def _wait_for_threads() -> None:
    """Let the threads of sh end: they still close descriptors, whose numbers may be ours by
    then, and keep this process from joining namespaces."""
    import threading

    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()


def exists(name: str) -> bool:
    """Whether the host has the program ``name``."""
    try:
        _find(name)
    except VserverError:
        return False
    return True


def _find(name: str) -> tuple[Any, Any]:
    """The module sh, and its command for the program ``name``.

    sh wants to know where it is and where programs are, which execvp(3) does not: without PATH
    there is the usual one, and who is in a directory that was removed goes to /.
    """
    os.environ.setdefault("PATH", os.defpath)
    try:
        os.getcwd()
    except FileNotFoundError:
        os.chdir("/")
    thirdparty.enable()
    import sh

    try:
        return sh, sh.Command(name)
    except sh.CommandNotFound:
        raise VserverError(f"Can't execute {name} (No such file or directory)", 255) from None


def _failure(name: str, error: Any) -> VserverError:
    said = error.stderr.decode("utf-8", "surrogateescape").strip().splitlines()
    text = f"{name}: {said[-1] if said else f'exit status {_status(error)}'}"
    return VserverError(text, _status(error))


def _status(error: Any) -> int:
    status = int(error.exit_code)
    return status if status >= 0 else 128 - status
