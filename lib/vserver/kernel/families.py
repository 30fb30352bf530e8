"""The families of sockets that a guest has, for 32-bit programs too (bpf/families.bpf.c).

The system call filter sees no family in socketcall(2). Since 6.0 the security hooks can ask a BPF
program on a cgroup, where BPF is among the security modules.
"""

from __future__ import annotations

import os
from errno import EINVAL, EOPNOTSUPP

from vserver.errors import VserverError
from vserver.kernel import bpf
from vserver.kernel.rooted import Descriptor
from vserver.paths import BPF_OBJECTS

OBJECT = BPF_OBJECTS + "/families.o"
_PROGRAM = "socket_create"
_LSM_CGROUP = 43  # linux/bpf.h, enum bpf_attach_type
_MODULES = "/sys/kernel/security/lsm"
_ENOTSUPP = 524  # include/linux/errno.h of the kernel
_UNSUPPORTED = (EINVAL, EOPNOTSUPP, _ENOTSUPP)


def restrict(directory: str) -> bool:
    """Hold cgroup ``directory`` and all below it to the families of the system call filter.

    False where the kernel does not offer that; OSError when it should work and does not.
    """
    try:
        pinned = bpf.load(OBJECT) if _is_asked() else ""
    except VserverError:  # it lets nobody attach programs to its hooks
        pinned = ""
    return bool(pinned) and _attach(directory, f"{pinned}/{_PROGRAM}")


def _is_asked() -> bool:
    """Is BPF among the security modules, open to us, and does the kernel tell its types?"""
    try:
        with open(_MODULES, encoding="ascii") as file:
            if "bpf" not in file.read().split(","):
                return False
    except FileNotFoundError:
        return False
    return os.path.exists(bpf.KERNEL_TYPES) and bpf.may_hook_security()


def _attach(directory: str, pinned: str) -> bool:
    with (
        Descriptor(bpf.open_pinned(pinned)) as program,
        Descriptor(os.open(directory, os.O_RDONLY | os.O_DIRECTORY)) as cgroup_fd,
    ):
        try:
            bpf.attach(cgroup_fd, program, _LSM_CGROUP)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            return False
    return True
