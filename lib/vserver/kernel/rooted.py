"""The only way into a guest's tree.

Every byte, name and link in there belongs to somebody hostile, who may also change them
between any two of our system calls. So nothing is joined to a path: all work starts from the
descriptor of the tree's root, links resolve inside the tree as they would for the guest (an
absolute one from its root, ``..`` never above it), and what was found is judged by the
descriptor that will be used. Paths are the guest's own: ``etc/mtab`` and ``/etc/mtab`` are
the same file. Errors are OSError with that path.
"""

from __future__ import annotations

import os
from errno import (
    EAGAIN,
    EEXIST,
    EFBIG,
    EINVAL,
    EISDIR,
    ELOOP,
    ENAMETOOLONG,
    ENOENT,
    ENOTDIR,
    EXDEV,
)
from stat import S_ISCHR, S_ISDIR, S_ISREG

from vserver.kernel import syscalls

_IN_GUEST = syscalls.RESOLVE_IN_ROOT | syscalls.RESOLVE_NO_MAGICLINKS
_STRAIGHT = syscalls.RESOLVE_BENEATH | syscalls.RESOLVE_NO_SYMLINKS
_ABSENT = (ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG)
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_RETRIES = 128
_DEEPEST = 250
_BLOCK = 4096

READ_LIMIT = 65536
SAME_MOUNT = _STRAIGHT | syscalls.RESOLVE_NO_XDEV
"""How openat2(2) goes to a directory below: by no link, and to no other mount (EXDEV)."""


class Descriptor:
    """A descriptor that is closed at the end of its ``with`` block."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __enter__(self) -> int:
        return self.fd

    def __exit__(self, *exception: object) -> None:
        os.close(self.fd)


class Root:
    """A guest's tree, known by the descriptor of its root directory, which it owns."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def open_dir(cls, path: str) -> Root:
        """The tree at ``path`` of the host, whose links are the administrator's own."""
        return cls(os.open(path, os.O_PATH | os.O_DIRECTORY))

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.fd)

    def __enter__(self) -> Root:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def open(self, path: str, flags: int, mode: int = 0) -> int:
        """open(2) as the guest would see it: a descriptor, close-on-exec.

        Opening a node or a fifo of a guest has side effects: for anything but directories
        use ``read`` or O_PATH.
        """
        return _openat2(self.fd, path.lstrip("/") or ".", flags, _IN_GUEST, mode)

    def open_local(self, path: str) -> int:
        """Directory ``path`` for reading; EXDEV when the way there leaves the root's own mount."""
        resolve = _IN_GUEST | syscalls.RESOLVE_NO_XDEV
        return _openat2(self.fd, path.lstrip("/") or ".", _DIRECTORY, resolve)

    def open_child(self, name: str) -> int:
        """Directory ``name`` right below the root, as an O_PATH descriptor.

        ELOOP or ENOTDIR when that is a link or no directory, EXDEV when something is mounted
        there.
        """
        return _openat2(self.fd, name, os.O_PATH | os.O_DIRECTORY, SAME_MOUNT)

    def open_device(self, path: str, device: int, flags: int) -> int:
        """Character device ``path`` if its number is ``device``; FileNotFoundError for another."""
        with Descriptor(self.open(path, os.O_PATH | os.O_NOFOLLOW)) as found:
            state = os.fstat(found)
            if not S_ISCHR(state.st_mode) or state.st_rdev != device:
                raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
            return os.open(f"/proc/self/fd/{found}", flags)

    def stat(self, path: str, *, follow: bool = True) -> os.stat_result:
        """stat(2), or lstat(2) when ``follow`` is false; nothing is really opened."""
        flags = os.O_PATH if follow else os.O_PATH | os.O_NOFOLLOW
        with Descriptor(self.open(path, flags)) as fd:
            return os.fstat(fd)

    def mode(self, path: str, *, follow: bool = True) -> int:
        """``st_mode`` of ``path``, 0 when it leads to nothing."""
        try:
            return self.stat(path, follow=follow).st_mode
        except OSError as error:
            if error.errno in _ABSENT:
                return 0
            raise

    def is_file(self, path: str) -> bool:
        """Whether ``path`` leads to a regular file."""
        return S_ISREG(self.mode(path))

    def is_dir(self, path: str) -> bool:
        """Whether ``path`` leads to a directory."""
        return S_ISDIR(self.mode(path))

    def is_executable(self, path: str) -> bool:
        """Whether ``path`` leads to a regular file that somebody may execute."""
        mode = self.mode(path)
        return S_ISREG(mode) and mode & 0o111 != 0

    def readlink(self, path: str) -> str:
        """What the link ``path`` says; ENOENT when it is no link."""
        with Descriptor(self.open(path, os.O_PATH | os.O_NOFOLLOW)) as fd:
            return os.readlink("", dir_fd=fd)

    def names(self, path: str) -> list[str]:
        """The names in directory ``path``, sorted; none when it leads to nothing."""
        try:
            fd = self.open(path, _DIRECTORY)
        except OSError as error:
            if error.errno in _ABSENT:
                return []
            raise
        with Descriptor(fd):
            return sorted(os.listdir(fd))

    def read(self, path: str, limit: int = READ_LIMIT) -> bytes:
        """The content of the regular file ``path``, at most ``limit`` bytes.

        EINVAL for anything that is no regular file (it is not opened at all), EFBIG for a
        longer one, EAGAIN when the guest holds a lease on it: never a hang.
        """
        with Descriptor(self.open(path, os.O_PATH)) as found:
            try:
                with Descriptor(reopen_regular(found, os.O_RDONLY)) as fd:
                    return _read_all(fd, limit)
            except OSError as error:
                raise OSError(error.errno, error.strerror, path) from None

    def write(
        self, path: str, data: bytes, mode: int = 0o644, *, uid: int = 0, gid: int = 0
    ) -> None:
        """Put a new file with ``data`` in the place of ``path``.

        The file appears complete or not at all. What is there is replaced and never opened,
        be it a link, a fifo or a file that others hold open; a directory is an error. Links
        in the directory part resolve inside the guest.
        """
        with self._parent(path) as (parent, name):
            temporary = f".vserver.{os.urandom(8).hex()}"
            fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=parent)
            try:
                _fill(fd, data, mode, uid, gid)
                os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                _unlink_file(parent, temporary)
                raise

    def symlink(self, target: str, path: str) -> None:
        """symlink(2): make the link ``path``; EEXIST when the name is taken."""
        with self._parent(path) as (parent, name):
            os.symlink(target, name, dir_fd=parent)

    def mknod(self, path: str, mode: int, device: int) -> None:
        """mknod(2), whatever the umask; EEXIST when the name is taken."""
        with self._parent(path) as (parent, name):
            mknod(parent, name, mode, device)

    def unlink(self, path: str) -> bool:
        """Remove the name ``path``, whatever but a directory it is; false if there is none."""
        try:
            with self._parent(path) as (parent, name):
                os.unlink(name, dir_fd=parent)
        except OSError as error:
            if error.errno in _ABSENT:
                return False
            raise
        return True

    def make_dirs(self, path: str, mode: int = 0o755) -> None:
        """Make the directory ``path`` and those above it, as far as they are missing.

        ``mode`` is exact for a directory made here, whatever the umask; one that exists keeps
        its own. A link is ELOOP, anything else that is no directory ENOTDIR.
        """
        parts = [part for part in path.split("/") if part]
        here = os.dup(self.fd)
        try:
            for part in parts:
                here, above = _enter(here, part, mode), here
                os.close(above)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None
        finally:
            os.close(here)

    def remove_files(self, path: str) -> None:
        """Unlink the plain files in and below directory ``path``; all else stays.

        Links, mount points and other file systems below ``path`` are not entered. Nothing to
        do when ``path`` leads to nothing; ENAMETOOLONG for a tree that is deeper than
        PATH_MAX.
        """
        self._clear(path, deep=True)

    def remove_entries(self, path: str) -> None:
        """Unlink everything in directory ``path`` that is no directory."""
        self._clear(path, deep=False)

    def _clear(self, path: str, *, deep: bool) -> None:
        try:
            top = self.open(path, _DIRECTORY)
        except OSError as error:
            if error.errno in _ABSENT:
                return
            raise
        with Descriptor(top):
            try:
                pending = ["."]
                while pending:
                    below = _clear_directory(top, pending.pop(), plain_only=deep)
                    pending += below if deep else ()
            except OSError as error:
                raise OSError(error.errno, error.strerror, path) from None

    def _parent(self, path: str) -> _Parent:
        above, _, name = path.rstrip("/").rpartition("/")
        if name in ("", ".", ".."):
            raise OSError(EINVAL, os.strerror(EINVAL), path)
        return _Parent(self.open(above, os.O_PATH | os.O_DIRECTORY), name, path)


class _Parent:
    """The directory in which a name is to be changed; errors inside carry the whole path."""

    __slots__ = ("fd", "name", "path")

    def __init__(self, fd: int, name: str, path: str) -> None:
        self.fd, self.name, self.path = fd, name, path

    def __enter__(self) -> tuple[int, str]:
        return self.fd, self.name

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        os.close(self.fd)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, self.path) from None


def reopen_regular(fd: int, flags: int, mode: int | None = None) -> int:
    """Open for good what O_PATH descriptor ``fd`` names, if it is a regular file (EINVAL).

    ``mode`` is its ``st_mode`` for who knows that already.

    An O_PATH descriptor cannot be exchanged for something else any more, so that no device,
    fifo or socket is ever opened. O_NONBLOCK: a lease is EWOULDBLOCK, not a wait.
    """
    if not S_ISREG(os.fstat(fd).st_mode if mode is None else mode):
        raise OSError(EINVAL, "Not a regular file")
    return os.open(f"/proc/self/fd/{fd}", flags | os.O_NONBLOCK)


def mknod(fd: int, name: str, mode: int, device: int) -> None:
    """mknod(2) of ``name`` in directory ``fd``, whatever the umask."""
    umask = os.umask(0)
    try:
        os.mknod(name, mode, device, dir_fd=fd)
    finally:
        os.umask(umask)


def remove_tree(fd: int, name: str, depth: int = _DEEPEST) -> None:
    """Remove ``name`` in directory ``fd`` with all below it.

    A mount point below is EXDEV, a tree of more than ``depth`` levels ENAMETOOLONG.
    """
    try:
        os.unlink(name, dir_fd=fd)
        return
    except IsADirectoryError:
        pass
    if depth == 0:
        raise OSError(ENAMETOOLONG, os.strerror(ENAMETOOLONG), name)
    with Descriptor(_openat2(fd, name, _DIRECTORY, SAME_MOUNT)) as below:
        for entry in os.listdir(below):
            remove_tree(below, entry, depth - 1)
    os.rmdir(name, dir_fd=fd)


def _openat2(fd: int, path: str, flags: int, resolve: int, mode: int = 0) -> int:
    # EAGAIN: something on the way was renamed meanwhile, the kernel cannot tell whether ".."
    # stayed inside (openat2(2)). A guest that renames all the time only delays itself.
    for _ in range(_RETRIES):
        try:
            return syscalls.openat2(fd, path, flags, resolve, mode)
        except OSError as error:
            if error.errno != EAGAIN:
                raise
    raise OSError(EAGAIN, os.strerror(EAGAIN), path)


def _read_all(fd: int, limit: int) -> bytes:
    data = b""
    expected = min(os.fstat(fd).st_size, limit) + 1
    while len(data) <= limit:
        block = os.read(fd, max(expected - len(data), _BLOCK))
        if not block:
            return data
        data += block
    raise OSError(EFBIG, os.strerror(EFBIG))


def _fill(fd: int, data: bytes, mode: int, uid: int, gid: int) -> None:
    try:
        while data:
            data = data[os.write(fd, data) :]
        os.fchown(fd, uid, gid)
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


def _enter(parent: int, name: str, mode: int) -> int:
    try:
        return _openat2(parent, name, os.O_PATH | os.O_DIRECTORY, _STRAIGHT)
    except FileNotFoundError:
        pass
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except OSError as error:
        if error.errno != EEXIST:
            raise
    fd = _openat2(parent, name, _DIRECTORY, _STRAIGHT)
    os.fchmod(fd, mode)
    return fd


def _clear_directory(top: int, path: str, *, plain_only: bool) -> list[str]:
    """Unlink the files in directory ``path`` below ``top``; the paths of its directories."""
    try:
        fd = _openat2(top, path, _DIRECTORY, SAME_MOUNT)
    except OSError as error:
        if error.errno in (ENOENT, ENOTDIR, ELOOP, EXDEV):  # gone, exchanged or a mount point
            return []
        raise
    with Descriptor(fd), os.scandir(fd) as scan:
        entries = list(scan)
        below = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                below.append(f"{path}/{entry.name}")
            elif entry.is_file(follow_symlinks=False) or not plain_only:
                _unlink_file(fd, entry.name)
        return below


def _unlink_file(fd: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=fd)
    except OSError as error:
        if error.errno not in (ENOENT, EISDIR):  # the guest was faster
            raise
