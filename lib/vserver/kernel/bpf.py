"""BPF programs: loaded and pinned once per boot, afterwards only opened and attached.

libbpf (through ctypes) loads an object file, which takes the kernel's verifier some 20 ms. The
programs and maps stay in bpffs, in a directory whose name has the object's hash: a new version of
the package coexists with what still runs under the old one. All later commands make bpf(2) calls
on what is pinned.
"""

from __future__ import annotations

import ctypes
import os
from errno import EEXIST, EINVAL, ENOENT, ENOSYS, EPERM, EROFS

from vserver.errors import VserverError, incomplete, reason
from vserver.kernel import statedir, syscalls
from vserver.kernel.rooted import Descriptor
from vserver.paths import STATE_DIR

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_SYSTEM = "/sys/fs/bpf"
LIBRARY = "libbpf.so.1"
KERNEL_TYPES = "/sys/kernel/btf/vmlinux"
"""What the kernel tells of its own types (CONFIG_DEBUG_INFO_BTF); some objects need that."""
_LOCK = f"{STATE_DIR}/.bpf-lock"

# linux/bpf.h: commands and flags
_MAP_LOOKUP_ELEM, _MAP_UPDATE_ELEM, _MAP_GET_NEXT_KEY = 1, 2, 4
_PROG_LOAD = 5
_OBJ_PIN, _OBJ_GET, _PROG_ATTACH, _PROG_QUERY, _LINK_CREATE, _LINK_UPDATE = 6, 7, 8, 16, 28, 29
_OBJ_GET_INFO_BY_FD = 15
_MAP_LOOKUP_BATCH = 24
_LINK_TYPE_NETNS, _LINK_TYPE_TCX = 5, 11
_F_ALLOW_MULTI = 2
_PROG_TYPE_LSM = 29

_LOCK_EX = 2  # sys/file.h


def load(
    object_file: str, attach_types: Mapping[str, int] | None = None, *, shared: str = ""
) -> str:
    """The directory where the programs and maps of ``object_file`` are pinned by their names.

    ``attach_types`` are those of programs whose section says another (enum bpf_attach_type), for
    types that libbpf may not know. Maps that are pinned by name are in the directory ``shared``
    instead, for all versions of the object. The first caller after boot loads them; others wait
    for it. VserverError (255) names what is missing when that is impossible.
    """
    from _blake2 import blake2b  # type: ignore[import]  # hashlib takes 2 ms

    try:
        fd = os.open(object_file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise incomplete(object_file) from None
    with open(fd, "rb") as file:
        directory = f"{FILE_SYSTEM}/vserver-{blake2b(file.read(), digest_size=8).hexdigest()}"
    if not _is_ours(directory):
        with Descriptor(_lock()):
            _mount_file_system()
            if not _is_ours(directory):
                _load(object_file, directory, attach_types or {}, shared)
    return directory


def _is_ours(directory: str) -> bool:
    """Is it there, and root's? Anybody may make one where the file system was mounted for that."""
    try:
        return os.lstat(directory).st_uid == 0
    except OSError:
        return False


def _lock() -> int:
    """The descriptor of the lock for loading, of whatever object, which root alone can hold."""
    from fcntl import flock

    statedir.make()
    fd = os.open(_LOCK, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    flock(fd, _LOCK_EX)
    return fd


def open_pinned(path: str) -> int:
    """A descriptor of the program, map or link that is pinned at ``path`` (BPF_OBJ_GET).

    OSError with the path: EROFS too, since the kernel asks for the right to write.
    """
    name = ctypes.create_string_buffer(os.fsencode(path))
    try:
        return _bpf(_OBJ_GET, (ctypes.addressof(name), 8), (0, 8))
    except OSError as error:
        error.filename = path
        raise


def pin(fd: int, path: str) -> bool:
    """Pin a program, map or link at ``path`` (BPF_OBJ_PIN); False when something is there."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    try:
        _bpf(_OBJ_PIN, (ctypes.addressof(name), 8), (fd, 4), (0, 4))
    except OSError as error:
        if error.errno != EEXIST:
            raise
        return False
    return True


def may_hook_security() -> bool:
    """Does the kernel not refuse at once that the caller loads programs for its security hooks?

    A sandbox or container says no before it looks at the program, so that one without a single
    instruction asks for it, which spares opening an object file.
    """
    try:
        _bpf(_PROG_LOAD, (_PROG_TYPE_LSM, 4), (0, 44))
    except PermissionError:
        return False
    except OSError:  # E2BIG: no program is that short
        pass
    return True


def attach(cgroup_fd: int, program: int, attach_type: int) -> None:
    """Attach ``program`` to a cgroup beside those that are there (BPF_PROG_ATTACH)."""
    _bpf(_PROG_ATTACH, (cgroup_fd, 4), (program, 4), (attach_type, 4), (_F_ALLOW_MULTI, 4))


def attach_pinned(cgroup_fd: int, path: str, attach_type: int) -> None:
    """``attach`` for the program that is pinned at ``path``."""
    with Descriptor(open_pinned(path)) as program:
        attach(cgroup_fd, program, attach_type)


def can_attach(cgroup_fd: int, attach_type: int) -> bool:
    """Has this kernel programs of ``attach_type`` on cgroups (BPF_PROG_QUERY)?"""
    try:
        _bpf(_PROG_QUERY, (cgroup_fd, 4), (attach_type, 4), (0, 24))
    except OSError as error:
        if error.errno == EINVAL:
            return False
        raise
    return True


def link(program: int, target: int, attach_type: int) -> int:
    """Attach ``program`` to a network namespace (descriptor) or a device (index).

    It stays for as long as the returned link is open or pinned (BPF_LINK_CREATE).
    """
    return _bpf(_LINK_CREATE, (program, 4), (target, 4), (attach_type, 4), (0, 4))


def update_link(link_fd: int, program: int) -> None:
    """Put ``program`` in the place of the one that a link has attached (BPF_LINK_UPDATE)."""
    _bpf(_LINK_UPDATE, (link_fd, 4), (program, 4), (0, 4))


def link_target(fd: int) -> int | None:
    """The network namespace (inode) or device (index) that a link is attached to, 0 when that is
    gone; None for what is no such link (BPF_OBJ_GET_INFO_BY_FD).
    """
    info = (ctypes.c_uint32 * 6)()  # struct bpf_link_info: type, id, program, padding, target
    _bpf(_OBJ_GET_INFO_BY_FD, (fd, 4), (ctypes.sizeof(info), 4), (ctypes.addressof(info), 8))
    return info[4] if info[0] in (_LINK_TYPE_NETNS, _LINK_TYPE_TCX) else None


def update(map_fd: int, key: bytes, value: bytes) -> None:
    """Store ``value`` under ``key``, both of exactly the map's sizes (BPF_MAP_UPDATE_ELEM)."""
    _element(_MAP_UPDATE_ELEM, map_fd, key, ctypes.create_string_buffer(value, len(value)))


def lookup(map_fd: int, key: bytes, size: int) -> bytes:
    """The value of ``size`` bytes under ``key`` (BPF_MAP_LOOKUP_ELEM); ENOENT if there is none."""
    value = ctypes.create_string_buffer(size)
    _element(_MAP_LOOKUP_ELEM, map_fd, key, value)
    return value.raw


def elements(array_fd: int, count: int, size: int) -> bytes:
    """The ``count`` elements of an array, one after another (BPF_MAP_LOOKUP_BATCH, 5.6).

    ``size`` bytes each: that of the map's value, rounded up to a multiple of 8.
    """
    last, indexes, values = (ctypes.create_string_buffer(n) for n in (4, 4 * count, size * count))
    addresses = ((ctypes.addressof(buffer), 8) for buffer in (last, indexes, values))
    _bpf(_MAP_LOOKUP_BATCH, (0, 8), *addresses, (count, 4), (array_fd, 4), (0, 8), (0, 8))
    return values.raw


def keys(map_fd: int, size: int) -> list[bytes]:
    """The keys of a map, of ``size`` bytes each (BPF_MAP_GET_NEXT_KEY)."""
    found: list[bytes] = []
    key = ctypes.create_string_buffer(size)
    at = 0
    try:
        while True:
            _bpf(_MAP_GET_NEXT_KEY, (map_fd, 8), (at, 8), (ctypes.addressof(key), 8), (0, 8))
            found.append(key.raw)
            at = ctypes.addressof(key)
    except FileNotFoundError:  # that was the last one
        return found


def _element(command: int, map_fd: int, key: bytes, value: ctypes.Array[ctypes.c_char]) -> None:
    name = ctypes.create_string_buffer(key, len(key))
    addresses = ((ctypes.addressof(name), 8), (ctypes.addressof(value), 8))
    _bpf(command, (map_fd, 8), *addresses, (0, 8))


def _bpf(command: int, *fields: tuple[int, int]) -> int:
    """bpf(2) with a union bpf_attr made of (value, bytes) ``fields``; the rest of it is zero."""
    from sys import byteorder

    attributes = b"".join(value.to_bytes(size, byteorder) for value, size in fields)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    return syscalls.syscall("bpf", command, buffer, len(attributes))


def _mount_file_system() -> None:
    with open("/proc/self/mounts", "rb") as mounts:
        if any(line.split(b" ")[1:3] == [FILE_SYSTEM.encode(), b"bpf"] for line in mounts):
            return
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    try:
        syscalls.mount("bpf", FILE_SYSTEM, "bpf", flags, "mode=700")
    except OSError as error:
        raise VserverError(
            f"cannot mount the BPF file system on {FILE_SYSTEM}: {reason(error)}",
            255,
            remedy=remedy(error.errno or 0),
        ) from None


def _load(object_file: str, directory: str, attach_types: Mapping[str, int], shared: str) -> None:
    """Load and pin under a name of its own, then rename: ``directory`` is complete or absent."""
    unfinished = directory + "-new"
    library = _Library()
    try:
        for path in filter(None, (unfinished, directory, shared)):
            if path == unfinished or not _is_ours(path):
                _remove(path)
        library.load(object_file, unfinished, attach_types, shared)
        os.rename(unfinished, directory)
    except OSError as error:
        _remove(unfinished)
        raise VserverError(
            f"cannot load the BPF programs: {library.complaint or reason(error)}",
            255,
            remedy=remedy(error.errno or 0),
        ) from None


def remedy(number: int) -> str:
    """What it takes where a call of bpf(2) fails with error ``number``, in one line."""
    if number == EPERM:
        return "it takes root, outside of containers and of kernel lockdown"
    if number == EROFS:
        return f"it takes a BPF file system on {FILE_SYSTEM} that can be written"
    options = "CONFIG_BPF_SYSCALL" if number in (ENOSYS, ENOENT) else "CONFIG_CGROUP_BPF"
    return f"it takes Linux 6.1 or newer with {options}; this is {os.uname().release}"


def _remove(directory: str) -> None:
    """Remove a directory of pins, if it is there."""
    try:
        for name in os.listdir(directory):
            os.unlink(f"{directory}/{name}")
        os.rmdir(directory)
    except FileNotFoundError:
        pass


class _OpenOptions(ctypes.Structure):
    """The first members of struct bpf_object_open_opts (bpf/libbpf.h)."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("object_name", ctypes.c_char_p),
        ("relaxed_maps", ctypes.c_bool),
        ("pin_root_path", ctypes.c_void_p),
    )


class _Library:
    """libbpf, as much of it as loading takes."""

    def __init__(self) -> None:
        try:
            self._libbpf = ctypes.CDLL(LIBRARY)
        except OSError:
            raise VserverError(
                f"{LIBRARY} is missing", 255, remedy="install libbpf (Debian: libbpf1)"
            ) from None
        self.complaint = ""
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
        self._print = callback(self._note)
        self._libbpf.libbpf_set_print(self._print)

    def load(
        self, object_file: str, directory: str, attach_types: Mapping[str, int], shared: str
    ) -> None:
        """Load ``object_file`` and pin all in ``directory`` but the maps in ``shared``; OSError."""
        opened = self._open(object_file, shared)
        try:
            for name, attach_type in attach_types.items():
                self._set_attach_type(opened, name, attach_type)
            self._check(self._libbpf.bpf_object__load(opened))
            self._check(self._libbpf.bpf_object__pin_programs(opened, os.fsencode(directory)))
            self._pin_maps(opened, directory)
        finally:
            self._libbpf.bpf_object__close(opened)

    def _open(self, object_file: str, shared: str) -> ctypes.c_void_p:
        root = ctypes.create_string_buffer(os.fsencode(shared))
        options = _OpenOptions(ctypes.sizeof(_OpenOptions), None, False, ctypes.addressof(root))
        opener = self._function("bpf_object__open_file")
        opened = ctypes.c_void_p(opener(os.fsencode(object_file), ctypes.byref(options)))
        if not opened:
            raise OSError(ENOENT, f"{object_file} is no BPF object", object_file)
        return opened

    def _pin_maps(self, opened: ctypes.c_void_p, directory: str) -> None:
        """Pin the maps in ``directory`` but the shared ones, which are pinned, and constants."""
        following = self._function("bpf_object__next_map")
        is_pinned = self._function("bpf_map__pin_path")
        naming = self._libbpf.bpf_map__name
        naming.restype = ctypes.c_char_p
        found = ctypes.c_void_p(following(opened, None))
        while found:
            if not is_pinned(found) and not self._libbpf.bpf_map__is_internal(found):
                path = f"{directory}/{naming(found).decode()}"
                self._check(self._libbpf.bpf_map__pin(found, os.fsencode(path)))
            found = ctypes.c_void_p(following(opened, found))

    def _function(self, name: str) -> ctypes._NamedFuncPointer:
        """The function ``name``, which returns a pointer."""
        function: ctypes._NamedFuncPointer = getattr(self._libbpf, name)
        function.restype = ctypes.c_void_p
        return function

    def _set_attach_type(self, opened: ctypes.c_void_p, name: str, attach_type: int) -> None:
        finder = self._function("bpf_object__find_program_by_name")
        program = ctypes.c_void_p(finder(opened, name.encode()))
        self._check(self._libbpf.bpf_program__set_expected_attach_type(program, attach_type))

    def _check(self, result: int) -> None:
        if result < 0:
            raise OSError(-result, os.strerror(-result))

    def _note(self, level: int, template: bytes, arguments: int) -> int:
        """Keep the line that names the program or map which the kernel refused."""
        text = ctypes.create_string_buffer(256)
        size = ctypes.c_size_t(len(text))
        ctypes.CDLL(None).vsnprintf(text, size, template, ctypes.c_void_p(arguments))
        line = text.value.decode("utf-8", "replace").split("\n")[0].removeprefix("libbpf: ")
        if level == 0 and not self.complaint and line.startswith(("prog '", "map '")):
            self.complaint = line
        return 0
