"""A place in a security context: joined when it is there, made when it is not.

What chcontext does for its command, and vserver for each of its own. The context is held
locked while a ``Place`` is open, so that no other command takes it away as idle.
"""

from __future__ import annotations

import os
import resource
from errno import EBUSY, EPERM

from vserver.kernel import (
    caps,
    cgroup,
    context,
    isolation,
    limits,
    seccomp,
)
from vserver.kernel.confine import Confinement
from vserver.kernel.isolation import Command, Door, Names, Setting

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

    from vserver.kernel.addressset import AddressSet
    from vserver.kernel.netns import Network
    from vserver.kernel.pty import Terminal
    from vserver.kernel.quota import Quota

ANY_ADDRESS_LEAF = "any"
LEAF_MARK = "/ip4-"  # in the path of every cgroup with an address set
LIMITING = context.NPROC | context.ULIMIT
_ATTEMPTS = 100  # at a context that others make and leave all the time


class Request:
    """What is asked for.

    ``number`` None allocates one; ``addresses`` None carries the caller's own set along;
    ``flags`` are context flags; ``allowed`` the capability ceiling; ``armoured``, ``own_root``
    and ``strict`` as in isolation.Setting; ``processes`` the limit of the context, None for
    the hard RLIMIT_NPROC of the caller where a flag asks for one; ``network`` a network
    namespace for a new context, in which the addresses mean nothing, None for the caller's;
    ``own_users`` asks for a user namespace for it; ``quota`` what is handled for it, if any.
    """

    __slots__ = (
        "addresses",
        "allowed",
        "armoured",
        "device_files",
        "flags",
        "guest",
        "names",
        "network",
        "number",
        "own_root",
        "own_users",
        "processes",
        "quota",
        "strict",
    )

    def __init__(
        self,
        number: int | None = None,
        *,
        allowed: int = caps.ALL,
        flags: int = 0,
        names: Names | None = None,
        armoured: bool = False,
        own_root: bool = False,
        strict: bool = False,
    ) -> None:
        self.number = number
        self.allowed = allowed
        self.flags = flags
        self.names = names or Names()
        self.armoured = armoured
        self.own_root = own_root
        self.strict = strict
        self.addresses: AddressSet | None = None
        self.processes: int | None = None
        self.network: Network | None = None
        self.own_users = False
        self.quota: Quota | None = None
        self.device_files: tuple[str, ...] = ()
        self.guest = ""


class Place:
    """A context that is held, and how to run something in it."""

    __slots__ = ("_held", "complaints", "created", "door", "init", "leaf", "number", "setting")

    def __init__(self, number: int, setting: Setting, leaf: str, held: int) -> None:
        self.number = number
        self.setting = setting
        self.leaf = leaf
        self._held = held
        self.door: Door | None = None
        self.init = 0
        self.created = False
        self.complaints: list[str] = []

    def enter(self, command: Command, terminal: Terminal | None) -> int:
        """Run ``command`` inside; its pid, a child of the caller."""
        if self.door is None:
            raise ProcessLookupError(3, "No such process")
        return isolation.enter(self.door, self.leaf, self.setting, command, terminal)

    def release(self) -> None:
        """Let other commands at the context again."""
        os.close(self._held)

    def abandon(self) -> None:
        """End a context that was made for nothing."""
        from vserver.kernel import collector

        collector.destroy(self.number, seconds=5.0)
        self.close()

    def close(self) -> None:
        """Release, and close the door."""
        self.release()
        if self.door:
            self.door.close()


def obtain(
    request: Request,
    *,
    init: Command | None = None,
    terminal: Terminal | None = None,
    announce: Callable[[int], None] | None = None,
) -> Place:
    """The context of ``request``, joined or made; ``announce`` is told its number.

    With ``init`` a new context runs that command as its process 1 (fakeinit). PermissionError
    for a private context; EBUSY for one that does not end; other errors of the kernel as they
    come; Failure names the step of a creation, after which nothing is left.
    """
    for _ in range(_ATTEMPTS):
        if request.number is not None and (place := _join(request, request.number)):
            if announce:
                announce(place.number)
            return place
        from vserver import newcontext  # not for the many who only enter

        if place := newcontext.make(request, init, terminal, announce):
            return place
    raise OSError(EBUSY, os.strerror(EBUSY))


def _join(request: Request, number: int) -> Place | None:
    """The running context of that number, or None when it has to be made."""
    try:
        held = context.lock(number)
    except FileNotFoundError:
        return None
    try:
        place = _running_place(request, number, held)
    except BaseException:
        os.close(held)
        raise
    if place is None:
        from vserver.kernel import collector

        gone = collector.destroy(number, seconds=1.0)
        os.close(held)
        if not gone:
            raise OSError(EBUSY, os.strerror(EBUSY))
    return place


def _running_place(request: Request, number: int, held: int) -> Place | None:
    try:
        door = Door(number)
    except ProcessLookupError:
        return None
    if context.flags_of(number) & context.PRIVATE:
        door.close()
        raise PermissionError(EPERM, os.strerror(EPERM))
    set_flags(number, request.flags, request.processes)
    place = Place(number, setting(request, number), leaf(request, number)[0], held)
    place.door = door
    return place


def setting(request: Request, number: int) -> Setting:
    """How whoever comes to context ``number`` is set apart: as ``request`` asks, and never
    less than what holds in the context.

    Root in there can trace whoever comes in, and what comes in runs its programs: rights that
    the context does not have would be its own a moment later.
    """
    allowed, armoured, strict = request.allowed, request.armoured, request.strict
    ceiling = context.ceiling_of(number)
    if ceiling is not None and not armoured:
        allowed, armoured, strict = allowed & ceiling, True, bool(context.name_of(number))
    programs: tuple[bytes, ...] = ()
    if armoured:
        programs = (seccomp.guest_filter(allowed),)
    elif context.flags_of(number) & context.LOCK:
        programs = (seccomp.lock_filter(),)
    made = Setting(
        Confinement(allowed, programs),
        own_root=request.own_root,
        armoured=armoured,
        strict=strict,
    )
    made.quota = request.quota
    return made


def join_observers() -> None:
    """Move the calling process to context 1, which has no namespaces and no first process."""
    number = context.OBSERVER
    for _ in range(_ATTEMPTS):
        context.make_root()
        os.makedirs(context.directory(number), cgroup.PRIVATE, exist_ok=True)
        try:
            held = context.lock(number)
        except FileNotFoundError:  # collected meanwhile
            continue
        try:
            cgroup.join(leaf(Request(number), number)[0])
        finally:
            os.close(held)
        return
    raise OSError(EBUSY, os.strerror(EBUSY))


def set_flags(number: int, flags: int, processes: int | None = None) -> None:
    """Add ``flags`` to context ``number``, and have the kernel enforce those that limit the
    whole context. ``processes`` as in Request. OSError when that cannot be done."""
    fresh = flags & ~context.flags_of(number)
    if not fresh:
        return
    if fresh & context.SCHED:
        limits.share_one_task(number)
    if fresh & LIMITING:
        limits.limit_processes(number, _most(processes))
    context.add_flags(number, fresh)


def _most(processes: int | None) -> int | None:
    """The hard RLIMIT_NPROC, as in the old kernel; None when that is unlimited."""
    if processes is not None:
        return processes
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    return None if hard == resource.RLIM_INFINITY else hard


def leaf(request: Request, number: int) -> tuple[str, list[str]]:
    """The cgroup in which the members with this address set live (contexts have no members
    of their own, so that controllers can be enabled on them), and complaints about the set."""
    complaints: list[str] = []
    addresses = request.addresses or _own_addresses()
    if context.has_own_network(number):  # which is a wall by itself
        addresses = None
    if addresses and not addresses.unrestricted:
        from vserver.kernel import ipv4root

        return ipv4root.make_leaf(context.directory(number), addresses, complaints), complaints
    path = f"{context.directory(number)}/{ANY_ADDRESS_LEAF}"
    os.makedirs(path, exist_ok=True)
    return path, complaints


def _own_addresses() -> AddressSet | None:
    """The set that the caller is held to, which it takes along into a context."""
    path = cgroup.current()
    if LEAF_MARK not in path:
        return None
    from vserver.kernel import ipv4root

    return ipv4root.addresses_of(path)
