"""Capabilities: names, the ceiling of a virtual server, and lowering it for good.

The old kernel's ceiling was a list of capabilities to take away. Here it is turned into a list
of those that stay, so that a capability newer than this package never leaks into a guest.
"""

from __future__ import annotations

from errno import EINVAL

from vserver.kernel import syscalls

# linux/capability.h, by number
NAMES = (
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
)

# The names of the 2.4 kernel, whose table "reducecap --show" prints
CLASSIC = 29

# Bit 29 was CAP_QUOTACTL on vs1.00 kernels (change log, 0.26); here it is AUDIT_WRITE, and
# quotactl(2) asks for SYS_ADMIN. So the name is no capability: guests that have it among S_CAPS
# are served by kernel/quota.py. Before 0.26 the same bit was shown as CAP_OPENDEV.
QUOTACTL = "QUOTACTL"
WITHOUT_BIT = (QUOTACTL, "OPENDEV")

ALL = (1 << 64) - 1


def mask(*names: str) -> int:
    """The set of the capabilities ``names``."""
    return sum(1 << NAMES.index(name) for name in names)


# What stays under --secure: the old ceiling, and the two that logins and package
# installation need today.
SECURE_KEEPS = mask(
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_TTY_CONFIG",
    "LEASE",
    "AUDIT_WRITE",
    "SETFCAP",
)

SYS_ADMIN = mask("SYS_ADMIN")
SYS_CHROOT = mask("SYS_CHROOT")
NET_BIND_SERVICE = mask("NET_BIND_SERVICE")

# The kernel asks for all others in the initial user namespace, or in that of the host's network,
# mounts and the like: whoever is in another one has them for nothing.
IN_USER_NAMESPACE = SECURE_KEEPS & ~mask("SYS_TTY_CONFIG", "LEASE", "AUDIT_WRITE")


def _bare(name: str) -> str:
    return name.upper().removeprefix("CAP_")


def is_quotactl(name: str) -> bool:
    """Is that CAP_QUOTACTL, with or without CAP_, in any case."""
    return _bare(name) == QUOTACTL


def parse(name: str) -> int | None:
    """The bit of capability ``name``, with or without CAP_, in any case.

    0 for a name that is known and has no bit here (CAP_QUOTACTL); None for an unknown one.
    """
    bare = _bare(name)
    if bare in WITHOUT_BIT:
        return 0
    return 1 << NAMES.index(bare) if bare in NAMES else None


def name(number: int) -> str:
    """The name of capability ``number``, also of one that is younger than this package."""
    return f"CAP_{NAMES[number]}" if number < len(NAMES) else f"CAP_{number}"


def own_sets() -> tuple[int, int, int]:
    """The caller's effective, permitted and inheritable set as masks. OSError from capget(2)."""
    return syscalls.capget()


def is_administrator() -> bool:
    """Has the caller CAP_SYS_ADMIN, which the patched kernel asked for to name a context?

    OSError from capget(2).
    """
    effective, _permitted, _inheritable = own_sets()
    return bool(effective & SYS_ADMIN)


def ceiling(*, secure: bool, removed: int, kept: int) -> int:
    """The capabilities that may stay: ``kept`` ones always win (chcontext's order of work)."""
    allowed = SECURE_KEEPS if secure else ALL
    return allowed & ~removed | kept


def last() -> int:
    """The highest capability of the running kernel (PR_CAPBSET_READ fails behind it)."""
    number = len(NAMES) - 1
    while _is_known(number + 1):
        number += 1
    while not _is_known(number):
        number -= 1
    return number


def _is_known(number: int) -> bool:
    return bounding_has(number) is not None


def bounding_has(number: int) -> bool | None:
    """Is capability ``number`` in the bounding set; None when the kernel does not know it."""
    try:
        return bool(syscalls.prctl(syscalls.PR_CAPBSET_READ, number))
    except OSError as error:
        if error.errno == EINVAL:
            return None
        raise


def drop(allowed: int) -> None:
    """Take all but ``allowed`` from the bounding set: no exec of the calling process or of
    its children can bring the rest back. Needs CAP_SETPCAP, EPERM without it."""
    for number in range(last() + 1):
        if not allowed >> number & 1 and bounding_has(number):
            syscalls.prctl(syscalls.PR_CAPBSET_DROP, number)


def restrict(allowed: int) -> None:
    """Keep at most ``allowed`` in the permitted and effective set, nothing in the others."""
    syscalls.prctl(syscalls.PR_CAP_AMBIENT, syscalls.PR_CAP_AMBIENT_CLEAR_ALL)
    _effective, permitted, _inheritable = syscalls.capget()
    left = permitted & allowed
    syscalls.capset(left, left, 0)


def lower(allowed: int) -> None:
    """Lower the ceiling of the calling process and all it starts to ``allowed``, for good."""
    drop(allowed)
    restrict(allowed)
