"""The mount that an open file lies on (proc(5), mountinfo)."""

from __future__ import annotations

import os


class Mount:
    """Where a mount is attached, the type of its file system, and which directory of that it
    shows; all empty if it is detached."""

    __slots__ = ("point", "root", "type")

    def __init__(self, point: str = "", kind: str = "", root: str = "") -> None:
        self.point = point
        self.type = kind
        self.root = root


def of_file(fd: int) -> Mount:
    """The mount of descriptor ``fd``, its mount point as the kernel escapes it."""
    number = _mount_id(fd)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        for line in mounts:
            left, _, file_system = line.partition(" - ")
            fields = left.split(" ", 5)
            if fields[0] == number:
                return Mount(fields[4], file_system.split(" ", 1)[0], fields[3])
    return Mount()


def is_whole(directory: int) -> bool:
    """Is descriptor ``directory`` the root of a mount that shows all of its file system?

    Not so a directory that was bound there, nor a subvolume.
    """
    above = os.open("..", os.O_PATH | os.O_DIRECTORY, dir_fd=directory)
    try:
        is_root = _mount_id(above) != _mount_id(directory)
    finally:
        os.close(above)
    return is_root and of_file(directory).root == "/"


def _mount_id(fd: int) -> str:
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        return next((line.split()[1] for line in file if line.startswith("mnt_id:")), "")
