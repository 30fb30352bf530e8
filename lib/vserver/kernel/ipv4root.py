"""ipv4root: processes that use the addresses of one set and no others.

A set is enforced by BPF programs on a cgroup (bpf/ipv4root.bpf.c), a *leaf* below the cgroup of a
context or of the caller. Whoever is in the leaf is held to the set; all that belongs to it is
freed with the leaf, and an empty leaf is swept by the next command. A leaf's name says what set it
is for, so that a second command with the same set finds the first one's.
"""

from __future__ import annotations

import os
from errno import EBUSY, ENODATA, ENOENT, EPERM, EWOULDBLOCK
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock

from vserver.kernel import cgroup, leafprograms, wildcard
from vserver.kernel.addressset import ANY, AddressSet, parse

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterator

LEAF_PREFIX = "ip4-"

_SET_FACT = "trusted.vserver.addresses"
_READY_FACT = "trusted.vserver.ready"


def make_leaf(parent: str, addresses: AddressSet, complaints: list[str]) -> str:
    """The leaf of a set below the cgroup ``parent``, made if need be, ready for processes.

    The caller holds ``parent`` against removal; for others there is ``join``. What the set is
    not served with is added to ``complaints``. VserverError (255) when this kernel cannot
    enforce the set, OSError when there is no right to.
    """
    path = _leaf_path(parent, addresses)
    fd = _open_leaf(path, addresses)
    try:
        complaints += _refresh(fd, path, addresses)
    finally:
        os.close(fd)
    return path


def join(parent: str, addresses: AddressSet) -> list[str]:
    """Move the calling process into the leaf of a set below ``parent``.

    Returns complaints; they and the errors are those of make_leaf.
    """
    path = _leaf_path(parent, addresses)
    fd = _open_leaf(path, addresses)
    try:
        complaints = _refresh(fd, path, addresses)
        sweep(parent)
        cgroup.join(path)
    finally:
        os.close(fd)
    return complaints


def addresses_of(directory: str) -> AddressSet:
    """The set that holds in cgroup ``directory``, an unrestricted one if there is none.

    PermissionError for who may not read it (CAP_SYS_ADMIN).
    """
    leaf = leaf_of(directory)
    if not leaf:
        return AddressSet()
    text = _fact(leaf, _SET_FACT)
    if not text:  # the kernel hides the attribute
        raise PermissionError(EPERM, os.strerror(EPERM), leaf)
    return parse(text)


def leaf_of(directory: str) -> str:
    """The innermost leaf that cgroup ``directory`` is or lies in, "" for none."""
    while not os.path.basename(directory).startswith(LEAF_PREFIX):
        directory = os.path.dirname(directory)
        if directory in ("", "/"):
            return ""
    return directory


def outside(directory: str) -> str:
    """The cgroup that the outermost leaf around ``directory`` is in; itself if there is none."""
    while leaf := leaf_of(directory):
        directory = os.path.dirname(leaf)
    return directory


def sweep(parent: str) -> None:
    """Remove leaves below ``parent`` that nobody is in, nor about to join."""
    mark = f"{parent}/{LEAF_PREFIX}"
    leaves = [path for path in cgroup.children(parent) if path.startswith(mark)]
    for leaf in cgroup.some(leaves):
        sweep(leaf)
        _remove_idle(leaf)


def refresh_all() -> None:
    """Do for every leaf of this network namespace what is done when a command joins it.

    The source of what is sent then follows the routes and addresses as they are now. Errors as
    make_leaf.
    """
    for path in _leaves(cgroup.mount_point()):
        try:
            _refresh_one(path)
        except FileNotFoundError:  # swept in between
            continue


def _leaves(directory: str) -> Iterator[str]:
    for child in cgroup.children(directory):
        if os.path.basename(child).startswith(LEAF_PREFIX):
            yield child
        yield from _leaves(child)


def _refresh_one(path: str) -> None:
    fd = _open_directory(path)
    try:
        flock(fd, LOCK_SH)
        addresses = parse(_fact(path, _SET_FACT) or ANY)
        if _fact(path, _READY_FACT) and path == _leaf_path(os.path.dirname(path), addresses):
            _refresh(fd, path, addresses)
    finally:
        os.close(fd)


def _remove_idle(directory: str) -> None:
    try:
        fd = _open_directory(directory)
    except FileNotFoundError:
        return
    try:
        flock(fd, LOCK_EX | LOCK_NB)
        os.rmdir(directory)
    except OSError as error:
        if error.errno not in (EWOULDBLOCK, EBUSY, ENOENT):
            raise
    finally:
        os.close(fd)


def _leaf_path(parent: str, addresses: AddressSet) -> str:
    """A set means another thing in another network namespace: that too is in the name."""
    from _blake2 import blake2b  # type: ignore[import]  # hashlib takes 2 ms

    content = f"{addresses} {wildcard.netns_cookie()}".encode()
    return f"{parent}/{LEAF_PREFIX}{blake2b(content, digest_size=8).hexdigest()}"


def _open_leaf(path: str, addresses: AddressSet) -> int:
    """A descriptor of the leaf, ready; as long as it is open the leaf is not swept."""
    while True:
        is_new = _make_directory(path)
        try:
            fd = _open_directory(path)
        except FileNotFoundError:  # swept in between
            continue
        try:
            if _is_ready(fd, path, addresses, is_new=is_new):
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _is_ready(fd: int, path: str, addresses: AddressSet, *, is_new: bool) -> bool:
    """Lock the leaf; True if it can be joined, else it has to be opened again.

    One that another command left unfinished is removed and made again: what is attached to it
    cannot be told apart from what is not.
    """
    flock(fd, LOCK_SH)
    if not _is_linked(fd, path):
        return False
    if _fact(path, _READY_FACT):
        return True
    flock(fd, LOCK_EX)
    if _is_linked(fd, path) and not _fact(path, _READY_FACT):
        if not is_new:
            _remove_unfinished(path)
            return False
        try:
            _prepare(fd, path, addresses)
        except BaseException:
            os.rmdir(path)
            raise
    return False


def _remove_unfinished(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno == EBUSY:  # it is in use, so it has the mark, and the kernel hides that
            raise PermissionError(EPERM, os.strerror(EPERM), path) from None
        raise


def _prepare(fd: int, path: str, addresses: AddressSet) -> None:
    """Attach the programs, which makes the storage, write the set there, mark the leaf ready."""
    pinned = leafprograms.load()
    leafprograms.attach(fd, path, pinned, addresses)
    leafprograms.write(fd, path, pinned, addresses)
    os.setxattr(path, _SET_FACT, str(addresses).encode())
    os.setxattr(path, _READY_FACT, pinned.encode())


def _refresh(fd: int, path: str, addresses: AddressSet) -> list[str]:
    """Follow what changes on the machine: routes, devices that come, the package's version.

    Somebody may have removed the pins since; the leaf goes on without them. One of another
    version keeps the routes that it was made with. Returns the complaints of wildcard.serve.
    """
    pinned = _fact(path, _READY_FACT)
    if not os.path.isdir(pinned):
        return []
    several = len(addresses.effective()) > 1
    current = leafprograms.load() if several else pinned
    if several and pinned == current:
        leafprograms.write(fd, path, pinned, addresses)
    return wildcard.serve(current, several=several)


def _make_directory(path: str) -> bool:
    """Make a cgroup; False when it is there."""
    try:
        os.mkdir(path, cgroup.PRIVATE)
    except FileExistsError:
        return False
    return True


def _open_directory(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _is_linked(fd: int, path: str) -> bool:
    """Is the directory open as ``fd`` still the one at ``path``?"""
    try:
        return os.stat(path).st_ino == os.fstat(fd).st_ino
    except FileNotFoundError:
        return False


def _fact(path: str, name: str) -> str:
    try:
        return os.getxattr(path, name).decode()
    except OSError as error:
        if error.errno in (ENODATA, ENOENT):
            return ""
        raise
