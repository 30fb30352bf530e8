"""Sealed files: the kernel keeps every context from changing them, and from nothing else (0.6).

The old kernel had a flag that gave an immutable file its names back: each server could remove or
replace its own, none could change what the others see. Here the same bit of an ext4 inode is
heeded by BPF programs on the hooks of the kernel's security modules (bpf/seal.h). They are put in
place once per boot, for all contexts; root on the host may change the files.
"""

from __future__ import annotations

import os
from errno import EPERM
from sys import byteorder

from vserver.errors import VserverError, reason
from vserver.kernel import bpf, cgroup, context, guard, syscalls
from vserver.kernel.rooted import Descriptor
from vserver.paths import BPF_OBJECTS, SEALED_FILES

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

# The object files with their hooks. All but the last are for hooks that younger kernels have
# beside the old ones; the last one's links tell that everything is in place.
_YOUNGER = {
    "seal_acl": ("inode_set_acl", "inode_remove_acl"),
    "seal_compat": ("file_ioctl_compat",),
    "seal_fileattr": ("inode_file_setattr",),
}
_HOOKS = ("file_open", "inode_setattr", "inode_setxattr", "inode_removexattr", "file_ioctl")
_LSM_MAC = 27  # linux/bpf.h, enum bpf_attach_type
_REMEDY = "boot with bpf among the security modules (lsm=...,bpf), or use vunify --undo"


def activate() -> None:
    """See to it that sealed files are sealed, from now on and in every context.

    VserverError (255) or OSError when this kernel cannot do that.
    """
    if not bpf.may_hook_security():
        raise PermissionError(EPERM, os.strerror(EPERM))
    pinned = bpf.load(f"{BPF_OBJECTS}/seal.o")
    if all(os.path.exists(_mark(pinned, hook)) for hook in _HOOKS):
        return
    with open(bpf.KERNEL_TYPES, "rb") as file:
        types = file.read()
    for name, hooks in _YOUNGER.items():
        if all(f"\0bpf_lsm_{hook}\0".encode() in types for hook in hooks):
            _attach(bpf.load(f"{BPF_OBJECTS}/{name}.o"), hooks)
    _attach(pinned, _HOOKS)


def _mark(pinned: str, hook: str) -> str:
    return f"{pinned}/{hook}-link"


def _attach(pinned: str, hooks: tuple[str, ...]) -> None:
    """Attach the programs in directory ``pinned``, which then know the cgroup of all contexts."""
    with Descriptor(bpf.open_pinned(f"{pinned}/settings")) as settings:
        root = cgroup.identity(cgroup.mount_point())
        bpf.update(settings, bytes(4), root.to_bytes(8, byteorder))
    for hook in hooks:
        with (
            Descriptor(bpf.open_pinned(f"{pinned}/{hook}")) as program,
            Descriptor(bpf.link(program, 0, _LSM_MAC)) as link,
        ):
            bpf.pin(link, _mark(pinned, hook))


def uphold() -> None:
    """``activate`` where any file was ever sealed. For who lets processes into a context.

    VserverError (255) where that is impossible now: the servers would change each other's files.
    """
    if not os.path.exists(SEALED_FILES) or context.of_process() != 0:
        return  # who is in a context was let in by somebody who saw to it
    try:
        activate()
    except (VserverError, OSError) as error:
        text = error.text if isinstance(error, VserverError) else reason(error)
        raise VserverError(
            f"cannot seal the files that vservers share: {text}", 255, remedy=_REMEDY
        ) from None


def is_heeded() -> bool:
    """Whether the kernel seals files, as far as the caller may know."""
    try:
        activate()
    except (VserverError, OSError):
        return False
    return True


def record() -> None:
    """Note for the next boots that there are sealed files on this machine."""
    os.makedirs(os.path.dirname(SEALED_FILES), 0o700, exist_ok=True)
    with Descriptor(os.open(SEALED_FILES, os.O_WRONLY | os.O_CREAT, 0o600)) as fd:
        os.fsync(fd)


def is_usable(directory: int) -> bool:
    """Whether a file in ``directory`` (a descriptor) can be sealed.

    It is tried: a nameless file is sealed, and a process in a context tries to change it.
    """
    try:
        activate()
        with Descriptor(os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600, dir_fd=directory)) as fd:
            guard.put(fd, guard.SEALED)
            return _is_refused(fd)
    except (VserverError, OSError):
        return False


def _is_refused(fd: int) -> bool:
    path = f"{context.make_root()}/seal-{os.getpid()}"
    os.mkdir(path)
    try:
        with Descriptor(os.open(path, os.O_RDONLY | os.O_DIRECTORY)) as place:
            pid = syscalls.clone3(0, cgroup_fd=place)
            if pid == 0:
                os._exit(_try_all(fd))
        return os.waitpid(pid, 0)[1] == 0
    finally:
        os.rmdir(path)


def _try_all(fd: int) -> int:
    """Change the file ``fd`` in every way that is to be refused; 0 when each one was."""
    attempts: tuple[Callable[[], object], ...] = (
        lambda: os.open(f"/proc/self/fd/{fd}", os.O_WRONLY),
        lambda: os.truncate(fd, 1),
        lambda: os.fchmod(fd, 0o777),
        lambda: os.fchown(fd, 1, 1),
        lambda: os.utime(fd, (1, 1)),
        lambda: os.setxattr(fd, "user.vserver", b"1"),
        lambda: guard.put(fd, 0),
    )
    for attempt in attempts:
        try:
            attempt()
        except OSError as error:
            if error.errno != EPERM:
                return 1
        else:
            return 1
    return 0
