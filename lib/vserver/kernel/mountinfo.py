"""Which mount a file or directory lies on (proc(5), mountinfo)."""

from __future__ import annotations

import os

_TABLE = "/proc/self/mountinfo"
_ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


class Mount:
    """Where a mount is attached, the type of its file system, which directory of that it
    shows, and what holds it; all empty if it is detached."""

    __slots__ = ("point", "root", "source", "type")

    def __init__(self, point: str = "", kind: str = "", root: str = "", source: str = "") -> None:
        self.point = point
        self.type = kind
        self.root = root
        self.source = source


def of_file(fd: int) -> Mount:
    """The mount of descriptor ``fd``, its mount point and source as the kernel escapes them."""
    number = _mount_id(fd)
    with open(_TABLE, encoding="utf-8", errors="surrogateescape") as mounts:
        for line in mounts:
            left, _, file_system = line.partition(" - ")
            fields = left.split(" ", 5)
            if fields[0] == number:
                kind, source = file_system.split(" ", 2)[:2]
                return Mount(fields[4], kind, fields[3], source)
    return Mount()


def of_whole(directory: int) -> Mount | None:
    """The mount that descriptor ``directory`` is the root of, if it shows all of a file system.

    None for a directory that was bound there, and for a subvolume.
    """
    above = os.open("..", os.O_PATH | os.O_DIRECTORY, dir_fd=directory)
    try:
        is_root = _mount_id(above) != _mount_id(directory)
    finally:
        os.close(above)
    mount = of_file(directory)
    return mount if is_root and mount.root == "/" else None


def holding(directory: str) -> tuple[str, bool]:
    """The mount point of the topmost mount on the way to ``directory``, whose path has no links,
    and whether that mount is shared (mount_namespaces(7))."""
    found, is_shared = "/", False
    with open(_TABLE, encoding="utf-8", errors="surrogateescape") as mounts:
        for line in mounts:
            fields = line.split(" ")
            point = decode(fields[4])
            inside = directory == point or directory.startswith(point.rstrip("/") + "/")
            if inside and len(point) >= len(found):
                optional = fields[6 : fields.index("-")]
                found, is_shared = point, any(f.startswith("shared:") for f in optional)
    return found, is_shared


def decode(field: str) -> str:
    """A path as a table of mounts has it, without the escapes of the kernel."""
    for escape, character in _ESCAPES:  # the backslash is the last one
        field = field.replace(escape, character)
    return field


def _mount_id(fd: int) -> str:
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        return next((line.split()[1] for line in file if line.startswith("mnt_id:")), "")
