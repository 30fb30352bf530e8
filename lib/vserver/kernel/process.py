"""What /proc says about a process (proc(5))."""

from __future__ import annotations

import os


def start_time(pid: int) -> int:
    """When process ``pid`` started, in clock ticks since boot; with the pid an identity.

    FileNotFoundError or ProcessLookupError when there is none.
    """
    return int(stat_fields(pid)[19])


def stat_fields(pid: int | str) -> list[str]:
    """The fields of /proc/PID/stat after the command name: state first (field 3 of proc(5))."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        text = file.read().decode("latin-1")
    return text[text.rindex(")") + 2 :].split()


def is_zombie(pid: int) -> bool:
    """Has ``pid`` ended without being waited for; True too when it is gone."""
    try:
        return stat_fields(pid)[0] in "ZX"
    except OSError:
        return True


def program(pid: int) -> str:
    """The program that ``pid`` runs, empty when that cannot be read (0.16)."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def open_pidfd(pid: int, started: int) -> int:
    """A pidfd (pidfd_open(2)) of the process that had ``pid`` since ``started``.

    ProcessLookupError when that process has gone, its number reused or not.
    """
    fd = os.pidfd_open(pid)
    try:
        if start_time(pid) == started:
            return fd
    except FileNotFoundError:
        pass
    os.close(fd)
    raise ProcessLookupError(3, "No such process")
