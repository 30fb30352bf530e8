"""Abstract Unix sockets: a guest reaches those of its own context only (bpf/abstract.bpf.c).

In the network namespace of the host they are all in one place. Since 6.7 BPF programs on a cgroup
are asked about Unix sockets; before, whoever knows a name connects.
"""

from __future__ import annotations

import os
from sys import byteorder

from vserver.kernel import bpf
from vserver.kernel.rooted import Descriptor
from vserver.paths import BPF_OBJECTS

OBJECT = BPF_OBJECTS + "/abstract.o"
_PROGRAMS = {"connect_unix": 49, "sendmsg_unix": 50}  # linux/bpf.h, enum bpf_attach_type


def keep_apart(directory: str) -> None:
    """Keep the processes in cgroup ``directory`` and below it from others' abstract sockets.

    Nothing happens on a kernel older than 6.7 or without a description of its types
    (CONFIG_DEBUG_INFO_BTF). VserverError (255) or OSError when it should work and does not.
    """
    with Descriptor(os.open(directory, os.O_RDONLY | os.O_DIRECTORY)) as cgroup_fd:
        can_ask = bpf.can_attach(cgroup_fd, _PROGRAMS["connect_unix"])
        if can_ask and os.path.exists(bpf.KERNEL_TYPES):
            _attach(cgroup_fd, bpf.load(OBJECT, _PROGRAMS))


def _attach(cgroup_fd: int, pinned: str) -> None:
    for name, attach_type in _PROGRAMS.items():
        bpf.attach_pinned(cgroup_fd, f"{pinned}/{name}", attach_type)
    identity = os.fstat(cgroup_fd).st_ino.to_bytes(8, byteorder)
    with Descriptor(bpf.open_pinned(f"{pinned}/contexts")) as contexts:
        bpf.update(contexts, identity, identity)
