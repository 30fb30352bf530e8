"""User namespaces: contexts whose users are counted apart from all others of the same number.

Every id means itself in there, so files belong to whom they belonged, and a context is the same
with it but for two things. Since 5.14 the kernel counts the processes, signals, message queues
and locked memory of a user for each user namespace. And capabilities hold for what belongs to the
namespace; networks, mounts and the like stay the host's.
"""

from __future__ import annotations

import os
import resource
from errno import ENOSPC

from vserver.errors import VserverError
from vserver.kernel import bpf, caps, spawn, syscalls
from vserver.kernel.rooted import Descriptor
from vserver.kernel.spawn import Report, Step
from vserver.paths import BPF_OBJECTS

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from typing import NoReturn

OBJECT = BPF_OBJECTS + "/lowports.o"
_PROGRAMS = {"low_bind4": 8, "low_bind6": 9}  # linux/bpf.h, enum bpf_attach_type

_MAPS = ("uid_map", "gid_map", "projid_map")
_IDENTITY = b"0 0 4294967295"  # user_namespaces(7): all ids that there are
_MAXIMUM = "user.max_user_namespaces"  # what ENOSPC is about

# The kernel adds up what the users of a namespace have and puts it to the account of its owner,
# outside, whose limits are those of its maker. So each context has an owner of its own, who is
# nobody else: between the ids of systemd's dynamic users and nfs's 2**32 - 2.
_OWNERS = 0xFFFE0000
_COUNTED = (
    resource.RLIMIT_NPROC,
    resource.RLIMIT_SIGPENDING,
    resource.RLIMIT_MSGQUEUE,
    resource.RLIMIT_MEMLOCK,
)


def make(number: int) -> int:
    """A new user namespace for context ``number``: a descriptor that setns(2) takes.

    Failure names the step, and the setting user.max_user_namespaces where that allows no more.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)

    def prepare(report: Report) -> NoReturn:
        os.close(writer)
        with Step("cannot make a user namespace"):
            _unshare(_OWNERS + number)
        os.close(report.writer)
        os.read(reader, 1)  # until the namespace is open outside, or nobody is there any more
        os._exit(0)

    try:
        holder, _said = spawn.spawn(prepare)
    except BaseException:
        os.close(writer)
        raise
    finally:
        os.close(reader)
    try:
        return _open(holder)
    finally:
        os.close(writer)
        os.waitpid(holder, 0)


def _unshare(owner: int) -> None:
    """Move the calling process to a new namespace of ``owner``, with all capabilities still."""
    for number in _COUNTED:
        _lift_limit(number)
    _effective, permitted, _inheritable = caps.own_sets()
    os.seteuid(owner)
    syscalls.capset(permitted, permitted, 0)
    try:
        syscalls.unshare(syscalls.CLONE_NEWUSER)
    except OSError as error:
        if error.errno == ENOSPC:
            raise OSError(error.errno, error.strerror, _MAXIMUM) from None
        raise


def _lift_limit(number: int) -> None:
    """The calling process may have any amount, or without CAP_SYS_RESOURCE its hard limit."""
    try:
        resource.prlimit(0, number, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except PermissionError:
        hard = resource.prlimit(0, number)[1]
        resource.prlimit(0, number, (hard, hard))


def _open(holder: int) -> int:
    """The namespace of process ``holder``, in which every id becomes itself."""
    with Step("cannot set up the user namespace"):
        for name in _MAPS:
            with open(f"/proc/{holder}/{name}", "wb", buffering=0) as file:
                file.write(_IDENTITY)
        return os.open(f"/proc/{holder}/ns/user", os.O_RDONLY | os.O_CLOEXEC)


def open_low_ports(directory: str) -> None:
    """Let those below cgroup ``directory`` who have CAP_NET_BIND_SERVICE in a user namespace use
    ports below 1024 of the network that they are in, though it belongs to another one.

    VserverError (255) or OSError when this kernel cannot do that.
    """
    if not os.path.exists(bpf.KERNEL_TYPES):
        raise VserverError(
            f"cannot open low ports to a user namespace without {bpf.KERNEL_TYPES}",
            255,
            remedy=f"it takes CONFIG_DEBUG_INFO_BTF; this is {os.uname().release}",
        )
    pinned = bpf.load(OBJECT)
    with Descriptor(os.open(directory, os.O_RDONLY | os.O_DIRECTORY)) as cgroup_fd:
        for name, attach_type in _PROGRAMS.items():
            bpf.attach_pinned(cgroup_fd, f"{pinned}/{name}", attach_type)
