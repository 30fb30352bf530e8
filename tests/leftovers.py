"""What a test host could leave on the machine outside its own namespaces."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import struct
import time

LOOP_GET_STATUS64 = 0x4C05  # linux/loop.h
OURS = ("/vservers", "/mnt/", "/var/run/vserver", "/run/vserver", "/sys/fs/bpf/vserver")
PATIENCE = 2.0  # seconds that the kernel may take to let go of what nobody holds


def snapshot() -> frozenset[str]:
    """The machine's interfaces, and what of vserver is mounted or has a cgroup on it.

    One line each; what is there after a test and was not before it was left by the test.
    """
    return frozenset([*_interfaces(), *_mounts(), *_contexts()])


def file_systems(pid: int) -> frozenset[int]:
    """The device numbers of all that is mounted where process ``pid`` lives."""
    lines = pathlib.Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8").splitlines()
    numbers = (line.split()[2].split(":") for line in lines)
    return frozenset(os.makedev(int(major), int(minor)) for major, minor in numbers)


def since(before: frozenset[str], file_systems: frozenset[int]) -> list[str]:
    """What is there now and was not ``before``, and loop devices on ``file_systems``."""
    deadline = time.monotonic() + 10 * PATIENCE
    while True:
        left = sorted(snapshot() - before) + _loop_devices(file_systems)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.01)


def _interfaces() -> list[str]:
    return [f"interface {name}" for name in os.listdir("/sys/class/net")]


def _mounts() -> list[str]:
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    points = [line.split()[4] for line in lines]
    return [f"mount {point}" for point in points if point.startswith(OURS)]


def _contexts() -> list[str]:
    """Contexts of the machine itself: a tool was not kept inside its test host."""
    root = pathlib.Path("/sys/fs/cgroup")
    trees = (*root.glob("vserver"), *root.glob("*/vserver"))
    return [f"cgroup {path}" for path in trees if not path.parent.match("vserver-test.*")]


def _loop_devices(file_systems: frozenset[int]) -> list[str]:
    used = pathlib.Path("/sys/block").glob("loop*/loop/backing_file")
    names = [path.parts[3] for path in used]
    return [f"loop device {name}" for name in names if _backing_device(name) in file_systems]


def _backing_device(name: str) -> int:
    """The device number of the file system that the file behind loop device ``name`` is on."""
    status = bytearray(232)
    with contextlib.suppress(OSError), open(f"/dev/{name}", "rb") as device:
        fcntl.ioctl(device, LOOP_GET_STATUS64, status)
    return int(struct.unpack_from("Q", status)[0])
