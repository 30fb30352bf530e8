"""The state file of a guest, /var/run/vservers/NAME.ctx, and whether the guest is running.

Two lines that scripts know: ``S_CONTEXT=NUMBER`` first, then ``S_PROFILE=PROFILE`` (change
log, 0.22). It is parsed, never sourced. The truth is the context itself, whose recorded name
must agree.
"""

from __future__ import annotations

import os
import time

from vserver import paths
from vserver.kernel import context, statedir

LIMIT = 4096
SUFFIX = ".ctx"
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+@%:,/")


class State:
    """What a state file says: ``context`` is 0 when it names none that can be running."""

    __slots__ = ("context", "profile", "written")

    def __init__(self, number: int, profile: str, written: float) -> None:
        self.context = number
        self.profile = profile
        self.written = written


def read(name: str) -> State:
    """The state of guest ``name`` as recorded, an empty one without a file."""
    return read_file(paths.guest_state(name))


def read_file(path: str) -> State:
    """The state in file ``path``."""
    try:
        with open(path, "rb") as file:
            written = os.fstat(file.fileno()).st_mtime
            text = file.read(LIMIT).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return State(0, "", 0.0)
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    number = values.get("S_CONTEXT", "")
    usable = int(number) if number.isascii() and number.isdecimal() else 0
    if not context.FIRST <= usable <= context.LAST:
        usable = 0
    return State(usable, _unquote(values.get("S_PROFILE", "")), written)


def write(name: str, number: int, profile: str) -> None:
    """Record that guest ``name`` is context ``number`` under ``profile``; never half a file."""
    statedir.make()
    write_file(paths.guest_state(name), number, profile)


def write_file(path: str, number: int, profile: str) -> None:
    """Write a state file."""
    text = f"S_CONTEXT={number}\nS_PROFILE={quote(profile)}\n"
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except OSError as error:
        _remove(temporary)
        raise OSError(error.errno, error.strerror, path) from None


def remove_temporary(name: str) -> None:
    """Remove what a writer that was killed has left beside the state file of guest ``name``."""
    beginning = f"{name}{SUFFIX}."
    for file in os.listdir(paths.STATE_DIR):
        if file.startswith(beginning) and file.removeprefix(beginning).isdecimal():
            _remove(f"{paths.STATE_DIR}/{file}")


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def running_context(name: str) -> int:
    """The context in which guest ``name`` runs, 0 when it does not.

    That is the recorded one if any process is in it. A record from before the last boot, or of
    a number that belongs to another guest by now, does not count.
    """
    state = read(name)
    if not state.context or not context.is_running(state.context):
        return 0
    owner = context.name_of(state.context)
    if owner:
        return state.context if owner == name else 0
    return 0 if _is_stale(name, state) else state.context


def running_line(name: str, running: int) -> str:
    """What every command says of a guest that is, or is not, in context ``running``."""
    return f"Server {name} is running" if running else f"Server {name} is not running"


def _is_stale(name: str, state: State) -> bool:
    """A bare context has no name: the newest record of its number since the boot has it."""
    with open("/proc/uptime", encoding="utf-8") as file:
        booted = time.time() - float(file.read().split()[0])
    if state.written < booted - 1:
        return True
    return any(
        other.context == state.context and other.written > state.written
        for _name, other in others(name)
    )


def others(name: str) -> list[tuple[str, State]]:
    """The records of all guests but ``name``."""
    try:
        files = os.listdir(paths.STATE_DIR)
    except FileNotFoundError:
        return []
    names = (file[: -len(SUFFIX)] for file in files if file.endswith(SUFFIX))
    return [(other, read(other)) for other in names if other != name]


def quote(value: str) -> str:
    """``value`` as one word for a shell, bare where that is the same."""
    if _PLAIN.issuperset(value):
        return value
    return "'" + value.replace("'", "'\\''") + "'"


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == "'":
        return value[1:-1].replace("'\\''", "'")
    return value
