"""Starting and stopping guests."""

from __future__ import annotations

import os
import time
from errno import ENOENT

from vserver import guest, inside, runlevel, state, users
from vserver.errors import VserverError, reason
from vserver.guestlock import GuestLock
from vserver.kernel import collector, context, mountinfo, process, syscalls, utmp
from vserver.kernel.isolation import Command
from vserver.kernel.rooted import Root
from vserver.messages import visible

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

    from vserver.guest import Guest
    from vserver.session import Place

SCRIPT_SECONDS = 300.0  # what the stop scripts get themselves: root inside can halt them
GRACE_SECONDS = 5.0  # what services get to finish after their stop scripts (0.11)
INIT_SECONDS = 1.0  # in which a guest's own init gets to its stop scripts
TERM_ROUNDS = 3
TERM_SECONDS = 1.0
KILL_SECONDS = 10.0
_SIGTERM = 15
_TEMPORARY = ".vserver."  # the names of Root.write before it renames


def start(one: Guest) -> int:
    """Start guest ``one`` (0.3); the exit status.

    VserverError when it cannot be done; nothing is left of a start that failed but the
    addresses, which ``stop`` removes.
    """
    one.messages.inform(f"Starting the virtual server {one.name}")
    one.warn_of_permissions()
    with GuestLock(one.name):
        running = state.running_context(one.name)
        one.messages.inform(state.running_line(one.name, running))
        if running:
            return 0
        one.check_settings()
        _remove_leftovers(one.name)
        _remove_temporary(one)
        inside.run_hook(one, "pre-start")
        one.set_aliases(0)
        status = _start_services(one)
    inside.run_hook(one, "post-start", one.directory)
    return status


def stop(one: Guest) -> int:
    """Stop guest ``one``, running or not (0.3, 0.9); 1 when processes are left."""
    one.messages.inform(f"Stopping the virtual server {one.name}")
    with GuestLock(one.name, stopping=True, warn=one.messages.warn):
        running = state.running_context(one.name)
        one.messages.inform(state.running_line(one.name, running))
        if running:
            _stop_running(one, running)
        empty = _remove_leftovers(one.name)
        collector.collect()
        _remove_temporary(one)
    _unmount(one)
    os.chdir("/")
    inside.run_hook(one, "post-stop", "/")
    one.remove_aliases()
    return 0 if empty else 1


def restart(one: Guest, again: Callable[[], Guest]) -> int:
    """Stop guest ``one`` and start what ``again`` returns, with nobody else's command between.

    Nothing when it is stopped by now: a guest that asks for a restart while it is being
    stopped must not come back.
    """
    with GuestLock(one.name, stopping=True):
        if not state.running_context(one.name):
            return 0
        stop(one)
        return start(again())


def _remove_leftovers(name: str) -> bool:
    """End whatever context still carries the guest's name; False if something survives."""
    number = context.find(name)
    while number:
        if not collector.destroy(number, seconds=KILL_SECONDS):
            return False
        number = context.find(name)
    return True


def _remove_temporary(one: Guest) -> None:
    """Remove files that a command which was killed was about to put in their place."""
    _attempt(one, "the state", lambda: state.remove_temporary(one.name))
    with one.open_tree() as root:
        _attempt(one, "/etc", lambda: _clear_temporary(root, "etc"))
        _attempt(one, "/var/run", lambda: _clear_temporary(root, "var/run"))


def _clear_temporary(root: Root, directory: str) -> None:
    for name in root.names(directory):
        if name.startswith(_TEMPORARY):
            root.unlink(f"{directory}/{name}")


def _start_services(one: Guest) -> int:
    with one.open_tree() as root:
        level = _default_level(one, root)
        _prepare_tree(one, root, level)
        words = runlevel.start_command(root, level, fakeinit=one.has_fakeinit)
        limits = one.limits()
        command = Command(words, {**one.environment(), **runlevel.start_environment(level)})
        command.prepare = _preparation(one, guest.limiter(limits, one.messages.warn))
        init = command if one.has_fakeinit else None
        place = inside.open_place(one, root, 0, limits, init=init)
    if one.wants_quota and place.setting.quota is None:
        what = f"CAP_QUOTACTL without a file system of its own in '{one.name}'"
        one.messages.warn(f"vserver: {what}")
    if init:
        place.release()
        return 0
    return _run_start_command(one, place, command)


def _run_start_command(one: Guest, place: Place, command: Command) -> int:
    """The status is 0 once the command ran, whatever it returned."""
    try:
        inside.run(place, command)
    except VserverError as error:
        place.abandon()
        one.messages.warn(error.text)
        return 1
    return 0


def _preparation(one: Guest, set_limits: Callable[[], None]) -> Callable[[], None]:
    increment = one.nice_increment()

    def prepare() -> None:
        set_limits()
        if increment:
            os.nice(increment)

    return prepare


def _prepare_tree(one: Guest, root: Root, level: str) -> None:
    """What a machine loses at a reboot (0.7, 0.11), the profile, and the run level unless the
    guest's own init is to record that (0.22)."""
    record = b"" if one.has_fakeinit else utmp.run_level_record(level, int(time.time()))
    steps = (
        ("/var/run", lambda: root.remove_files("var/run")),
        ("/var/run/utmp", lambda: root.write("var/run/utmp", record, 0o664, gid=_utmp_group(root))),
        ("/var/lock/subsys", lambda: root.remove_entries("var/lock/subsys")),
    )
    for what, step in steps:
        _attempt(one, what, step)
    if one.profile:
        text = f"export PROFILE={state.quote(one.profile)}\n".encode("utf-8", "surrogateescape")
        _attempt(one, "/etc/PROFILE", lambda: root.write("etc/PROFILE", text))


def _attempt(one: Guest, what: str, step: Callable[[], None]) -> None:
    try:
        step()
    except OSError as error:
        if error.errno != ENOENT:
            one.messages.warn(f"vserver: {what} in '{one.name}': {reason(error)}")


def _default_level(one: Guest, root: Root) -> str:
    """The level of the guest's inittab; what keeps that from being read is told."""
    try:
        return runlevel.default_level(root)
    except OSError as error:
        one.messages.warn(f"vserver: /etc/inittab in '{one.name}': {reason(error)}")
        return runlevel.FALLBACK_LEVEL


def _utmp_group(root: Root) -> int:
    return users.group_id(root, "utmp") or 0


def _stop_running(one: Guest, running: int) -> None:
    inside.run_hook(one, "pre-stop")
    one.set_aliases(running)
    _run_stop_scripts(one, running)
    one.messages.inform("sleeping 5 seconds")
    _wait_for_services(running, GRACE_SECONDS, INIT_SECONDS if one.has_fakeinit else 0.0)
    one.messages.inform("Killing all processes")
    _terminate(one, running)


def _run_stop_scripts(one: Guest, running: int) -> None:
    """Run them; what keeps them from running, or from ending, is told and does not matter."""
    try:
        with one.open_tree() as root:
            level = _default_level(one, root)
            words = runlevel.stop_command(root, fakeinit=one.has_fakeinit)
            command = Command(words, {**one.environment(), **runlevel.stop_environment(level)})
            place = inside.open_place(one, root, running, [])
        inside.run(place, command, SCRIPT_SECONDS)
    except TimeoutError:
        one.messages.warn(f"vserver: the stop scripts of '{one.name}' take too long")
    except VserverError as error:
        one.messages.warn(error.text)
    except OSError as error:
        one.messages.warn(f"vserver: {error.filename or one.directory}: {reason(error)}")


def _wait_for_services(number: int, seconds: float, quiet: float = 0.0) -> None:
    """Wait until only process 1 is left, and has been for ``quiet`` seconds.

    ``seconds`` at most in all. A guest's own init starts its stop scripts in its own time.
    """
    now = time.monotonic()
    deadline, busy = now + seconds, now
    while now < deadline and context.is_running(number):
        if context.services(number):
            busy = now
        elif now - busy >= quiet:
            return
        time.sleep(0.02)
        now = time.monotonic()


def _terminate(one: Guest, number: int) -> None:
    """TERM to what is left, a few times; what does not end is killed with its context."""
    for _ in range(TERM_ROUNDS):
        pids = context.services(number)
        if not pids:
            return
        for pid in pids:
            one.messages.inform(f"kill -TERM {visible(process.program(pid))}[{pid}]")
            _signal(pid, _SIGTERM)
        _wait_for_services(number, TERM_SECONDS)
    for pid in context.services(number):
        one.messages.inform(f"kill -9 {visible(process.program(pid))}[{pid}]")


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _unmount(one: Guest) -> None:
    """Unmount what older habits mounted on the host below the tree (0.9)."""
    base = os.path.realpath(one.directory)
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
        mounted = {mountinfo.decode(line.split(" ")[1]) for line in file}
    for point in (f"{base}/proc", f"{base}/dev/pts"):
        if point in mounted:
            try:
                syscalls.umount2(point, syscalls.UMOUNT_NOFOLLOW)
            except OSError:
                pass  # busy, or gone meanwhile
