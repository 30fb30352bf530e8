"""The rules of the system call filters, and their compilation by libseccomp.

Needs python3-seccomp; used at installation, and at run time only for guests with extra
capabilities. A system call is refused with EPERM when it would reach out of the guest, and with
ENOSYS when programs are known to fall back to something older that can be watched.
"""

from __future__ import annotations

import os
import struct
import tempfile
from errno import EAFNOSUPPORT, EAGAIN, ENOSYS, EPERM

import seccomp

from vserver.kernel.caps import NAMES

# linux/sched.h: every CLONE_NEW flag (NEWTIME is no flag of clone(2), only of unshare(2))
_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
_NEWTIME = 0x80

# What every guest is refused
_REFUSED = """
    add_key keyctl request_key
    open_by_handle_at lookup_dcookie
    setns swapon swapoff
    fanotify_init fanotify_mark kexec_load kexec_file_load
    nfsservctl uselib _sysctl vm86 vm86old
"""

# What a guest is refused unless S_CAPS gives it the capability
_OPENED_BY = {
    "SYS_ADMIN": """
        mount umount umount2 pivot_root open_tree move_mount fsopen fsconfig fsmount fspick
        mount_setattr""",
    "SYS_MODULE": "init_module finit_module delete_module create_module query_module",
    "SYS_PACCT": "acct",
    "SYS_BOOT": "reboot",
    "SYS_TIME": """
        settimeofday stime adjtimex clock_adjtime clock_adjtime64 clock_settime
        clock_settime64""",
    "SYS_RAWIO": "iopl ioperm",
    "SYSLOG": "syslog",
    "PERFMON": "perf_event_open",
    "BPF": "bpf",
}

# What a guest is refused, or a broker answers in its place
_QUOTA = "quotactl quotactl_fd"

_MISSING = "clone3 io_uring_setup io_uring_enter io_uring_register userfaultfd"

# System calls younger than this package, by the numbers that all machines share since 424, up
# to where those of 32-bit ARM begin that are its own. Among them are the x32 ones that x86_64
# once answered without the x32 bit.
_YOUNGER = 467
_ARM_PRIVATE = 0x0F0000

# ioctl(2): terminal input and selection of another terminal, inode flags
_TERMINAL = (0x5412, 0x541C)  # TIOCSTI TIOCLINUX
_INODE_FLAGS = (0x40086602, 0x40046602, 0x401C5820)  # FS_IOC_SETFLAGS, its 32 bits, FSSETXATTR

# Socket families (sys/socket.h)
_UNIX, _INET, _INET6, _NETLINK, _PACKET = 1, 2, 10, 16, 17
_NETLINK_AUDIT = 9
_NETLINK_CONNECTOR = 11  # the starts and ends of all processes of the machine (since 6.6)

_F_SETLEASE, _F_WRLCK = 1024, 1  # fcntl.h
# Its commands younger than this package: those of 6.19 are leases of directories, too
_YOUNGER_FCNTL = range(1039, 1056)

# What reaches another process: context 1 looks and does nothing
_INTERFERENCE = """
    kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal ptrace
    process_vm_writev process_madvise pidfd_getfd migrate_pages move_pages
"""

# The same where the argument of that position names another process, 0 being the caller
_INTERFERENCE_WITH = {
    "sched_setaffinity": 0,
    "sched_setattr": 0,
    "sched_setparam": 0,
    "sched_setscheduler": 0,
    "prlimit64": 0,
    "setpriority": 1,
    "ioprio_set": 1,
}

_GUEST_KINDS = ("guest", "quota")

_32_BITS = 0xFFFFFFFF

_ARCHITECTURES = {
    "x86_64": (seccomp.Arch.X86_64, seccomp.Arch.X86),
    "aarch64": (seccomp.Arch.AARCH64, seccomp.Arch.ARM),
}


def build(name: str) -> bytes:
    """The program ``name``: "guest-MASK" (capabilities that open something, hexadecimal), its
    sister "quota-MASK", whose quotactl(2) is answered by a listener, "lock" or "observer", for
    every ABI of this machine; any other ABI gets ENOSYS."""
    whole = None
    for arch in _ARCHITECTURES[os.uname().machine]:
        one = seccomp.SyscallFilter(seccomp.ALLOW)
        one.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.ERRNO(ENOSYS))
        if not one.exist_arch(arch):
            one.add_arch(arch)
            one.remove_arch(seccomp.Arch.NATIVE)
        _Rules(one, arch).add(name)
        if whole is None:
            whole = one
        else:
            whole.merge(one)
    program = _export(whole)
    return _refuse_younger() + program if name.startswith(_GUEST_KINDS) else program


def _refuse_younger() -> bytes:
    """The start of a program: ENOSYS for calls that nobody here knew. libseccomp gives rules
    only to calls that it knows by name, on all but the machine's main ABI."""
    instructions = (
        (0x20, 0, 0, 0),  # load the number
        (0x35, 0, 2, _YOUNGER),  # not as high: to the rest
        (0x35, 1, 0, _ARM_PRIVATE),  # this high: to the rest
        (0x06, 0, 0, 0x00050000 | ENOSYS),  # SECCOMP_RET_ERRNO
    )
    return b"".join(struct.pack("=HBBI", *one) for one in instructions)


def _export(rules: seccomp.SyscallFilter) -> bytes:
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


class _Rules:
    """Adds rules for one architecture; system calls it does not have are left out."""

    def __init__(self, target: seccomp.SyscallFilter, arch: int) -> None:
        self._target = target
        self._arch = arch

    def add(self, name: str) -> None:
        if name == "lock":
            self._namespaces()
        elif name == "observer":
            self._observer()
        else:
            kind, mask = name.split("-")
            self._guest(int(mask, 16), has_broker=kind == "quota")

    def _guest(self, allowed: int, *, has_broker: bool) -> None:
        self._namespaces()
        self._refuse(_REFUSED)
        for call in _QUOTA.split():
            action = seccomp.NOTIFY if has_broker else seccomp.ERRNO(EPERM)
            self._target.add_rule(action, call)
        for capability, calls in _OPENED_BY.items():
            if not _has(allowed, capability):
                self._refuse(calls)
        self._answer(ENOSYS, _MISSING)
        self._ioctls(_TERMINAL)
        if not _has(allowed, "LINUX_IMMUTABLE"):
            self._ioctls(_INODE_FLAGS)
        self._sockets(allowed)
        for call in ("fcntl", "fcntl64"):
            self._one(EAGAIN, call, _masked(1, _F_SETLEASE), _masked(2, _F_WRLCK))
            for command in _YOUNGER_FCNTL:
                self._one(EAGAIN, call, _masked(1, command))

    def _observer(self) -> None:
        self._refuse(_INTERFERENCE)
        for call, argument in _INTERFERENCE_WITH.items():
            self._one(EPERM, call, seccomp.Arg(argument, seccomp.NE, 0))

    def _namespaces(self) -> None:
        for flag in _NAMESPACES:
            self._one(EPERM, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
        for flag in (*_NAMESPACES, _NEWTIME):
            self._one(EPERM, "unshare", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
        self._one(EPERM, "setns")
        self._one(ENOSYS, "clone3")

    def _sockets(self, allowed: int) -> None:
        """Not on i386, whose C libraries make sockets by socketcall(2): its arguments lie in
        memory, out of sight of a filter, and without it no program there has a network."""
        if self._arch == seccomp.Arch.X86:
            return
        welcome = {_UNIX, _INET, _INET6, _NETLINK}
        if _has(allowed, "NET_RAW"):
            welcome.add(_PACKET)
        for family in range(_PACKET + 1):
            if family not in welcome:
                self._one(EPERM, "socket", _masked(0, family))
                self._one(EPERM, "socketpair", _masked(0, family))
        self._one(EPERM, "socket", seccomp.Arg(0, seccomp.GT, _PACKET))
        self._one(EPERM, "socketpair", seccomp.Arg(0, seccomp.GT, _PACKET))
        closed = {_NETLINK_CONNECTOR}
        if not _has(allowed, "AUDIT_CONTROL"):
            closed.add(_NETLINK_AUDIT)
        for protocol in closed:
            self._one(EAFNOSUPPORT, "socket", _masked(0, _NETLINK), _masked(2, protocol))

    def _ioctls(self, requests: tuple[int, ...]) -> None:
        for request in requests:
            self._one(EPERM, "ioctl", _masked(1, request))

    def _refuse(self, calls: str) -> None:
        self._answer(EPERM, calls)

    def _answer(self, error: int, calls: str) -> None:
        for call in calls.split():
            self._one(error, call)

    def _one(self, error: int, call: str, *conditions: seccomp.Arg) -> None:
        self._target.add_rule(seccomp.ERRNO(error), call, *conditions)


def _masked(argument: int, value: int) -> seccomp.Arg:
    """``value`` in the 32 bits that the kernel looks at, whatever stands above them."""
    return seccomp.Arg(argument, seccomp.MASKED_EQ, _32_BITS, value)


def _has(allowed: int, capability: str) -> bool:
    return bool(allowed >> NAMES.index(capability) & 1)
