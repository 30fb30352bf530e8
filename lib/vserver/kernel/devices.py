"""The device control of guests: which nodes work, wherever they lie (bpf/devices.bpf.c)."""

from __future__ import annotations

import os
from errno import EEXIST

from vserver.kernel import bpf
from vserver.paths import BPF_OBJECTS

OBJECT = BPF_OBJECTS + "/devices.o"
_PROGRAM = "devices"
_CGROUP_DEVICE = 6  # linux/bpf.h, enum bpf_attach_type


def restrict(directory: str) -> None:
    """Hold cgroup ``directory`` and all below it to the harmless devices, for good.

    VserverError (255) when the kernel cannot do that.
    """
    program = bpf.open_pinned(f"{bpf.load(OBJECT)}/{_PROGRAM}")
    cgroup_fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        bpf.attach(cgroup_fd, program, _CGROUP_DEVICE)
    except OSError as error:
        if error.errno != EEXIST:
            raise
    finally:
        os.close(cgroup_fd)
        os.close(program)
