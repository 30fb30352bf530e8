"""A program of the host that works on the tree of a context, inside that context.

What a package brings runs with the program's rights, and leaves a plain chroot with ease. So
the program gets a root of its own that holds nothing but itself, what it needs to run,
read-only, and the tree: there is nowhere else to go.
"""

from __future__ import annotations

import os
from stat import S_ISDIR

from vserver.kernel import syscalls
from vserver.kernel.rooted import Descriptor, Root
from vserver.kernel.spawn import Step

_CLONE = syscalls.OPEN_TREE_CLONE
_CLONE_ALL = _CLONE | syscalls.AT_RECURSIVE
_ATTRIBUTES = syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NODEV
_READ_ONLY = _ATTRIBUTES | syscalls.MOUNT_ATTR_RDONLY


class HostProgram:
    """What the program needs of the host, as mounts that are nowhere attached yet.

    To be closed by ``with``; good for one root.
    """

    __slots__ = ("_mounts",)

    def __init__(self, paths: list[str]) -> None:
        """Files and directories of the host, absolute; OSError for what is not there."""
        self._mounts: dict[str, int] = {}
        for path in paths:
            self._add(path)

    def __enter__(self) -> HostProgram:
        return self

    def __exit__(self, *exception: object) -> None:
        for mount in self._mounts.values():
            os.close(mount)

    def _add(self, path: str) -> None:
        if path in self._mounts or path.startswith(tuple(f"{one}/" for one in self._mounts)):
            return
        mount = syscalls.open_tree(syscalls.AT_FDCWD, path, _CLONE)
        syscalls.mount_setattr(mount, add=_READ_ONLY, propagation=syscalls.MS_PRIVATE)
        self._mounts[path] = mount

    def make_root(self, directory: str, working_directory: str) -> None:
        """Leave the root of the context for one with the program and, at ``directory``, what
        was the root before. For a process that goes on to exec; Failure names this step."""
        with Step("cannot set up the program's root"):
            syscalls.unshare(syscalls.CLONE_NEWNS)
            syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
            tree = syscalls.open_tree(syscalls.AT_FDCWD, "/", _CLONE_ALL)
            root = Root(_replace_root())
            _attach(root, directory, tree)
            for path, mount in self._mounts.items():
                if not path.startswith(f"{directory}/"):
                    _attach(root, path, mount)
            syscalls.mount_setattr(root.fd, add=syscalls.MOUNT_ATTR_RDONLY)
            os.chdir(working_directory if os.path.isdir(working_directory) else "/")


def _replace_root() -> int:
    """An empty root in the place of the present one; its descriptor."""
    top = syscalls.new_mount("tmpfs", _ATTRIBUTES, {"mode": "755", "size": "4m"})
    with Descriptor(os.open("/", os.O_PATH)) as old:
        syscalls.move_mount(top, old)
    os.fchdir(top)
    syscalls.pivot_root(".", ".")
    syscalls.umount2(".", syscalls.MNT_DETACH)
    return top


def _attach(root: Root, path: str, mount: int) -> None:
    if S_ISDIR(os.fstat(mount).st_mode):
        root.make_dirs(path)
    else:
        root.make_dirs(os.path.dirname(path))
        root.write(path, b"")
    with Descriptor(root.open(path, os.O_PATH)) as target:
        syscalls.move_mount(mount, target)
