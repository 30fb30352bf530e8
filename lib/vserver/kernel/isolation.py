"""Processes of a context: how they are set apart, and how one comes in.

The order of the steps is the wall. Process 1 assembles the namespaces while nobody else is in
them (firstprocess.py). Whoever enters joins the cgroup and the namespaces, gives up its rights,
and only then forks the process that becomes visible inside: guest root may trace what it sees,
whatever rights that has (CAP_SYS_PTRACE in ptrace(2)), so it must never see more than its own.
For the same reason process 1 is under the ceiling of its context, too.
"""

from __future__ import annotations

import os
import select
from _signal import SIGKILL
from errno import ENOENT, ENOMEM, ESRCH, ETIME

from vserver import paths
from vserver.kernel import cgroup, confine, context, limits, process, spawn, syscalls
from vserver.kernel.rooted import Descriptor
from vserver.kernel.spawn import Failure, Report, Step

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import NoReturn

    from vserver.kernel.confine import Confinement
    from vserver.kernel.pty import Terminal
    from vserver.kernel.quota import Quota
    from vserver.kernel.streams import Streams

SIGUSR1 = 10  # by which the reaper learns that a session ended
_NO_FILES = [-1] * 6  # that the stub relays
_ENTRIES = 20  # at a context whose process 1 is about to leave
_ENDING_SECONDS = 0.05  # that it may take for that
_LEAVING_SECONDS = 2.0  # that a process takes at most to end which does not come to its command


class Setting:
    """How the processes of a context are set apart; the same for the first and later ones.

    ``own_root``: the working directory of the creator is the root, and nothing of the host is
    in sight; else the host's root stays. ``armoured``: /proc is sealed and the cgroup is hidden
    as well. ``strict``: nothing is handed in but standard input, output and error: the way of
    guests; without it descriptors, limits and signals pass as in any exec. ``quota`` is handled
    for all but our own process 1, None for nobody.
    """

    __slots__ = ("armoured", "confinement", "own_root", "quota", "strict")

    def __init__(
        self, confinement: Confinement, *, own_root: bool, armoured: bool, strict: bool
    ) -> None:
        self.confinement = confinement
        self.own_root = own_root
        self.armoured = armoured
        self.strict = strict
        self.quota: Quota | None = None

    def spawn(
        self, prepare: Callable[[Report], NoReturn], *, flags: int = 0, cgroup_fd: int = -1
    ) -> tuple[int, bytes]:
        """spawn.spawn of a process that comes to ``settle``."""
        start = self.quota.spawn if self.quota else spawn.spawn
        return start(prepare, flags=flags, cgroup_fd=cgroup_fd)

    def keep_descriptors(self, *wanted: int) -> list[int]:
        """spawn.keep_descriptors, and what else ``settle`` is going to need."""
        if self.quota is None:
            return spawn.keep_descriptors(*wanted)
        *places, self.quota.socket = spawn.keep_descriptors(*wanted, self.quota.socket)
        return places


class Names:
    """What a new context is called: None keeps the creator's."""

    __slots__ = ("domain", "host")

    def __init__(self, host: str | None = None, domain: str | None = None) -> None:
        self.host = host
        self.domain = domain


class Command:
    """What to run: the words, the whole environment, who runs it and where.

    ``user`` is uid and gid, None for the caller's own; ``directory`` None is the root.
    ``prepare`` runs last before rights are given up, for resource limits. ``streams`` stand for
    the caller's standard input, output and error; None: those themselves.
    """

    __slots__ = ("directory", "environment", "place", "prepare", "streams", "user", "words")

    def __init__(
        self,
        words: list[str],
        environment: Mapping[str, str],
        *,
        user: tuple[int, int] | None = None,
        directory: str | None = None,
        prepare: Callable[[], None] | None = None,
    ) -> None:
        self.words = words
        self.environment = environment
        self.user = user
        self.directory = directory
        self.place = _identity(directory) if directory else (0, 0)
        self.prepare = prepare
        self.streams: Streams | None = None


def _identity(directory: str) -> tuple[int, int]:
    state = os.stat(directory)
    return state.st_dev, state.st_ino


def join_limits(directories: list[str], setting: Setting) -> None:
    """The first step, by paths of the host: OOM score, who has logged in, and the cgroups of
    v1 ``directories``."""
    if setting.strict:
        confine.reset_oom_score()
        confine.reset_login_uid()
    with Step("cannot join the resource limits"):
        for directory in directories:
            cgroup.join_v1(directory)


def redirect_to_null() -> None:
    """Standard input, output and error lead to the /dev/null in sight, or nowhere."""
    null = os.open("/dev/null", os.O_RDWR) if os.path.exists("/dev/null") else -1
    for fd in range(3):
        if null >= 0:
            os.dup2(null, fd)
        else:
            os.close(fd)


def settle(setting: Setting, command: Command, users: int) -> None:
    """The last steps before exec: surroundings, place, limits, and the rights given up.

    ``users`` is a descriptor of the context's user namespace, -1 for that of the host.
    """
    if setting.strict:
        spawn.reset_signals()
        confine.reset_surroundings()
    else:
        spawn.restore_signals()
    if command.prepare:
        command.prepare()
    setting.confinement.apply(command.user, namespace=users, quota=setting.quota)


class Door:
    """The way into a running context, opened while the host is still in sight.

    Owns a pidfd of process 1, its root and its working directory. ProcessLookupError when the
    context has ended, and for nothing else: who hears that may remove the context.
    """

    __slots__ = ("directory", "has_own_network", "init", "number", "pidfd", "root")

    def __init__(self, number: int) -> None:
        self.number = number
        init = context.init_of(number)
        if init is None:
            raise ProcessLookupError(ESRCH, os.strerror(ESRCH))
        self.init = init
        self.has_own_network = context.has_own_network(number)
        self.root = self.directory = -1
        self.pidfd = process.open_pidfd(init.pid, init.started)
        try:
            self._check_context()
            self.root = os.open(f"/proc/{init.pid}/root", os.O_PATH | os.O_DIRECTORY)
            self.directory = os.open(f"/proc/{init.pid}/cwd", os.O_PATH | os.O_DIRECTORY)
        except OSError as error:
            self.close()
            if error.errno != ENOENT:
                raise
            raise ProcessLookupError(ESRCH, os.strerror(ESRCH)) from error

    def _check_context(self) -> None:
        if context.of_process(self.init.pid) != self.number:
            raise ProcessLookupError(ESRCH, os.strerror(ESRCH))

    def is_closing(self, seconds: float) -> bool:
        """Has process 1 ended, or does it within ``seconds``."""
        poller = select.poll()
        poller.register(self.pidfd, select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    def close(self) -> None:
        """Close the descriptors."""
        for fd in (self.pidfd, self.root, self.directory):
            if fd >= 0:
                os.close(fd)


def enter(
    door: Door, leaf: str, setting: Setting, command: Command, terminal: Terminal | None = None
) -> int:
    """Run ``command`` in the context behind ``door`` and in its cgroup ``leaf``.

    Returns its pid, a child of the caller. Failure when a step could not be done, with an
    empty ``step`` when it was the command that could not be executed; ProcessLookupError when
    the context ended before that.
    """
    for _ in range(_ENTRIES):
        try:
            return _enter_once(door, leaf, setting, command, terminal)
        except Failure as error:
            if error.errno not in (ESRCH, ENOMEM):
                raise
            failure = error
        if door.is_closing(_ENDING_SECONDS):
            raise ProcessLookupError(ESRCH, os.strerror(ESRCH))
    raise failure


def _enter_once(
    door: Door, leaf: str, setting: Setting, command: Command, terminal: Terminal | None
) -> int:
    """One attempt. ESRCH: process 1 has ended or thinks of it; ENOMEM: it is ending now."""
    joins = limits.directories_to_join(door.number)

    def prepare(report: Report) -> NoReturn:
        join_limits(joins, setting)
        _go_in(door, setting)
        _find_directory(door, command)
        if command.streams:
            command.streams.take()
        users = door.pidfd if door.init.has_own_users else -1
        program, tty, users = _arrange_descriptors(setting, report, stub, terminal, users)
        settle(setting, command, users)
        numbers = (report.writer, tty, 0 if door.init.is_guest else 1)
        arguments = ["vserver", "run", *map(str, numbers), *command.words]
        with Step("cannot start the command"):
            os.execve(program, arguments, command.environment)

    with (
        Descriptor(spawn.sealed_copy(paths.STUB)) as stub,
        Descriptor(os.open(leaf, os.O_RDONLY | os.O_DIRECTORY)) as leaf_fd,
    ):
        helper, said = setting.spawn(prepare, cgroup_fd=leaf_fd)
    os.waitpid(helper, 0)
    return _started(said)


def _go_in(door: Door, setting: Setting) -> None:
    everything = (
        syscalls.CLONE_NEWNS
        | syscalls.CLONE_NEWPID
        | syscalls.CLONE_NEWIPC
        | syscalls.CLONE_NEWUTS
        | (syscalls.CLONE_NEWCGROUP if setting.armoured else 0)
        | (syscalls.CLONE_NEWNET if door.has_own_network else 0)
    )
    with Step("cannot join the namespaces"):
        syscalls.setns(door.pidfd, everything)
    expected = os.fstat(door.root)
    if _identity("/") != (expected.st_dev, expected.st_ino):
        raise OSError(1, "not in the root of the context")


def _find_directory(door: Door, command: Command) -> None:
    """Go to the command's directory, as far as it is to be found from in here.

    The one in which the context was made may have no path any more: process 1 stayed there.
    """
    if command.directory is None:
        return
    candidates: tuple[str | int, ...] = (command.directory, door.directory)
    if not any(_is_reached(directory, command.place) for directory in candidates):
        os.chdir("/")


def _is_reached(directory: str | int, place: tuple[int, int]) -> bool:
    """Go to ``directory``; was that ``place`` (device and inode)?"""
    try:
        os.chdir(directory)
    except OSError:
        return False
    return _identity(".") == place


def _arrange_descriptors(
    setting: Setting, report: Report, stub: int, terminal: Terminal | None, users: int
) -> tuple[int, int, int]:
    """The terminal in its place, the report open across exec; the descriptors of the stub, of
    the terminal and of the user namespace, -1 for none."""
    slave = -1
    if terminal:
        terminal.take(control=False)
        slave = terminal.slave
    if setting.strict:
        kept = setting.keep_descriptors(report.writer, stub, slave, users)
        report.writer, stub, slave, users = kept
    os.set_inheritable(report.writer, True)
    if slave >= 0:
        os.set_inheritable(slave, True)
    return stub, slave, users


def _started(said: bytes) -> int:
    """The pid that the stub reported, once the command runs (see stub.c).

    Root of the guest may have had its say: only a child of ours is taken for the command, and
    one that it holds before that (SIGSTOP, ptrace(2)) is given up: ETIME.
    """
    facts = {word[:1]: spawn.parse_number(word[1:]) for word in said.split()}
    pid = facts.get(b"P", 0)
    if pid and not spawn.is_child(pid):
        pid = 0
    if pid and b"G" in facts and b"E" not in facts:
        return pid
    number = ETIME if pid and not _ends(pid) else ESRCH
    if b"E" in facts:
        number = facts[b"E"]
        raise Failure(number, os.strerror(number))
    ended = Failure(number, os.strerror(number))
    ended.step = "cannot start the command"
    raise ended


def _ends(pid: int) -> bool:
    """Does child ``pid`` end by itself? It has ended in any case, and been waited for."""
    try:
        process.wait_at_most(pid, _LEAVING_SECONDS)
        is_ending = True
    except TimeoutError:
        os.kill(pid, SIGKILL)
        is_ending = False
    os.waitpid(pid, 0)
    return is_ending


def wait(pid: int, door: Door | None) -> int:
    """Wait for command ``pid``; its wait status. The reaper learns that a session ended."""
    _pid, status = os.waitpid(pid, 0)
    if door and not door.init.is_guest:
        try:
            syscalls.pidfd_send_signal(door.pidfd, SIGUSR1)
        except ProcessLookupError:
            pass
    return status


def attend(
    pid: int,
    door: Door | None,
    terminal: Terminal | None,
    title: str,
    streams: Streams | None = None,
    *,
    job: bool = True,
) -> NoReturn:
    """Become the small program that waits for ``pid``, relays the terminal and the ``streams``,
    ends like it.

    With ``job`` it stops and goes on with ``pid`` where a shell controls both as a job, as su(1)
    does; else a stop on the terminal is undone at once.
    """
    init = door.pidfd if door and not door.init.is_guest else -1
    master = terminal.master if terminal else -1
    out = terminal.output if terminal else -1
    files = streams.files if streams else _NO_FILES
    descriptors = spawn.keep_descriptors(init, master, *files)
    for fd in descriptors:
        if fd >= 0:
            os.set_inheritable(fd, True)
    if not terminal and files == _NO_FILES:
        redirect_to_null()
    spawn.reset_signals(spawn.FORWARDED)
    init, master, *files = descriptors
    numbers = map(str, (pid, init, int(job), master, out, *files))
    os.execv(paths.STUB, [title, "wait", *numbers])
