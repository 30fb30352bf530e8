"""showattr and setattr: the attribute word of files, one program under two names."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from errno import EOPNOTSUPP

from vserver.cli import program
from vserver.cli.usage import operands, usage
from vserver.errors import VserverError, reason
from vserver.kernel import guard, inodeflags, seal
from vserver.kernel.inodeflags import IMMUTABLE, IMMUTABLE_LINKAGE
from vserver.kernel.rooted import Descriptor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SHOW_USAGE = """
showattr file...

Print the name and the attribute word of each file, in hexadecimal."""

SET_USAGE = """
setattr [ --immutable ] [ --immulink ] file...

Replace the attributes of each file by the options before it; without any, clear them.
--immutable  the file cannot be changed, removed or linked to
--immulink   the file can be removed, but not changed"""

OPTIONS = {"--immutable": IMMUTABLE, "--immulink": IMMUTABLE_LINKAGE}

# The attributes that chattr(1) set on the old kernels. The other bits of today's word (extents,
# encryption, verity, ...) tell how the file is stored: clearing them would rewrite it.
_ATTRIBUTES = 0x0083C4FF


def main() -> int:
    """Do what the name says that the program was called by."""
    return _set_all() if program() == "setattr" else _show_all()


def _show_all() -> int:
    files = operands("showattr", SHOW_USAGE)
    if not files:
        raise usage("showattr", SHOW_USAGE)
    for path in files:
        with _inode(path) as inode:
            line = f"\t{_attributes(_get(inode, path)):08x}\n"
        sys.stdout.buffer.write(os.fsencode(path) + line.encode())
    return 0


def _attributes(flags: int) -> int:
    """The attribute word that the old kernel would have shown for FS_..._FL ``flags``."""
    if not flags & guard.SEALED or not seal.is_heeded():
        return flags & ~guard.SEALED
    both = IMMUTABLE if flags & guard.ALSO_IMMUTABLE else 0
    return flags & ~guard.ALSO_IMMUTABLE | both


def _set_all() -> int:
    words = sys.argv[1:]
    if words == ["--help"]:
        raise usage("setattr", SET_USAGE, 0)
    attributes, options, files = 0, True, 0
    for word in words:
        if not options or not word.startswith("-"):
            _replace(word, attributes)
            files += 1
        elif word == "--":
            options = False
        elif word in OPTIONS:
            attributes |= OPTIONS[word]
        else:
            raise VserverError(f"Invalid option {word}", 255)
    if not files:
        raise usage("setattr", SET_USAGE)
    return 0


def _replace(path: str, attributes: int) -> None:
    """Make ``attributes`` the attributes of ``path``.

    Immutable linkage is refused where nothing heeds it: its bit alone protects nothing.
    """
    with _inode(path) as inode:
        kept = _get(inode, path) & ~_ATTRIBUTES
        with _failure("set ext2 flags on file", path):
            if attributes & IMMUTABLE_LINKAGE:
                attributes = _sealed(path, attributes)
            inodeflags.set_flags(inode, kept | attributes)


def _sealed(path: str, attributes: int) -> int:
    """The flags of a file with immutable linkage; EOPNOTSUPP where it cannot be sealed."""
    with Descriptor(os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY)) as above:
        if not seal.is_usable(above):
            raise OSError(EOPNOTSUPP, os.strerror(EOPNOTSUPP))
    seal.record()
    return guard.SEALED | (guard.ALSO_IMMUTABLE if attributes & IMMUTABLE else 0)


def _get(inode: int, path: str) -> int:
    with _failure("get ext2 flags on file", path):
        return inodeflags.get_flags(inode)


@contextmanager
def _inode(path: str) -> Iterator[int]:
    with _failure("open file", path):
        inode = inodeflags.open_inode(path)
    try:
        yield inode
    finally:
        os.close(inode)


@contextmanager
def _failure(action: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise VserverError(f"Can't {action} {path} ({reason(error)})", 255) from None
