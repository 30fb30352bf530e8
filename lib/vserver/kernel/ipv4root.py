"""ipv4root: processes that use the addresses of one set and no others.

A set is enforced by BPF programs on a cgroup (bpf/ipv4root.bpf.c), a *leaf* below the cgroup of a
context or of the caller. Whoever is in the leaf is held to the set; all that belongs to it is
freed with the leaf, and an empty leaf is swept by the next command. A leaf's name says what set it
is for, so that a second command with the same set finds the first one's.
"""

from __future__ import annotations

import os
from _socket import inet_aton, inet_pton
from errno import EBUSY, ENODATA, ENOENT, EPERM, EWOULDBLOCK
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from struct import Struct

from vserver.errors import VserverError, reason
from vserver.kernel import bpf, cgroup, routing, wildcard
from vserver.kernel.addressset import AddressSet, parse
from vserver.paths import BPF_OBJECTS

OBJECT = BPF_OBJECTS + "/ipv4root.o"
LEAF_PREFIX = "ip4-"

# The programs of a leaf and their attach types (linux/bpf.h, enum bpf_attach_type). A call of one
# takes as long as what it does: those are left out that a set has no use for.
_PROGRAMS = (
    ("sock_create", 2),
    ("sock_release", 34),
    ("bind4", 8),
    ("bind6", 9),
    ("post_bind4", 12),
    ("post_bind6", 13),
    ("connect4", 10),
    ("connect6", 11),
    ("sendmsg4", 14),
    ("sendmsg6", 15),
    ("getsockname6", 32),
    ("setsockopt", 22),
    ("ingress", 0),
    ("egress", 1),
)
_OF_OWN_LOOPBACK = (
    ("recvmsg4", 19),
    ("recvmsg6", 20),
    ("getpeername4", 29),
    ("getpeername6", 30),
)
_OF_SEVERAL = (("getsockname4", 31), ("sock_ops", 3))

# struct address_set of bpf/ipv4root.h: count, count6, route_count and flags; the cookie, the id
# and the broadcast address; then 16 IPv4 and IPv6 addresses (MAX_ADDRESSES) and MAX_ROUTES routes
_ADDRESS_SET = Struct("=4I2Q4s4x64s256s288s")
_MAX_ROUTES = 24
_OWN_LOOPBACK, _BIND_V6ONLY = 1, 2
_AF_INET6 = 10  # bits/socket.h

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
    pinned = _load()
    for name, attach_type in _programs(path, addresses):
        _attach(fd, pinned, name, attach_type)
    _write(fd, path, pinned, addresses)
    os.setxattr(path, _SET_FACT, str(addresses).encode())
    os.setxattr(path, _READY_FACT, pinned.encode())


def _attach(fd: int, pinned: str, name: str, attach_type: int) -> None:
    program = bpf.open_pinned(f"{pinned}/{name}")
    try:
        bpf.attach(fd, program, attach_type)
    except OSError as error:
        why = f"cannot attach the BPF program {name}: {reason(error)}"
        raise VserverError(why, 255, remedy=_remedy(error.errno or 0)) from None
    finally:
        os.close(program)


def _remedy(number: int) -> str:
    """Also where a control group around has programs that suffer no others beside them."""
    if number == EPERM:
        return "it takes root, outside of containers, and Delegate=yes in a unit of systemd"
    return bpf.remedy(number)


def _load() -> str:
    return bpf.load(OBJECT, shared=wildcard.MAPS)


def _programs(path: str, addresses: AddressSet) -> tuple[tuple[str, int], ...]:
    """The programs that the leaf ``path`` of a set needs, with their attach types."""
    programs: tuple[tuple[str, int], ...] = _PROGRAMS
    if _has_own_loopback(path):
        programs += _OF_OWN_LOOPBACK
    if len(addresses.effective()) > 1:
        programs += _OF_SEVERAL
    return programs


def _refresh(fd: int, path: str, addresses: AddressSet) -> list[str]:
    """Follow what changes on the machine: routes, devices that come, the package's version.

    Somebody may have removed the pins since; the leaf goes on without them. One of another
    version keeps the routes that it was made with. Returns the complaints of wildcard.serve.
    """
    pinned = _fact(path, _READY_FACT)
    if not os.path.isdir(pinned):
        return []
    several = len(addresses.effective()) > 1
    current = _load() if several else pinned
    if several and pinned == current:
        _write(fd, path, pinned, addresses)
    return wildcard.serve(current, several=several)


def _write(fd: int, path: str, pinned: str, addresses: AddressSet) -> None:
    identity = os.fstat(fd).st_ino
    sets = bpf.open_pinned(f"{pinned}/address_sets")
    try:
        bpf.update(sets, identity.to_bytes(8, "little"), _packed(path, identity, addresses))
    finally:
        os.close(sets)


def _packed(path: str, identity: int, addresses: AddressSet) -> bytes:
    """The set as the programs read it."""
    pairs = addresses.effective()
    routes = routing.source_routes(pairs, _MAX_ROUTES) if len(pairs) > 1 else []
    return _ADDRESS_SET.pack(
        len(pairs),
        len(addresses.addresses6),
        len(routes),
        _flags(path),
        wildcard.netns_cookie(),
        identity,
        inet_aton(addresses.broadcast),
        b"".join(inet_aton(address) for address, _ in pairs),
        b"".join(inet_pton(_AF_INET6, address) for address in addresses.addresses6),
        b"".join(network + mask + source for network, mask, source in routes),
    )


def _flags(path: str) -> int:
    flags = _OWN_LOOPBACK if _has_own_loopback(path) else 0
    try:
        with open("/proc/sys/net/ipv6/bindv6only", "rb") as setting:
            return flags | (_BIND_V6ONLY if setting.read(1) == b"1" else 0)
    except FileNotFoundError:
        return flags


def _has_own_loopback(path: str) -> bool:
    """In a context 127.0.0.1 is the guest itself (0.11); on the root server it stays shared."""
    return path.startswith(cgroup.mount_point() + "/vserver/")


def _make_directory(path: str) -> bool:
    """Make a cgroup; False when it is there."""
    try:
        os.mkdir(path)
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
