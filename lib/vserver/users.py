"""Users as a guest knows them: its passwd and group files, read by a parser of our own.

The C library's look-up would load name-service plug-ins, the guest's own or the wrong ones,
into a process with the host's rights (change log, 0.21).
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vserver.kernel.rooted import Root

HIGHEST_ID = 2**32 - 2  # (uid_t)-1 means "no change" to the system calls
_LIMIT = 1 << 20


class Identity:
    """Who a process shall be: ``uid`` and ``gid``; the supplementary groups stay empty."""

    __slots__ = ("gid", "uid")

    def __init__(self, uid: int, gid: int) -> None:
        self.uid, self.gid = uid, gid


def lookup(root: Root, user: str) -> Identity | None:
    """Find ``user``, a name or a decimal number, in the guest's ``/etc/passwd``.

    A number that the file does not list becomes user and group of that number. None when
    the name is not there (it may still be known to the guest's name service) or the number
    is no user id. OSError when the file cannot be read safely.
    """
    wanted = os.fsencode(user)
    number = parse_id(wanted)
    if wanted.isdigit() and number is None:
        return None
    for name, uid, gid in _accounts(root):
        if uid == number or (number is None and name == wanted):
            return Identity(uid, gid)
    return None if number is None else Identity(number, number)


def group_id(root: Root, group: str) -> int | None:
    """The number of ``group`` in the guest's ``/etc/group``, None when it is not there."""
    wanted = os.fsencode(group)
    for fields in _records(root, "etc/group"):
        if fields[0] == wanted and len(fields) >= 3:
            return parse_id(fields[2])
    return None


def parse_id(text: bytes) -> int | None:
    """The id that ``text`` says in plain digits, None unless it is 0 to ``HIGHEST_ID``."""
    if not text.isdigit() or len(text) > 10:
        return None
    number = int(text)
    return number if number <= HIGHEST_ID else None


def _accounts(root: Root) -> Iterator[tuple[bytes, int, int]]:
    """Name, uid and gid of each sound line of the passwd file (passwd(5))."""
    for fields in _records(root, "etc/passwd"):
        if len(fields) == 7:
            uid, gid = parse_id(fields[2]), parse_id(fields[3])
            if uid is not None and gid is not None:
                yield fields[0], uid, gid


def _records(root: Root, path: str) -> Iterator[list[bytes]]:
    """The lines of a colon file, without comments and the ``+`` and ``-`` lines of NIS."""
    try:
        content = root.read(path, _LIMIT)
    except FileNotFoundError:
        return
    for line in content.splitlines():
        if line[:1] not in (b"", b"#", b"+", b"-"):
            yield line.split(b":")
