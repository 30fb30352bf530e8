"""vcheck: the files of a virtual server against the package database of another one (0.21).

What a file should be like comes from the reference server alone, whose word is trusted: its
package database, and its passwd and group files. The checked server is only looked at, from
the root server; nothing of it is executed or believed.
"""

from __future__ import annotations

import hashlib
import os
from errno import ELOOP, ENODATA, ENOENT, ENOTDIR, ENOTSUP
from stat import S_IFMT, S_IMODE, S_ISBLK, S_ISCHR, S_ISDIR, S_ISLNK, S_ISREG

from vserver import users
from vserver.errors import reason
from vserver.kernel.filecaps import capabilities_of, parse_capabilities
from vserver.kernel.rooted import Descriptor, reopen_regular
from vserver.messages import visible

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vserver.kernel.rooted import Root
    from vserver.packages import File, Package, Packages

ONLY_REFERENCE, ONLY_CHECKED, OTHER_VERSION = "-", "+", "!"

SAME, UNKNOWN = ".", "?"
_COLUMNS = "SM5DLUGTP"  # of rpm -V, see rpm(8)
# what each column is called in the verify flags of a package, rpm/rpmvf.h
_FLAGS = dict(zip(_COLUMNS, (2, 64, 1, 128, 4, 8, 16, 32, 256), strict=True))
_TOLD_BY_DEB = "5"

_LARGEST = 4 << 30  # of a file whose size no database tells
_BLOCK = 1 << 20


def differences(reference: Packages, checked: Packages) -> Iterator[tuple[str, str]]:
    """How the package lists differ: pairs of a mark and a name, by mark and then by name."""
    ours, theirs = set(reference.names()), set(checked.names())
    yield from ((ONLY_REFERENCE, name) for name in sorted(ours - theirs))
    yield from ((ONLY_CHECKED, name) for name in sorted(theirs - ours))
    for name in sorted(ours & theirs):
        if _identities(reference, name) != _identities(checked, name):
            yield OTHER_VERSION, name


def split(reference: Packages, checked: Packages) -> tuple[list[Package], list[Package]]:
    """The packages of the reference: those that both have in the same version, and the rest."""
    common: list[Package] = []
    rest: list[Package] = []
    for package in reference.all():
        is_common = package.identity in _identities(checked, package.name)
        (common if is_common else rest).append(package)
    return common, rest


def _identities(known: Packages, name: str) -> set[tuple[str, str, str]]:
    return {package.identity for package in known.instances(name)}


class Verifier:
    """Compares files in the tree of a checked server with what the reference recorded."""

    __slots__ = ("_groups", "_reference", "_root", "_tests", "_users")

    def __init__(self, reference: Root, checked: Root) -> None:
        self._reference = reference
        self._root = checked
        self._users: dict[str, int | None] = {}
        self._groups: dict[str, int | None] = {}
        self._tests: dict[str, Callable[[File, int, os.stat_result], str]] = {
            "S": _test_size,
            "M": _test_mode,
            "5": _test_digest,
            "D": _test_device,
            "L": _test_link,
            "U": self._test_user,
            "G": self._test_group,
            "T": _test_mtime,
            "P": _test_capabilities,
        }

    def verify(self, file: File) -> str:
        """What is wrong with ``file``, as a line of rpm -V; empty when nothing is."""
        kind = "c" if file.is_configuration else "d" if file.is_documentation else " "
        mark = f"{'g' if file.is_ghost else kind} {visible(file.path)}"
        try:
            with Descriptor(self._root.open(file.path, os.O_PATH | os.O_NOFOLLOW)) as fd:
                columns = self._columns(file, fd, os.fstat(fd))
        except OSError as error:
            if error.errno not in (ENOENT, ENOTDIR, ELOOP):
                return f"missing   {mark} ({reason(error)})"
            return "" if file.is_ghost else f"missing   {mark}"
        return f"{columns}  {mark}" if self._is_wrong(columns, file) else ""

    def _columns(self, file: File, fd: int, found: os.stat_result) -> str:
        return "".join(self._column(column, file, fd, found) for column in _COLUMNS)

    def _column(self, column: str, file: File, fd: int, found: os.stat_result) -> str:
        if not file.mode:  # a DEB database, which tells digests only
            if column != _TOLD_BY_DEB:
                return UNKNOWN
            return self._tests[column](file, fd, found) if file.digest else SAME
        if file.unverified & _FLAGS[column]:
            return SAME
        return self._tests[column](file, fd, found)

    def _is_wrong(self, columns: str, file: File) -> bool:
        if not file.mode:
            return columns[_COLUMNS.index(_TOLD_BY_DEB)] != SAME
        return any(column not in (SAME, UNKNOWN) for column in columns) or columns[2] == UNKNOWN

    def _test_user(self, file: File, _fd: int, found: os.stat_result) -> str:
        if file.user not in self._users:
            who = users.lookup(self._reference, file.user)
            number = who.uid if who else None
            self._users[file.user] = 0 if file.user == "root" else number
        return _compare("U", self._users[file.user], found.st_uid)

    def _test_group(self, file: File, _fd: int, found: os.stat_result) -> str:
        if file.group not in self._groups:
            number = users.group_id(self._reference, file.group)
            self._groups[file.group] = 0 if file.group == "root" else number
        return _compare("G", self._groups[file.group], found.st_gid)


def _compare(column: str, wanted: int | None, found: int) -> str:
    if wanted is None:  # the reference server does not know that name
        return UNKNOWN
    return SAME if wanted == found else column


def _has_content(file: File, found: os.stat_result) -> bool:
    return S_ISREG(file.mode or found.st_mode) and S_ISREG(found.st_mode) and not file.is_ghost


def _test_size(file: File, _fd: int, found: os.stat_result) -> str:
    return "S" if _has_content(file, found) and file.size != found.st_size else SAME


def _test_mode(file: File, _fd: int, found: os.stat_result) -> str:
    """The kind of file, and the permissions of all but links."""
    if file.is_ghost and not S_IMODE(file.mode):
        return SAME
    if S_IFMT(file.mode) != S_IFMT(found.st_mode):
        return "M"
    is_same = S_ISLNK(found.st_mode) or S_IMODE(file.mode) == S_IMODE(found.st_mode)
    return SAME if is_same else "M"


def _test_digest(file: File, fd: int, found: os.stat_result) -> str:
    if not file.mode and not S_ISREG(found.st_mode):
        return "5"
    if not _has_content(file, found) or not file.digest:
        return SAME
    if found.st_size > _LARGEST or (file.mode and found.st_size != file.size):
        return "5"
    try:
        return SAME if _digest(fd, file.algorithm) == file.digest else "5"
    except (OSError, ValueError):  # unreadable, or an algorithm that nobody knows
        return UNKNOWN


def _digest(found: int, algorithm: str) -> str:
    state = hashlib.new(algorithm, usedforsecurity=False)
    left = _LARGEST
    with Descriptor(reopen_regular(found, os.O_RDONLY)) as fd:
        while left > 0 and (block := os.read(fd, _BLOCK)):
            state.update(block)
            left -= len(block)
    return state.hexdigest()


def _test_device(file: File, _fd: int, found: os.stat_result) -> str:
    is_node = S_ISCHR(found.st_mode) or S_ISBLK(found.st_mode)
    return "D" if is_node and file.device != found.st_rdev else SAME


def _test_link(file: File, fd: int, found: os.stat_result) -> str:
    if not S_ISLNK(found.st_mode):
        return SAME
    return SAME if os.readlink("", dir_fd=fd) == file.link else "L"


def _test_mtime(file: File, _fd: int, found: os.stat_result) -> str:
    """Times of files alone: a directory changes with what others put into it."""
    return "T" if _has_content(file, found) and file.mtime != int(found.st_mtime) else SAME


def _test_capabilities(file: File, fd: int, found: os.stat_result) -> str:
    if S_ISLNK(found.st_mode) or S_ISDIR(found.st_mode):
        return SAME
    try:
        raw = os.getxattr(f"/proc/self/fd/{fd}", "security.capability")
    except OSError as error:
        if error.errno not in (ENODATA, ENOTSUP):
            return UNKNOWN
        raw = b""
    return SAME if capabilities_of(raw) == parse_capabilities(file.capabilities) else "P"
