"""capchroot: change the root, give up CAP_SYS_CHROOT, become a user of the new root."""

from __future__ import annotations

import os
import sys

from vserver import execute, users
from vserver.cli.usage import CommandLine
from vserver.errors import VserverError, reason
from vserver.kernel import caps, syscalls
from vserver.kernel.rooted import Root

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from typing import NoReturn

USAGE = """\
capchroot [ --nochroot ] [ --suid user ] directory command [ arguments ... ]

Change the root directory and run a command there.

--nochroot   remove CAP_SYS_CHROOT from the ceiling after that
--suid user  become this user of the new root"""

ROOT_USERS = ("root", "0")
NOBODY = 65534
_ANSWER_LIMIT = 64


def main() -> int:
    """Parse, change, become; 255 for every failure of our own."""
    without_chroot, user, words = _parse()
    _change_root(words[0])
    if len(words) < 2 or not words[1]:
        raise VserverError("capchroot: No command to execute, do nothing", 255)
    if without_chroot:
        _drop_chroot()
    if user not in ROOT_USERS:
        _become_user(user)
    _become(words[1:])


def _parse() -> tuple[bool, str, list[str]]:
    without_chroot, user = False, "root"
    line = CommandLine("capchroot", USAGE)
    for option in line.options():
        if option == "--nochroot":
            without_chroot = True
        elif option == "--suid":
            user = line.value()
        else:
            raise line.usage()
    if len(sys.argv) < 3 or not line.operands:
        raise line.usage()
    return without_chroot, user, line.operands


def _change_root(directory: str) -> None:
    """By way of the working directory, which may lie where no path leads any more (0.10)."""
    try:
        os.chdir(directory)
        os.chroot(".")
    except OSError as error:
        text = f"Can't chroot to directory {directory} ({reason(error)})"
        raise VserverError(text, 255) from None


def _drop_chroot() -> None:
    try:
        caps.lower(caps.ALL & ~caps.SYS_CHROOT)
    except OSError as error:
        raise VserverError(f"Can't remove CAP_SYS_CHROOT ({reason(error)})", 255) from None


def _become_user(user: str) -> None:
    """The new root's own files know the user, or else its id(1), run there (0.21)."""
    try:
        with Root.open_dir("/") as root:
            found = users.lookup(root, user)
    except OSError as error:
        raise VserverError(f"Can't switch to user {user} ({reason(error)})", 255) from None
    uid, gid = (found.uid, found.gid) if found else (_ask("-u", user), _ask("-g", user))
    try:
        os.setgroups(())
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    except OSError as error:
        raise VserverError(f"Can't switch to user {user} ({reason(error)})", 255) from None


def _ask(option: str, user: str) -> int:
    reader, writer = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _become_nobody(reader, writer)
        execute.become(["id", option, "--", user])
    os.close(writer)
    answer = os.read(reader, _ANSWER_LIMIT)
    os.close(reader)
    _pid, status = os.waitpid(pid, 0)
    number = users.parse_id(answer.strip()) if status == 0 else None
    if number is None:
        raise VserverError(f"User not found: {user}", 255)
    return number


def _become_nobody(reader: int, writer: int) -> None:
    """A program of the new root's runs here: it gets no rights, and of ours only the pipe."""
    os.dup2(reader, 0)  # which holds nothing
    os.dup2(writer, 1)
    os.dup2(reader, 2)  # nor can be written to
    syscalls.close_range(3)
    os.setgroups(())
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _become(words: list[str]) -> NoReturn:
    try:
        execute.become(words)
    except OSError as error:
        raise VserverError(f"Can't execute {words[0]} ({reason(error)})", 255) from None
