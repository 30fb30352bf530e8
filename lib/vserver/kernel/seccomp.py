"""System call filters of contexts: found ready-made, loaded by number.

The rules are in vserver.kernel.seccomp_rules, and libseccomp turns them into programs when the
package is installed. Only a guest with extra capabilities (S_CAPS) needs another program;
that one is made at its first use and kept in the state directory.
"""

from __future__ import annotations

from vserver import paths
from vserver.errors import incomplete
from vserver.kernel import caps, statedir, syscalls

# Capabilities that open system calls which the guest's filter refuses otherwise
OPENING = caps.mask(
    "LINUX_IMMUTABLE",
    "NET_RAW",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_TIME",
    "SYSLOG",
    "PERFMON",
    "BPF",
    "AUDIT_CONTROL",
)


def guest_filter(allowed: int) -> bytes:
    """The program for a guest whose ceiling is ``allowed``. OSError when it cannot be had."""
    return _program(f"guest-{allowed & OPENING:x}")


def quota_filter(allowed: int) -> bytes:
    """The same, with quotactl(2) answered by who listens (see load_listening)."""
    return _program(f"quota-{allowed & OPENING:x}")


def lock_filter() -> bytes:
    """The program of the ``lock`` flag: no namespace, hence no context, can be made or joined."""
    return _program("lock")


def observer_filter() -> bytes:
    """The program of context 1: it may look at everything and signal or trace nothing."""
    return _program("observer")


def load(program: bytes) -> None:
    """Put ``program`` on the calling process, for good and for all it starts."""
    syscalls.seccomp_set_filter(program)


def load_listening(program: bytes) -> int:
    """load, and the descriptor of the listener (seccomp_unotify(2)); EBUSY for a second one.

    A signal that does not kill leaves a call alone that is being answered.
    """
    flags = (
        syscalls.SECCOMP_FILTER_FLAG_NEW_LISTENER | syscalls.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    )
    return syscalls.seccomp_set_filter(program, flags)


def _program(name: str) -> bytes:
    try:
        return _read(f"{paths.GUEST_FILTERS}/{name}.seccomp")
    except FileNotFoundError:
        pass
    file = f"{name}-{_fingerprint():08x}.seccomp"
    try:
        return _read(f"{paths.STATE_DIR}/{file}")
    except FileNotFoundError:
        return _make(name, file)


def _fingerprint() -> int:
    """That of the rules: a program made from those of an earlier version is not used."""
    from binascii import crc32

    path = f"{paths.GUEST_FILTERS}/guest-0.seccomp"
    try:
        return crc32(_read(path))
    except FileNotFoundError:
        raise incomplete(path) from None


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _make(name: str, file: str) -> bytes:
    """The program ``name``, to be found as ``file`` in the state directory from now on."""
    from vserver import thirdparty

    thirdparty.enable()
    from vserver.kernel import seccomp_rules
    from vserver.kernel.rooted import Root

    program = seccomp_rules.build(name)
    statedir.make()
    with Root.open_dir(paths.STATE_DIR) as directory:
        directory.write(file, program)
    return program
