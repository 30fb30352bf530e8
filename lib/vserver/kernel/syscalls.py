"""System calls that the os module of Python 3.11 does not have.

One binding table and one check: every function here raises OSError with the errno, and with
the path where there is one. Paths are str, bytes or os.PathLike at the call and bytes at the
kernel's edge; a NUL in them is refused, since C would cut the string there. Names and
constants are those of the manual pages (section 2) and of the kernel's uapi headers.
"""

from __future__ import annotations

import ctypes
import os
from errno import EINVAL, ENOSYS
from struct import Struct

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from typing import TypeAlias

# linux/sched.h
CLONE_PARENT = 0x00008000
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_INTO_CGROUP = 0x200000000

# linux/mount.h
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MS_SHARED = 1 << 20
MNT_DETACH = 2
UMOUNT_NOFOLLOW = 8
OPEN_TREE_CLONE = 1
OPEN_TREE_CLOEXEC = os.O_CLOEXEC
MOVE_MOUNT_F_EMPTY_PATH = 0x04
MOVE_MOUNT_T_EMPTY_PATH = 0x40
FSOPEN_CLOEXEC = 1
FSMOUNT_CLOEXEC = 1
FSCONFIG_SET_FLAG = 0
FSCONFIG_SET_STRING = 1
FSCONFIG_CMD_CREATE = 6
MOUNT_ATTR_RDONLY = 0x01
MOUNT_ATTR_NOSUID = 0x02
MOUNT_ATTR_NODEV = 0x04
MOUNT_ATTR_NOEXEC = 0x08

# linux/openat2.h
RESOLVE_NO_XDEV = 0x01
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_NO_SYMLINKS = 0x04
RESOLVE_BENEATH = 0x08
RESOLVE_IN_ROOT = 0x10

# linux/fcntl.h
AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_SYMLINK_NOFOLLOW = 0x100
AT_RECURSIVE = 0x8000

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

# linux/seccomp.h
SECCOMP_SET_MODE_FILTER = 1
SECCOMP_FILTER_FLAG_NEW_LISTENER = 8
SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 32  # 5.19

# linux/keyctl.h
KEYCTL_JOIN_SESSION_KEYRING = 1

# asm/unistd.h: the numbers that differ between machines; those from 424 on are common to all
_MACHINE = {
    "x86_64": {
        "bpf": 321,
        "inotify_add_watch": 254,
        "inotify_init1": 294,
        "keyctl": 250,
        "pivot_root": 155,
        "seccomp": 317,
    },
    "aarch64": {
        "bpf": 280,
        "inotify_add_watch": 27,
        "inotify_init1": 26,
        "keyctl": 219,
        "pivot_root": 41,
        "seccomp": 277,
    },
}
_COMMON = {
    "pidfd_send_signal": 424,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "clone3": 435,
    "close_range": 436,
    "openat2": 437,
    "mount_setattr": 442,
}

Path: TypeAlias = "str | bytes | os.PathLike[str] | os.PathLike[bytes]"

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, func: object, args: object) -> int:
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def _bind(name: str, *argtypes: type) -> ctypes._NamedFuncPointer:
    function = _libc[name]
    function.argtypes = argtypes
    function.errcheck = _check  # type: ignore[assignment]
    return function


_int, _ulong, _char_p, _void_p = ctypes.c_int, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_void_p

_setns = _bind("setns", _int, _int)
_unshare = _bind("unshare", _int)
_mount = _bind("mount", _char_p, _char_p, _char_p, _ulong, _char_p)
_umount2 = _bind("umount2", _char_p, _int)
_prctl = _bind("prctl", _int, _ulong, _ulong, _ulong, _ulong)
_sethostname = _bind("sethostname", _char_p, ctypes.c_size_t)
_setdomainname = _bind("setdomainname", _char_p, ctypes.c_size_t)
_execvp = _bind("execvp", _char_p, _void_p)
_renameat2 = _bind("renameat2", _int, _char_p, _int, _char_p, ctypes.c_uint)
_statx = _bind("statx", _int, _char_p, _int, ctypes.c_uint, _void_p)
_capget = _bind("capget", _void_p, _void_p)
_capset = _bind("capset", _void_p, _void_p)
_syscall = _libc["syscall"]
_syscall.restype = ctypes.c_long
_syscall.errcheck = _check  # type: ignore[assignment]
# the one that is called for each directory of a tree: with its types known beforehand
_OPENAT2 = _COMMON["openat2"]
_OPEN_HOW = Struct("=QQQ")  # struct open_how: flags, mode, resolve
_openat2 = _libc["syscall"]
_openat2.restype = ctypes.c_long
_openat2.argtypes = (ctypes.c_long, _int, _char_p, _char_p, ctypes.c_size_t)
_openat2.errcheck = _check  # type: ignore[assignment]


def number(name: str) -> int:
    """The number of system call ``name`` on this machine; ENOSYS where it is not known."""
    found = _COMMON.get(name) or _MACHINE.get(os.uname().machine, {}).get(name)
    if found is None:
        raise OSError(ENOSYS, os.strerror(ENOSYS), name)
    return found


def encode(path: Path) -> bytes:
    """``path`` as the kernel takes it; EINVAL for a NUL, which C would take for the end."""
    raw = os.fsencode(path)
    if b"\0" in raw:
        raise OSError(EINVAL, os.strerror(EINVAL), raw)
    return raw


def syscall(name: str, *args: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Call ``name`` with integers, byte strings and buffers; the result of the kernel."""
    return int(_syscall(ctypes.c_long(number(name)), *map(_argument, args)))


def _argument(value: object) -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value


def setns(fd: int, flags: int) -> None:
    """setns(2): join the namespaces ``flags`` of a pidfd (5.8), or the one that ``fd`` names."""
    _setns(fd, flags)


def unshare(flags: int) -> None:
    """unshare(2)."""
    _unshare(flags)


def clone3(
    flags: int, *, cgroup_fd: int = -1, exit_signal: int = 17, pidfd: ctypes.c_int | None = None
) -> int:
    """clone3(2) without a stack or thread, as fork(2) with ``flags``.

    ``cgroup_fd`` puts the child into that cgroup directory (CLONE_INTO_CGROUP, 5.7), which
    does not wait for a grace period as writing cgroup.procs does. 0 in the child, its pid in
    the parent. The child shares nothing that Python's fork hooks would have to repair as long
    as the process has one thread; it must end in exec or os._exit.
    """
    if cgroup_fd >= 0:
        flags |= CLONE_INTO_CGROUP
    args = (ctypes.c_uint64 * 11)()
    args[0] = flags
    if pidfd is not None:
        args[0] |= 0x1000  # CLONE_PIDFD
        args[1] = ctypes.addressof(pidfd)
    args[4] = exit_signal
    args[10] = max(cgroup_fd, 0)
    return int(_syscall(ctypes.c_long(number("clone3")), args, ctypes.c_size_t(88)))


def mount(source: Path, target: Path, fstype: str, flags: int, data: str = "") -> None:
    """mount(2). The error carries ``target``."""
    try:
        _mount(encode(source), encode(target), fstype.encode(), flags, data.encode() or None)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fsdecode(target)) from None


def umount2(target: Path, flags: int = 0) -> None:
    """umount2(2). The error carries ``target``."""
    try:
        _umount2(encode(target), flags)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fsdecode(target)) from None


def pivot_root(new_root: Path, put_old: Path) -> None:
    """pivot_root(2)."""
    syscall("pivot_root", encode(new_root), encode(put_old))


def open_tree(dirfd: int, path: Path, flags: int) -> int:
    """open_tree(2): a descriptor of a mount; with OPEN_TREE_CLONE of a detached bind copy."""
    return syscall("open_tree", dirfd, encode(path), flags | OPEN_TREE_CLOEXEC)


def move_mount(from_fd: int, to_fd: int) -> None:
    """move_mount(2) of the mount ``from_fd`` onto the directory or file ``to_fd``."""
    flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH
    syscall("move_mount", from_fd, b"", to_fd, b"", flags)


def new_mount(fstype: str, attributes: int, options: dict[str, str]) -> int:
    """fsopen(2), fsconfig(2), fsmount(2): a detached mount of a new ``fstype`` instance.

    ``attributes`` are MOUNT_ATTR_ bits, ``options`` what follows ``-o`` of mount(8); an empty
    value means a flag. Returns the mount's descriptor, to be given to move_mount.
    """
    context = syscall("fsopen", fstype.encode(), FSOPEN_CLOEXEC)
    try:
        for key, value in {"source": fstype, **options}.items():
            how = FSCONFIG_SET_STRING if value else FSCONFIG_SET_FLAG
            syscall("fsconfig", context, how, key.encode(), value.encode() or None, 0)
        syscall("fsconfig", context, FSCONFIG_CMD_CREATE, None, None, 0)
        return syscall("fsmount", context, FSMOUNT_CLOEXEC, attributes)
    finally:
        os.close(context)


def mount_setattr(fd: int, *, add: int = 0, propagation: int = 0, recursive: bool = False) -> None:
    """mount_setattr(2, 5.12): add MOUNT_ATTR_ bits to, or set the propagation of, mount ``fd``."""
    attr = (ctypes.c_uint64 * 4)(add, 0, propagation, 0)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    buffer = ctypes.create_string_buffer(bytes(attr), 32)
    syscall("mount_setattr", fd, b"", flags, buffer, 32)


def openat2(dirfd: int, path: Path, flags: int, resolve: int, mode: int = 0) -> int:
    """openat2(2, 5.6), always close-on-exec. The error carries ``path``."""
    how = _OPEN_HOW.pack(flags | os.O_CLOEXEC, mode, resolve)
    try:
        return int(_openat2(_OPENAT2, dirfd, encode(path), how, _OPEN_HOW.size))
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fsdecode(path)) from None


_STATX = ctypes.create_string_buffer(256)  # struct statx


def statx(dirfd: int, name: Path, mask: int) -> ctypes.Array[ctypes.c_char]:
    """statx(2), not following a link: struct statx, valid until the next call."""
    _statx(dirfd, encode(name), AT_SYMLINK_NOFOLLOW, mask, _STATX)
    return _STATX


def rename_new(directory: int, old: Path, new: Path) -> None:
    """renameat2(2) within ``directory`` that replaces nothing: FileExistsError instead."""
    _renameat2(directory, encode(old), directory, encode(new), 1)  # RENAME_NOREPLACE


def close_range(first: int, last: int = 0xFFFFFFFF) -> None:
    """close_range(2, 5.9): close every descriptor from ``first`` to ``last``."""
    syscall("close_range", first, last, 0)


def prctl(option: int, arg2: int = 0, arg3: int = 0) -> int:
    """prctl(2)."""
    return int(_prctl(option, arg2, arg3, 0, 0))


def execvp(words: list[str]) -> None:
    """execvp(3) with the current environment: PATH is searched, a script without "#!" goes to
    the shell. Returns only by OSError, with the command's name."""
    raw = [encode(word) for word in words]
    array = (_char_p * (len(raw) + 1))(*raw, None)
    try:
        _execvp(raw[0], array)
    except OSError as error:
        raise OSError(error.errno, error.strerror, words[0]) from None


def pidfd_send_signal(pidfd: int, number: int) -> None:
    """pidfd_send_signal(2, 5.1); ProcessLookupError when the process has gone."""
    syscall("pidfd_send_signal", pidfd, number, None, 0)


def sethostname(name: bytes) -> None:
    """sethostname(2)."""
    _sethostname(name, len(name))


def setdomainname(name: bytes) -> None:
    """setdomainname(2); the empty name is what the kernel calls "(none)" at boot."""
    _setdomainname(name, len(name))


# linux/capability.h
_CAPABILITY_VERSION_3 = 0x20080522


def capget() -> tuple[int, int, int]:
    """capget(2): effective, permitted and inheritable set of the caller as bit masks."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    _capget(ctypes.byref(header), ctypes.byref(data))
    return data[0] | data[3] << 32, data[1] | data[4] << 32, data[2] | data[5] << 32


def capset(effective: int, permitted: int, inheritable: int) -> None:
    """capset(2) for the caller."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (effective, permitted, inheritable)
    low, high = [s & 0xFFFFFFFF for s in sets], [s >> 32 for s in sets]
    data = (ctypes.c_uint32 * 6)(*low, *high)
    _capset(ctypes.byref(header), ctypes.byref(data))


def seccomp_set_filter(program: bytes, flags: int = 0) -> int:
    """seccomp(2) SECCOMP_SET_MODE_FILTER with ``program``, an array of struct sock_filter.

    Returns the descriptor that ``flags`` ask for, else 0.
    """
    code = ctypes.create_string_buffer(program, len(program))
    fprog = (ctypes.c_uint64 * 2)(len(program) // 8, ctypes.addressof(code))
    buffer = ctypes.create_string_buffer(bytes(fprog), 16)
    return syscall("seccomp", SECCOMP_SET_MODE_FILTER, flags, buffer)


def join_new_session_keyring() -> None:
    """keyctl(2): a new, empty session keyring in place of the inherited one."""
    syscall("keyctl", KEYCTL_JOIN_SESSION_KEYRING, None)
