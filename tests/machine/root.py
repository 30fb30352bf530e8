"""The root directory of a new machine, and what is mounted below it."""

from __future__ import annotations

import contextlib
import os
import stat

from machine import STAGE, V1_CONTROLLERS, Request, write
from vserver.kernel import syscalls

DEVICES = {
    "null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9),
    "tty": (5, 0), "console": (5, 1), "kmsg": (1, 11), "loop-control": (10, 237), "fuse": (10, 229),
    **{f"loop{number}": (7, number) for number in range(8)},
}  # fmt: skip
HOSTS = """\
127.0.0.1 localhost
::1 localhost
192.0.2.10 host.example.com host
192.0.2.1 lan.example.com lan
"""


def make_root(request: Request) -> None:
    """Mount the new machine's root and all below it on STAGE/root, except /proc."""
    syscalls.mount("none", STAGE, "tmpfs", 0, "mode=755")
    for name in ("upper", "work", "root", "vservers"):
        os.mkdir(f"{STAGE}/{name}")
    os.chmod(STAGE + "/vservers", 0)  # as `vserver build` makes it
    root = STAGE + "/root"
    lower = ":".join(request["lower"])
    layers = f"lowerdir={lower},upperdir={STAGE}/upper,workdir={STAGE}/work"
    syscalls.mount("host", root, "overlay", 0, layers + ",redirect_dir=on,xino=on")
    make_directories(root)
    syscalls.mount(STAGE + "/vservers", root + "/vservers", "", syscalls.MS_BIND)
    syscalls.mount("none", root + "/run", "tmpfs", syscalls.MS_NOSUID, "mode=755")
    syscalls.mount("none", root + "/tmp", "tmpfs", syscalls.MS_NOSUID, "mode=1777")
    os.mkdir(root + "/run/lock", 0o1777)
    make_devices(root + "/dev")
    make_sys(root + "/sys", hybrid=request["hybrid"])
    write(root + "/etc/hosts", HOSTS)
    write(root + "/etc/hostname", request["hostname"] + "\n")


def make_directories(root: str) -> None:
    """What every machine has, however bare the one it was cloned from is."""
    for name in ("dev", "etc", "proc", "root", "run", "sys", "tmp", "vservers"):
        os.makedirs(f"{root}/{name}", exist_ok=True)


def make_devices(dev: str) -> None:
    """A /dev of its own with the usual nodes."""
    syscalls.mount("none", dev, "tmpfs", syscalls.MS_NOSUID, "mode=755")
    for name, numbers in DEVICES.items():
        kind = stat.S_IFBLK if name.startswith("loop") and name[4:].isdigit() else stat.S_IFCHR
        os.mknod(f"{dev}/{name}", kind | 0o666, os.makedev(*numbers))
        os.chmod(f"{dev}/{name}", 0o666)
    for name in ("pts", "shm"):
        os.mkdir(f"{dev}/{name}")
    options = "newinstance,ptmxmode=0666,mode=0620,gid=5"
    syscalls.mount("none", dev + "/pts", "devpts", syscalls.MS_NOSUID, options)
    syscalls.mount("none", dev + "/shm", "tmpfs", syscalls.MS_NOSUID, "mode=1777")
    for name, target in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
    ):
        os.symlink(target, f"{dev}/{name}")


def make_sys(sys_dir: str, *, hybrid: bool) -> None:
    """sysfs with the cgroup trees in the layout asked for, and a bpffs of its own."""
    syscalls.mount("none", sys_dir, "sysfs", 0)
    trees = sys_dir + "/fs/cgroup"
    if hybrid:
        syscalls.mount("none", trees, "tmpfs", 0, "mode=755")
        for name in V1_CONTROLLERS:
            os.mkdir(f"{trees}/{name}")
            syscalls.mount("none", f"{trees}/{name}", "cgroup", 0, name)
        os.mkdir(trees + "/unified")
        trees += "/unified"
    syscalls.mount("none", trees, "cgroup2", 0)
    syscalls.mount("none", sys_dir + "/fs/bpf", "bpf", 0)
    with contextlib.suppress(OSError):  # not in every kernel
        syscalls.mount("none", sys_dir + "/kernel/security", "securityfs", 0)


def enter_root(root: str) -> None:
    """Make ``root`` the root of this mount namespace and let go of the old one."""
    os.chdir(root)
    syscalls.pivot_root(".", ".")
    syscalls.umount2(".", syscalls.MNT_DETACH)
    os.chdir("/")
