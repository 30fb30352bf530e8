"""What a test could leave on the machine outside its own namespaces."""

from __future__ import annotations

import os
import pathlib


def snapshot() -> frozenset[str]:
    """The machine's interfaces, mounts of ours, loop devices in use and pinned BPF objects.

    One line each; what is there after a test and was not before it was left by the test.
    """
    return frozenset([*_interfaces(), *_mounts(), *_loop_devices(), *_cgroups()])


def _interfaces() -> list[str]:
    return [f"interface {name}" for name in os.listdir("/sys/class/net")]


def _mounts() -> list[str]:
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    points = [line.split()[4] for line in lines]
    return [f"mount {point}" for point in points if "vserver" in point or "/mnt/machine" in point]


def _loop_devices() -> list[str]:
    used = pathlib.Path("/sys/block").glob("loop*/loop/backing_file")
    return [f"loop device {path.parts[3]}" for path in used]


def _cgroups() -> list[str]:
    """Contexts made outside a test host: a tool that took the machine for the host."""
    trees = pathlib.Path("/sys/fs/cgroup").glob("**/vserver")
    return [f"cgroup {path}" for path in trees if "/vserver-test." not in str(path)]
