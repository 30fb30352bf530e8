"""The end of contexts: killed, or found empty by the next command."""

from __future__ import annotations

import os

from vserver.kernel import cgroup, context, limits


def collect() -> None:
    """Remove contexts that nobody is in any more, and reapers that hold nothing.

    A context that is being made or entered is locked, and left alone.
    """
    for number in cgroup.some(context.numbers()):
        if _is_idle(number):
            _remove_idle(number)


def _is_idle(number: int) -> bool:
    """Is nobody in there, or only what somebody left who was killed while making it."""
    if number != context.OBSERVER and context.init_of(number) is None:
        return True
    return not context.is_running(number)


def _remove_idle(number: int) -> None:
    try:
        held = context.lock_unused(number)
    except OSError:
        return
    try:
        if _is_idle(number):
            destroy(number, seconds=1.0)
    finally:
        os.close(held)


def destroy(number: int, *, seconds: float) -> bool:
    """Kill what is left in context ``number`` and remove it; False if that took too long."""
    path = context.directory(number)
    if cgroup.is_populated(path):
        try:
            cgroup.kill(path)
        except FileNotFoundError:
            return True
        cgroup.wait_empty(path, seconds)
    if context.has_own_network(number):
        from vserver.kernel import netns

        netns.remove(number)
    limits.remove(number)
    return cgroup.remove(path)
