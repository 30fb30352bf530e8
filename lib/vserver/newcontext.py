"""A new context: a number, its restrictions, its leaf and its process 1."""

from __future__ import annotations

import os

from vserver import session
from vserver.kernel import (
    abstract,
    caps,
    collector,
    context,
    devices,
    families,
    firstprocess,
    limits,
)
from vserver.kernel.isolation import Door
from vserver.paths import SEALED_FILES

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

    from vserver.kernel.isolation import Command
    from vserver.kernel.pty import Terminal
    from vserver.session import Request


def make(
    request: Request,
    init: Command | None,
    terminal: Terminal | None,
    announce: Callable[[int], None] | None,
) -> session.Place | None:
    """A new context; None when somebody else was faster, with making or with collecting it.

    The arguments and errors are those of session.obtain. Nothing is left after an error.
    """
    if os.path.exists(SEALED_FILES):
        from vserver.kernel import seal  # on few machines, and 2 ms

        seal.uphold()
    collector.collect()
    try:
        number, held = context.create(request.number)
    except (FileExistsError, FileNotFoundError):
        return None
    try:
        if context.init_of(number):
            os.close(held)
            return None
        return _furnish(request, number, held, init, terminal, announce)
    except BaseException:
        collector.destroy(number, seconds=5.0)
        os.close(held)
        raise


def _furnish(
    request: Request,
    number: int,
    held: int,
    init: Command | None,
    terminal: Terminal | None,
    announce: Callable[[int], None] | None,
) -> session.Place:
    if request.guest:
        context.set_name(number, request.guest)
    if request.armoured:
        context.set_ceiling(number, request.allowed)
    if request.network:
        context.set_own_network(number, request.network.published)
    if request.own_root:
        devices.restrict(context.directory(number))
        abstract.keep_apart(context.directory(number))
        families.restrict(context.directory(number))
    if not request.flags & session.LIMITING:
        limits.limit_processes(number, None)
    session.set_flags(number, request.flags, request.processes)
    leaf, complaints = session.leaf(request, number)
    place = session.Place(number, session.setting(request, number), leaf, held)
    if init and announce:
        announce(number)
    users = _make_users(request, number) if request.own_users else -1
    try:
        place.init, place.complaints = firstprocess.create(
            number,
            place.leaf,
            place.setting,
            request.names,
            init=init,
            device_files=request.device_files,
            network=request.network,
            users=users,
            terminal=terminal,
        )
    finally:
        if users >= 0:
            os.close(users)
    place.complaints += complaints
    place.created = True
    if not init:
        place.door = Door(number)
        if announce:
            announce(number)
    return place


def _make_users(request: Request, number: int) -> int:
    """A user namespace for context ``number``."""
    from vserver.kernel import userns

    if request.allowed & caps.NET_BIND_SERVICE:
        userns.open_low_ports(context.directory(number))
    return userns.make(number)
