"""chcontext: run a command in a new or an existing security context."""

from __future__ import annotations

import os
import sys
from errno import EACCES, ENOSYS, EPERM

from vserver import execute, session
from vserver.cli import complain
from vserver.cli.contextoptions import Options, parse
from vserver.errors import VserverError, reason
from vserver.kernel import caps, context, isolation, pty, seccomp, spawn, syscalls
from vserver.kernel.confine import Confinement
from vserver.kernel.isolation import Command, Names
from vserver.kernel.spawn import Failure

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from vserver.kernel.pty import Terminal

ALLOCATE, STAY = -1, -2
MAX_NAME = 64  # __NEW_UTS_LEN, linux/utsname.h


def main() -> int:
    """Parse, go there, and become the command; 255 for every failure of our own."""
    options = parse()
    if options.disconnect:
        return _disconnect(lambda ready: _run(options, ready))
    return _run(options, lambda: None)


def _run(options: Options, ready: Callable[[], None]) -> int:
    if len(options.numbers) > 1:
        complain("The current kernel does not support new_s_context revision 1")
        raise _refused("Invalid argument")
    number = options.numbers[0] if options.numbers else ALLOCATE
    here = _own_context()
    if number == STAY or (number == 0 and here == 0):
        return _stay(options, here, ready)
    if number < ALLOCATE or number > context.LAST:
        raise _refused("Invalid argument")
    if number != ALLOCATE and (here != 0 or not caps.is_administrator()):
        raise _refused("Operation not permitted")
    if here and context.flags_of(here) & context.LOCK:
        raise _refused("Operation not permitted")
    if number == context.OBSERVER:
        return _observe(options, ready)
    return _enter(options, None if number == ALLOCATE else number, ready)


def _own_context() -> int:
    try:
        return context.of_process()
    except OSError as error:
        raise _refused(reason(error)) from None


def _refused(why: str) -> VserverError:
    return VserverError(f"Can't set the new security context ({why})", 255)


def _enter(options: Options, number: int | None, ready: Callable[[], None]) -> NoReturn:
    request = session.Request(
        number,
        allowed=options.allowed,
        flags=options.flags,
        names=_checked_names(options),
        armoured=options.secure,
    )
    while True:
        try:
            _enter_once(options, request, ready)
        except ProcessLookupError:
            options.silent = True  # it ended under our feet, and is made anew


def _enter_once(options: Options, request: session.Request, ready: Callable[[], None]) -> NoReturn:
    command = Command(options.command, os.environ, directory=_working_directory())
    fake = command if options.flags & context.FAKEINIT else None
    terminal = pty.open_outside() if fake else None
    if fake:
        spawn.hold_signals()
    place = _obtain(options, request, fake, terminal)
    pid = place.init
    if place.door:
        terminal = pty.open_inside(place.door.root)
        spawn.hold_signals()
        pid = _start(place, options, command, terminal)
    place.release()
    ready()
    isolation.attend(pid, place.door, terminal, "chcontext")


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return "."  # it has no path any more; the first process of the context stays in it


def _obtain(
    options: Options, request: session.Request, fake: Command | None, terminal: Terminal | None
) -> session.Place:
    try:
        return session.obtain(
            request, init=fake, terminal=terminal, announce=lambda n: _announce(options, n)
        )
    except Failure as error:
        raise _failure(error, options.command[0]) from None
    except OSError as error:
        # the answers to a process with the flag lock, and to one that is not root
        denied = error.errno in (ENOSYS, EACCES)
        raise _refused(os.strerror(EPERM) if denied else reason(error)) from None


def _start(
    place: session.Place, options: Options, command: Command, terminal: Terminal | None
) -> int:
    if not place.created:
        command.prepare = _name_setter(options)
    try:
        return place.enter(command, terminal)
    except Failure as error:
        if place.created:
            place.abandon()
        raise _failure(error, options.command[0]) from None
    except ProcessLookupError:
        place.close()
        raise


def _failure(error: Failure, command: str) -> VserverError:
    if not error.step:
        return VserverError(f"Can't exec {command} ({reason(error)})", 255)
    if error.step == "cannot lower the capability ceiling":
        return VserverError(f"Can't lower the capability ceiling ({reason(error)})", 255)
    return _refused(f"{error.step}: {reason(error)}" if error.errno else error.step)


def _checked_names(options: Options) -> Names:
    """The names as the kernel will take them; one it refuses is told and left out."""
    if options.hostname is not None and len(os.fsencode(options.hostname)) > MAX_NAME:
        complain("Can't set the host name (Invalid argument)")
        options.hostname = None
    if options.domainname is not None and len(os.fsencode(options.domainname)) > MAX_NAME:
        complain("Can't set the domain name (Invalid argument)")
        options.domainname = None
    return Names(options.hostname, options.domainname)


def _name_setter(options: Options) -> Callable[[], None]:
    def set_names() -> None:
        if options.hostname is not None:
            syscalls.sethostname(os.fsencode(options.hostname))
        if options.domainname is not None:
            syscalls.setdomainname(os.fsencode(options.domainname))

    return set_names


def _announce(options: Options, number: int) -> None:
    if options.silent:
        return
    lines = [f"New security context is {number}"]
    if options.domainname is not None:
        lines.insert(0, f"Domain name is now {options.domainname}")
    if options.hostname is not None:
        lines.insert(0, f"Host name is now {options.hostname}")
    _print("\n".join(lines))


def _print(text: str) -> None:
    """Print on standard output, where a full disk is one error and not two at exit."""
    try:
        os.write(1, os.fsencode(text + "\n"))
    except OSError as error:
        raise VserverError(f"chcontext: write error: {reason(error)}", 255) from None


def _stay(options: Options, here: int, ready: Callable[[], None]) -> int:
    """Keep the context; only flags and ceiling change."""
    if options.flags and here:
        try:
            session.set_flags(here, options.flags)
        except OSError as error:
            raise _refused(reason(error)) from None
    if not options.silent:
        _print(f"New security context is {here}")
    programs = (seccomp.lock_filter(),) if options.flags & context.LOCK else ()
    return _become(options, Confinement(options.allowed, programs), ready)


def _observe(options: Options, ready: Callable[[], None]) -> int:
    """Context 1 sees everything, which context 0 does too, and may not signal or trace."""
    try:
        session.join_observers()
    except OSError as error:
        raise _refused(reason(error)) from None
    _announce(options, context.OBSERVER)
    return _become(options, Confinement(options.allowed, (seccomp.observer_filter(),)), ready)


def _become(options: Options, confinement: Confinement, ready: Callable[[], None]) -> NoReturn:
    try:
        confinement.apply()
    except Failure as error:
        raise _failure(error, options.command[0]) from None
    ready()
    try:
        execute.become(options.command)
    except OSError as error:
        raise VserverError(f"Can't exec {options.command[0]} ({reason(error)})", 255) from None


def _disconnect(run: Callable[[Callable[[], None]], int]) -> int:
    """Go on in a child; the status is 0 once its command runs, 255 if it never did."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    if os.fork():
        os.close(writer)
        return 0 if os.read(reader, 1) else 255
    os.close(reader)
    os.setpgid(0, 0)  # the keys of a terminal stay with the shell
    _run_disconnected(run, writer)


def _run_disconnected(run: Callable[[Callable[[], None]], int], writer: int) -> NoReturn:
    from vserver.cli import run as run_main

    def ready() -> None:
        sys.stdout.flush()
        os.write(writer, b".")
        os.close(writer)

    run_main(lambda: run(ready))
