"""The device control of guests: which nodes work, wherever they lie (bpf/devices.bpf.c)."""

from __future__ import annotations

import os

from vserver.kernel import bpf
from vserver.kernel.rooted import Descriptor
from vserver.paths import BPF_OBJECTS

OBJECT = BPF_OBJECTS + "/devices.o"
_PROGRAM = "devices"
_CGROUP_DEVICE = 6  # linux/bpf.h, enum bpf_attach_type


def restrict(directory: str) -> None:
    """Hold cgroup ``directory`` and all below it to the harmless devices, for good.

    VserverError (255) when the kernel cannot do that.
    """
    pinned = bpf.load(OBJECT)
    with Descriptor(os.open(directory, os.O_RDONLY | os.O_DIRECTORY)) as cgroup_fd:
        try:
            bpf.attach_pinned(cgroup_fd, f"{pinned}/{_PROGRAM}", _CGROUP_DEVICE)
        except FileExistsError:
            pass
