"""The file system view of a context, assembled by its process 1.

Runs in a fresh mount, pid and cgroup namespace, before anything of the guest's does. Mounts are
made detached and put onto descriptors that were resolved inside the tree, so that no link in
it can send one elsewhere (fsopen(2), open_tree(2), move_mount(2)).
"""

from __future__ import annotations

import os
from errno import EXDEV
from stat import S_IFBLK, S_IFCHR, S_IFREG

from vserver.kernel import cgroup, mountinfo, syscalls
from vserver.kernel.rooted import Root

CGROUPS = "/sys/fs/cgroup"

# mode, major, minor; exactly the list of the old package's build command
DEVICES = {
    "null": (0o666, 1, 3),
    "zero": (0o666, 1, 5),
    "full": (0o666, 1, 7),
    "random": (0o644, 1, 8),
    "urandom": (0o644, 1, 9),
    "tty": (0o666, 5, 0),
    "ptmx": (0o666, 5, 2),
}
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
REBOOT_SOCKET = "reboot"
_TREE_DEV = ".tree"  # in /dev: the tree's own directory of that name
_TAKEN = {*DEVICES, *_DEVICE_LINKS, REBOOT_SOCKET, _TREE_DEV, "pts", "shm"}
_DEV_OPTIONS = {"mode": "755", "size": "1m", "nr_inodes": "2048"}
_SHM_OPTIONS = {"mode": "1777", "size": "64m", "nr_inodes": "16384"}
DEVPTS_OPTIONS = {"gid": "5", "mode": "0620", "ptmxmode": "0666", "max": "1024"}

# Kernel files that tell nothing a guest must not know. What is not on one of the two lists is
# hidden, whatever a newer kernel puts there. User 0 without any capability may write most of
# /proc/sys and sysrq-trigger: only the read-only mount stops it.
_SHOWN = frozenset(
    """
    buddyinfo cgroups cmdline consoles cpuinfo crypto devices diskstats dma execdomains
    filesystems interrupts loadavg locks meminfo misc modules mounts net partitions self
    softirqs stat swaps sysvipc thread-self uptime version vmstat zoneinfo
    """.split()
)
_READ_ONLY = frozenset(
    """
    sys sysrq-trigger irq bus fs acpi scsi asound mtrr driver tty dynamic_debug pressure
    """.split()
)

_PROC_ATTRIBUTES = (
    syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NODEV | syscalls.MOUNT_ATTR_NOEXEC
)
_DEV_ATTRIBUTES = syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NOEXEC
_SEALED = _PROC_ATTRIBUTES | syscalls.MOUNT_ATTR_RDONLY

_EMPTY_FILE, _EMPTY_DIRECTORY = "file", "directory"


def share_mounts_below(directory: str) -> None:
    """Let file systems that are mounted on the host below ``directory`` from now on arrive in
    the contexts that are made there.

    Their mounts follow those of the host only where these are shared: which they are under
    systemd, and not by themselves under other inits (mount_namespaces(7)).
    """
    point, is_shared = mountinfo.holding(os.path.realpath(directory))
    if not is_shared:
        syscalls.mount("none", point, "", syscalls.MS_SHARED)


def detach_from_host() -> None:
    """What is mounted on the host from now on still arrives here, and nothing goes back."""
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_SLAVE)


def make_dev(device_files: tuple[str, ...], device: int = -1) -> int:
    """A detached file system for /dev, with ``device_files`` as dummies in it: block devices
    of the number ``device``, for the tools of disk quota to look at, or plain files."""
    dev = syscalls.new_mount("tmpfs", _DEV_ATTRIBUTES, _DEV_OPTIONS)
    for name in dict.fromkeys(device_files):
        if name.split("/", 1)[0] not in _TAKEN:
            _make_dummy(dev, name, device)
    return dev


def enter_working_directory(dev: int = -1, device_files: tuple[str, ...] = ()) -> list[str]:
    """Make the working directory the root of this mount namespace, and all of it.

    It gets a /proc, /dev and /dev/pts of its own. ``dev`` is the file system for /dev, where -1
    it is made with ``device_files`` here. Returns complaints about mount points that are not
    directories (they are left out, which takes nothing away from the walls). OSError for
    everything else.
    """
    detach_from_host()
    tree = _clone_working_directory()
    complaints = _populate(Root(tree), dev, device_files)
    os.fchdir(tree)
    syscalls.pivot_root(".", ".")
    syscalls.umount2(".", syscalls.MNT_DETACH)
    os.chdir("/")
    return complaints


def keep_root(barrier: str, *, sealed: bool) -> None:
    """Keep the root of the host, with a /proc and pseudo-terminals of our own.

    ``sealed``: the dangerous parts of /proc are covered as in a guest, and the cgroups can only
    be read, or the context could be left by writing to them. Directory ``barrier`` is
    out of reach if its mode is 000: the patched kernel stopped root there, too (0.10). Whoever
    is below it already may stay.
    """
    detach_from_host()
    with Root.open_dir("/") as root:
        if sealed:
            _seal_cgroups(root)
        _mount_proc(root, sealed=sealed)
        _mount_devpts(root)
        if root.is_dir(barrier) and root.mode(barrier) & 0o777 == 0:
            nothing = syscalls.new_mount("tmpfs", _SEALED, {"mode": "0", "size": "4k"})
            _attach(nothing, root, barrier)
            os.close(nothing)


def _seal_cgroups(root: Root) -> None:
    """All hierarchies at once, where there are v1 ones beside v2."""
    trees = root.open(CGROUPS if os.path.ismount(CGROUPS) else cgroup.mount_point(), os.O_PATH)
    syscalls.mount_setattr(trees, add=syscalls.MOUNT_ATTR_RDONLY, recursive=True)
    os.close(trees)


def _clone_working_directory() -> int:
    """A recursive bind mount of the working directory on itself, without device nodes."""
    here = os.open(".", os.O_PATH | os.O_DIRECTORY)
    flags = syscalls.AT_EMPTY_PATH | syscalls.OPEN_TREE_CLONE | syscalls.AT_RECURSIVE
    tree = syscalls.open_tree(here, "", flags)
    syscalls.mount_setattr(tree, add=syscalls.MOUNT_ATTR_NODEV, recursive=True)
    syscalls.move_mount(tree, here)
    os.close(here)
    return tree


def _populate(root: Root, dev: int, device_files: tuple[str, ...]) -> list[str]:
    complaints = []
    try:
        root.make_dirs("proc")
        _mount_proc(root, sealed=True)
    except NotADirectoryError as error:
        complaints.append(f"cannot mount /proc: {error.strerror}")
    except OSError as error:
        if not _is_link(root, "proc"):
            raise
        complaints.append(f"cannot mount /proc: {error.strerror}")
    try:
        root.make_dirs("dev")
    except OSError as error:
        complaints.append(f"cannot mount /dev: {error.strerror}")
        return complaints
    _mount_dev(root, make_dev(device_files) if dev < 0 else dev)
    return complaints


def _is_link(root: Root, name: str) -> bool:
    try:
        root.readlink(name)
    except OSError:
        return False
    return True


def _attach(mount: int, root: Root, path: str) -> None:
    target = root.open(path, os.O_PATH)
    try:
        syscalls.move_mount(mount, target)
    finally:
        os.close(target)


def _mount_dev(root: Root, dev: int) -> None:
    tree_dev = _clone_tree_dev(root)
    _attach(dev, root, "dev")
    for name, (mode, major, minor) in DEVICES.items():
        os.mknod(name, mode | S_IFCHR, os.makedev(major, minor), dir_fd=dev)
        os.chmod(name, mode, dir_fd=dev)
    for name, target in _DEVICE_LINKS.items():
        os.symlink(target, name, dir_fd=dev)
    os.mkdir("pts", 0o755, dir_fd=dev)
    os.mkdir("shm", 0o1777, dir_fd=dev)
    if tree_dev >= 0:
        os.mkdir(_TREE_DEV, 0o755, dir_fd=dev)
        os.symlink(f"{_TREE_DEV}/{REBOOT_SOCKET}", REBOOT_SOCKET, dir_fd=dev)
        _attach(tree_dev, root, f"dev/{_TREE_DEV}")
        os.close(tree_dev)
    os.close(dev)
    _mount_devpts(root)
    shm = syscalls.new_mount("tmpfs", _PROC_ATTRIBUTES, _SHM_OPTIONS)
    _attach(shm, root, "dev/shm")
    os.close(shm)


def _make_directory(dev: int, name: str) -> None:
    try:
        os.mkdir(name, dir_fd=dev)
    except FileExistsError:
        return
    os.chmod(name, 0o755, dir_fd=dev)


def _make_dummy(dev: int, name: str, device: int) -> None:
    for end, char in enumerate(name):
        if char == "/":
            _make_directory(dev, name[:end])
    if device < 0:
        os.mknod(name, S_IFREG | 0o644, dir_fd=dev)
    else:
        os.mknod(name, S_IFBLK, device, dir_fd=dev)


def _clone_tree_dev(root: Root) -> int:
    """The tree's own /dev, which ours is about to cover: the reboot manager has its socket
    there, and can make it anew at any time. Inside it is for reading and connecting only, and
    nothing that is mounted on the host shows in it, now (-1) or later.
    """
    try:
        here = root.open_child("dev")
    except OSError as error:
        if error.errno == EXDEV:
            return -1
        raise
    tree_dev = syscalls.open_tree(here, "", syscalls.AT_EMPTY_PATH | syscalls.OPEN_TREE_CLONE)
    os.close(here)
    syscalls.mount_setattr(tree_dev, add=_SEALED, propagation=syscalls.MS_PRIVATE)
    return tree_dev


def _mount_devpts(root: Root) -> None:
    devpts = syscalls.new_mount("devpts", _DEV_ATTRIBUTES, DEVPTS_OPTIONS)
    _attach(devpts, root, "dev/pts")
    os.close(devpts)


def _mount_proc(root: Root, *, sealed: bool) -> None:
    covers = _mount_covers(root) if sealed else -1
    proc = syscalls.new_mount("proc", _PROC_ATTRIBUTES, {})
    _attach(proc, root, "proc")
    if sealed:
        _seal(proc, covers)
        os.close(covers)
    os.close(proc)


def _mount_covers(root: Root) -> int:
    """A read-only ramfs with an empty file and an empty directory, which procfs will cover.

    A ramfs has no size, by which df(1) does not list it.
    """
    covers = syscalls.new_mount("ramfs", 0, {"mode": "555"})
    _attach(covers, root, "proc")
    os.close(os.open(_EMPTY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444, dir_fd=covers))
    os.mkdir(_EMPTY_DIRECTORY, 0o555, dir_fd=covers)
    syscalls.mount_setattr(covers, add=_SEALED)
    return covers


def _seal(proc: int, covers: int) -> None:
    for name, is_directory in _listing(proc):
        if name.isdigit() or name in _SHOWN:
            continue
        if name in _READ_ONLY:
            _cover(proc, name, proc, name)
        else:
            _cover(proc, name, covers, _EMPTY_DIRECTORY if is_directory else _EMPTY_FILE)


def _listing(mount: int) -> list[tuple[str, bool]]:
    """The names in the root of ``mount``, and whether each is a directory."""
    fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=mount)
    try:
        with os.scandir(fd) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    finally:
        os.close(fd)


def _cover(proc: int, name: str, source: int, path: str) -> None:
    copy = syscalls.open_tree(source, path, syscalls.OPEN_TREE_CLONE)
    syscalls.mount_setattr(copy, add=_SEALED)
    target = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=proc)
    syscalls.move_mount(copy, target)
    os.close(target)
    os.close(copy)
