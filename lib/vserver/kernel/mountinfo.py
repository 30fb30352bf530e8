"""The mount that an open file lies on (proc(5), mountinfo)."""

from __future__ import annotations


class Mount:
    """Where a mount is attached, and the type of its file system; both empty if it is detached."""

    __slots__ = ("point", "type")

    def __init__(self, point: str = "", kind: str = "") -> None:
        self.point = point
        self.type = kind


def of_file(fd: int) -> Mount:
    """The mount of descriptor ``fd``, its mount point as the kernel escapes it."""
    number = _mount_id(fd)
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        for line in mounts:
            fields, _, file_system = line.partition(" - ")
            if fields.split(" ", 1)[0] == number:
                return Mount(fields.split(" ")[4], file_system.split(" ", 1)[0])
    return Mount()


def _mount_id(fd: int) -> str:
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as file:
        return next((line.split()[1] for line in file if line.startswith("mnt_id:")), "")
