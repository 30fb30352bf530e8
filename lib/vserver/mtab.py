"""``/etc/mtab`` of a guest: what it sees mounted, without the host's device names (0.29).

A guest sees the mounts of the host at and below its tree, and four of its own that the host
does not see. Local file systems are shown on ``/dev/hdv1``, ``/dev/hdv2`` and so on, network
ones with their true origin.
"""

from __future__ import annotations

import os
from stat import S_ISLNK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vserver.kernel.rooted import Root

_NETWORK = {b"nfs", b"nfs4", b"smbfs", b"smb3", b"cifs", b"ncpfs", b"coda", b"afs", b"9p", b"ceph"}
_ESCAPES = {ord(char): f"\\{ord(char):03o}" for char in " \t\n\\"}  # proc(5)

# what every guest has of its own, and what covers the host's mounts at and below these points
_OWN_LINES = b"""\
proc /proc proc rw,nosuid,nodev,noexec 0 0
tmpfs /dev tmpfs rw,nosuid,noexec 0 0
devpts /dev/pts devpts rw,nosuid,noexec,gid=5,mode=620 0 0
tmpfs /dev/shm tmpfs rw,nosuid,nodev,noexec 0 0
"""
_OWN_POINTS = (b"/proc", b"/dev")


class _Mount:
    """A line of mountinfo (proc(5)), the escapes of the kernel kept."""

    __slots__ = ("id", "options", "parent", "point", "source", "type")

    def __init__(self, line: bytes) -> None:
        left, _, right = line.partition(b" - ")
        self.id, self.parent, _, _, self.point, options = left.split(b" ")[:6]
        self.type, self.source, of_super = right.split(b" ")[:3]
        self.options = _merge(options, of_super)


def generate(mountinfo: bytes, vserverdir: str) -> tuple[bytes, list[str]]:
    """The mtab of the guest in ``vserverdir``, and the names its dummy devices have in /dev.

    ``mountinfo`` is the host's ``/proc/self/mountinfo``. The first line is the file system that
    holds the tree, then come the mounts below it in their order, of each point the topmost.
    """
    base = os.fsencode(os.path.realpath(vserverdir).translate(_ESCAPES))
    mounts = [_Mount(line) for line in mountinfo.splitlines() if _concerns(line, base)]
    visible = list(_visible(mounts))
    holder = max((m for m in visible if _within(base, m.point)), key=lambda m: len(m.point))
    lines, devices = [_line(b"/dev/hdv1", b"/", holder)], ["hdv1"]
    for mount in visible:
        point = mount.point.removeprefix(base)
        if mount.point == point or not point or any(_within(point, own) for own in _OWN_POINTS):
            continue
        if _is_local(mount):
            devices.append(f"hdv{len(devices) + 1}")
            mount.source = f"/dev/{devices[-1]}".encode()
        lines.append(_line(mount.source, point, mount))
    return b"".join(lines) + _OWN_LINES, devices


def write(root: Root, text: bytes) -> None:
    """Put ``text`` into the guest's ``/etc/mtab``, unless that is a link into ``/proc``."""
    if S_ISLNK(root.mode("etc/mtab", follow=False)):
        target = os.path.normpath(os.path.join("/etc", root.readlink("etc/mtab")))
        if target.startswith("/proc/"):
            return
    if not _holds(root, text):
        root.write("etc/mtab", text)


def _holds(root: Root, text: bytes) -> bool:
    """Whether the file is as it should be already; reading is cheaper than a new file."""
    if S_ISLNK(root.mode("etc/mtab", follow=False)):
        return False
    try:
        return root.read("etc/mtab", len(text)) == text
    except OSError:  # missing, longer, or something odd that will be replaced
        return False


def _concerns(line: bytes, base: bytes) -> bool:
    point = line.split(b" ", 5)[4]
    return _within(base, point) or _within(point, base)


def _within(path: bytes, directory: bytes) -> bool:
    return directory in (path, b"/") or path.startswith(directory + b"/")


def _visible(mounts: list[_Mount]) -> Iterator[_Mount]:
    """The mounts that are not covered by another one, in their order."""
    by_id = {mount.id: mount for mount in mounts}
    children: dict[bytes, list[_Mount]] = {}
    for mount in mounts:
        children.setdefault(mount.parent, []).append(mount)

    def covered(mount: _Mount) -> bool:
        # of two mounts on one parent the outer one came later: else it would be the parent
        siblings = children[mount.parent]
        return any(o is not mount and _within(mount.point, o.point) for o in siblings)

    for mount in mounts:
        if any(child.point == mount.point for child in children.get(mount.id, ())):
            continue
        step: _Mount | None = mount
        while step and not covered(step):
            step = by_id.get(step.parent)
        if step is None:
            yield mount


def _is_local(mount: _Mount) -> bool:
    """Whether the file system lies on something of the host's own that has a name."""
    if mount.type in _NETWORK or mount.source.startswith(b"//") or b":" in mount.source:
        return False
    return mount.source.startswith(b"/") or mount.type == b"zfs"


def _merge(options: bytes, of_super: bytes) -> bytes:
    """The options of a mount and of its file system in one list, as /proc/mounts has them."""
    first, second = options.split(b","), of_super.split(b",")
    access = b"ro" if b"ro" in (first[0], second[0]) else b"rw"
    rest = [word for word in first + second if word not in (b"", b"rw", b"ro")]
    return b",".join([access, *dict.fromkeys(rest)])


def _line(device: bytes, point: bytes, mount: _Mount) -> bytes:
    return b"%s %s %s %s 0 0\n" % (device, point, mount.type, mount.options)
