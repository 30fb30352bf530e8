"""What /proc says about a process (proc(5))."""

from __future__ import annotations

import os
import select
from errno import ESRCH


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
    except (FileNotFoundError, ProcessLookupError):
        pass
    os.close(fd)
    raise ProcessLookupError(ESRCH, os.strerror(ESRCH))


def wait_at_most(pid: int, seconds: float) -> None:
    """Return when the child ``pid`` has ended, to be waited for; TimeoutError after ``seconds``."""
    pidfd = os.pidfd_open(pid)
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    try:
        if not poller.poll(seconds * 1000):
            raise TimeoutError
    finally:
        os.close(pidfd)


def is_held(pidfd: int, pid: int) -> bool:
    """Does ``pid`` still belong to the process of ``pidfd``, ended but not waited for maybe?"""
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="utf-8") as file:
        return f"Pid:\t{pid}" in file.read().splitlines()


def name(pid: int) -> str:
    """The name of the program that ``pid`` runs (comm), empty when it has gone."""
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="surrogateescape") as file:
            return file.read().removesuffix("\n")
    except OSError:
        return ""


def socket_inodes(pid: int) -> list[int]:
    """The inodes of the sockets that the descriptors of ``pid`` stand for, each as often as
    there are descriptors; none when it has gone. PermissionError."""
    directory = f"/proc/{pid}/fd"
    found = []
    try:
        for fd in os.listdir(directory):
            target = _read_link(f"{directory}/{fd}")
            if target.startswith("socket:["):
                found.append(int(target[8:-1]))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def _read_link(path: str) -> str:
    try:
        return os.readlink(path)
    except FileNotFoundError:  # closed meanwhile
        return ""
