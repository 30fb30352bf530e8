"""Running commands inside a guest: suexec and all that stands on it, and the stop scripts."""

from __future__ import annotations

import os
import select
import time
from _signal import SIGCONT, SIGINT
from errno import ENODEV, ESRCH

from vserver import guest, session, state
from vserver.errors import VserverError, reason
from vserver.kernel import isolation, process, pty, spawn, streams
from vserver.kernel.isolation import Command
from vserver.kernel.spawn import Failure
from vserver.messages import visible

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from typing import NoReturn

    from vserver.guest import Guest
    from vserver.kernel.rooted import Root
    from vserver.session import Place
    from vserver.ulimit import Limit

FAILED = 255
ROOT_USERS = ("root", "0")
_ID_SECONDS = 10.0
_ID_LIMIT = 64


def suexec(one: Guest, user: str, words: list[str]) -> NoReturn:
    """Become command ``words``, run by ``user`` inside the guest (0.19).

    A stopped guest gets its addresses, its hook and a context first (0.16). VserverError (255)
    when that, the user or the command cannot be had.
    """
    running = state.running_context(one.name)
    if not running:
        run_hook(one, "pre-start")
    one.set_aliases(running)
    limits = one.limits()
    with one.open_tree() as root:
        place = open_place(one, root, running, limits)
        command = Command(words, session_environment(one))
        command.prepare = guest.limiter(limits, one.messages.warn)
        command.user = _identity(one, root, place, user)
    _stand_in(place, command)
    _become_session(place, command, f"vserver {one.name}", job=True)


def _stand_in(place: Place, command: Command) -> None:
    """Keep the caller's files out of the guest."""
    if place.door and place.setting.own_root:
        command.streams = streams.of_caller(place.door.root)


def _become_session(place: Place, command: Command, title: str, *, job: bool) -> NoReturn:
    """Start ``command``, on a terminal of the guest's in place of ours, and wait for its end.

    ``job`` as for isolation.attend.
    """
    terminal = pty.open_inside(place.door.root) if place.door else None
    if terminal and command.user:
        terminal.give_to(command.user[0])
    spawn.hold_signals()
    pid = start(place, command, terminal)
    place.release()
    isolation.attend(pid, place.door, terminal, title, command.streams, job=job)


def chkconfig(one: Guest, arguments: list[str]) -> int:
    """Turn a service of the guest on or off, with what the guest has for that (0.9, 0.19).

    The status of the last command. runlevel.ChkconfigError when there is nothing to do it with.
    """
    from vserver import runlevel

    with one.open_tree() as root:
        commands = runlevel.chkconfig_commands(root, arguments)
    if len(commands) == 1:
        suexec(one, "root", commands[0])
    status = [_run_quietly(one, words) for words in commands][-1]
    if status:
        one.messages.warn(f"vserver: {commands[-1][0]} in '{one.name}' ended with status {status}")
    return status


def _run_quietly(one: Guest, words: list[str]) -> int:
    """Run ``words`` as a suexec of its own, and drop what they print."""
    helper = os.fork()
    if helper == 0:
        try:
            with open("/dev/null", "r+b", buffering=0) as null:
                for fd in range(3):
                    os.dup2(null.fileno(), fd)
            suexec(one, "root", words)
        finally:
            os._exit(FAILED)
    return _exit_code(_wait(helper, None))


def session_environment(one: Guest) -> dict[str, str]:
    """The environment of suexec and its family."""
    return {**one.environment(), "PS1": f"[\\u@vserver:{one.name} \\W]"}


def run_hook(one: Guest, event: str, directory: str = ".") -> None:
    """Run the guest's hook script; what keeps it from running is told."""
    from vserver import hooks

    complaint = hooks.run(one.name, event, one.hook_environment(), directory)
    if complaint:
        one.messages.warn(f"vserver: {complaint}")


def open_place(
    one: Guest, root: Root, running: int, limits: list[Limit], *, init: Command | None = None
) -> Place:
    """The guest's context, made when it does not run, held until it is released.

    A new one is recorded in the state file. ``init`` becomes its process 1 (fakeinit).
    VserverError says why it cannot be had.
    """
    device_files = one.write_mtab(root)
    request = one.request(running, limits)
    request.device_files = device_files
    request.quota = one.quota(root, request.allowed)
    if request.quota:
        request.device_files += request.quota.device_files
    os.chdir(one.directory)
    try:
        place = session.obtain(request, init=init)
    except Failure as error:
        raise _cannot_start(one, error) from None
    except OSError as error:
        raise _no_context(error) from None
    for complaint in place.complaints:
        what, _, why = complaint.partition(": ")
        one.messages.warn(f"vserver: {what} in '{one.name}': {why}")
    if place.created:
        _record(one, place)
    if request.addresses and request.addresses.addresses:
        listed = " ".join(address for address, _mask in request.addresses.addresses)
        one.messages.inform(f"ipv4root is now {listed}")
    one.tell_names(place.number, created=place.created)
    return place


def _record(one: Guest, place: Place) -> None:
    try:
        state.write(one.name, place.number, one.profile)
    except OSError as error:
        place.abandon()
        raise VserverError(
            f"vserver: cannot write the state of '{one.name}': {reason(error)}", FAILED
        ) from None


def _no_context(error: OSError) -> VserverError:
    if error.errno == ENODEV:  # clone3(2): its cgroup was removed by a stop meanwhile
        error = ProcessLookupError(ESRCH, os.strerror(ESRCH))
    return VserverError(f"Can't set the new security context ({reason(error)})", FAILED)


def _cannot_start(one: Guest, error: Failure) -> VserverError:
    """Which step of a start failed, in one line."""
    what = error.filename if isinstance(error.filename, str) and error.filename else ""
    text = f"{visible(error.step) or 'cannot start'} in '{one.name}'" + (
        f": {what}" if what else ""
    )
    return VserverError(f"vserver: {text}: {reason(error)}", FAILED)


def start(place: Place, command: Command, terminal: pty.Terminal | None = None) -> int:
    """Start ``command`` in its place; the pid. VserverError (255) when that fails."""
    try:
        return _enter(place, command, terminal)
    except Failure as error:
        if error.step:
            text = f"vserver: {visible(error.step)}: {reason(error)}"
            raise VserverError(text, FAILED) from None
        text = f"Can't execute {command.words[0]} ({reason(error)})"
        raise VserverError(text, FAILED) from None
    except ProcessLookupError as error:
        raise _no_context(error) from None


def _enter(place: Place, command: Command, terminal: pty.Terminal | None) -> int:
    try:
        return place.enter(command, terminal)
    finally:
        if command.streams:
            command.streams.close_inside()


def enter_quietly(place: Place, command: Command, output: int = -1) -> int:
    """Start ``command`` with nothing to read, which writes to ``output`` or nowhere; the pid.

    Errors as of Place.enter.
    """
    if place.door is None:
        raise ProcessLookupError(ESRCH, os.strerror(ESRCH))
    command.streams = streams.into(place.door.root, output)
    try:
        return place.enter(command, None)
    finally:
        command.streams.close()


def run(place: Place, command: Command, seconds: float = 0) -> int:
    """Run ``command`` to its end; its exit status, 128 and the signal when one ended it.

    Its terminal and files, if any, are relayed by a child that becomes the small waiting
    program. TimeoutError when it has not ended after ``seconds``, if that is not 0.
    """
    _stand_in(place, command)
    relayed = command.streams
    if not pty.terminals() and not (relayed and relayed.are_relayed):
        pid = start(place, command)
        place.release()
        return _exit_code(_wait(pid, place, seconds))
    helper = _start_session(place, command)
    if relayed:
        relayed.close()
    place.release()
    return _exit_code(_wait(helper, None, seconds))


def _start_session(place: Place, command: Command) -> int:
    """_become_session in a child; its pid. VserverError (255) when it could not be done."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    helper = os.fork()
    if helper == 0:
        try:
            # a guest that stops its scripts must not stop who starts or stops it
            _become_session(place, command, "vserver", job=False)
        except VserverError as error:
            os.write(writer, os.fsencode(error.text))
        except OSError as error:
            os.write(writer, os.fsencode(f"vserver: {reason(error)}"))
        finally:
            os._exit(FAILED)
    os.close(writer)
    with open(reader, "rb") as pipe:
        complaint = pipe.read()  # the end comes when the child is another program
    if complaint:
        os.waitpid(helper, 0)
        raise VserverError(os.fsdecode(complaint), FAILED)
    return helper


def _wait(pid: int, place: Place | None, seconds: float = 0) -> int:
    """Wait for ``pid``; an interrupt is for it, not for us. TimeoutError as for run."""
    while True:
        try:
            if seconds:
                process.wait_at_most(pid, seconds)
            return isolation.wait(pid, place.door if place else None)
        except KeyboardInterrupt:
            if place:
                os.killpg(pid, SIGINT)
                os.killpg(pid, SIGCONT)  # one that is stopped has to be continued to notice


def _exit_code(status: int) -> int:
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _identity(one: Guest, root: Root, place: Place, user: str) -> tuple[int, int] | None:
    """Uid and gid of ``user`` inside; None for root, who needs no look-up at all.

    Its own passwd file knows; users of its name service (NIS, LDAP) are asked for inside, by
    the guest's own id(1), since no code of the guest may run in this process (0.21).
    """
    if user in ROOT_USERS:
        return None
    from vserver import users

    try:
        found = users.lookup(root, user)
    except OSError as error:
        text = f"vserver: /etc/passwd in '{one.name}': {reason(error)}"
        raise VserverError(text, FAILED) from None
    if found:
        return found.uid, found.gid
    asked = [_ask_id(one, place, option, user) for option in ("-u", "-g")]
    if None in asked:
        place.close()
        raise VserverError(f"User not found: {user}", FAILED)
    return asked[0] or 0, asked[1] or 0


def _ask_id(one: Guest, place: Place, option: str, user: str) -> int | None:
    reader, writer = os.pipe2(os.O_CLOEXEC)
    command = Command(["id", option, "--", user], one.environment())
    try:
        pid = enter_quietly(place, command, writer)
    except OSError:
        os.close(reader)
        return None
    finally:
        os.close(writer)
    deadline = time.monotonic() + _ID_SECONDS
    answer = _read_answer(reader, deadline)
    try:
        process.wait_at_most(pid, max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        os.kill(pid, 9)
    from vserver import users

    _pid, status = os.waitpid(pid, 0)
    return users.parse_id(answer.strip()) if status == 0 else None


def _read_answer(reader: int, deadline: float) -> bytes:
    """What comes until the end, or too much, or too late: the guest decides what it sends."""
    answer = b""
    poller = select.poll()
    poller.register(reader, select.POLLIN)
    while len(answer) <= _ID_LIMIT:
        left = deadline - time.monotonic()
        if left <= 0 or not poller.poll(left * 1000):
            break
        block = os.read(reader, _ID_LIMIT + 1)
        if not block:
            break
        answer += block
    os.close(reader)
    return answer
