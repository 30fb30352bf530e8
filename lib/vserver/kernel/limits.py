"""Limits and shares of a whole context, by whatever controllers the machine has.

cgroup v2 controllers sit on the context's own directory. On a machine with v1 controllers
beside v2, the v1 hierarchy of the same name gets a directory for the context, which members
have to join one by one.
"""

from __future__ import annotations

import os
from errno import EOPNOTSUPP

from vserver.kernel import cgroup, context

_V1_ROOT = "/sys/fs/cgroup"

# Every context has a process limit, so that a fork bomb stays the guest's own trouble
DEFAULT_PROCESSES = 4096

_ONE_TASK_V1 = "1024"  # cpu.shares of one nice-0 task
_ONE_TASK_V2 = "100"  # cpu.weight of the same


class Unsupported(OSError):
    """The machine has no controller for what was asked for."""

    def __init__(self, controller: str) -> None:
        super().__init__(EOPNOTSUPP, f"no cgroup controller '{controller}'", controller)


def limit_processes(number: int, most: int | None) -> None:
    """At most ``most`` processes and threads in context ``number`` together (pids controller).

    None is the default limit, which is left out where the machine has no controller for it;
    Unsupported when a limit was asked for.
    """
    text = str(DEFAULT_PROCESSES if most is None else most)
    if _has_v2("pids"):
        _enable("pids")
        cgroup.write(context.directory(number) + "/pids.max", text)
    elif _has_v1("pids"):
        cgroup.write(_make_v1("pids", number) + "/pids.max", text)
    elif most is not None:
        raise Unsupported("pids")


def share_one_task(number: int) -> None:
    """All of context ``number`` together get about the processor share of one process."""
    if _has_v2("cpu"):
        _enable("cpu")
        cgroup.write(context.directory(number) + "/cpu.weight", _ONE_TASK_V2)
        busy = max(1, len(context.numbers()))
        cgroup.write(context.root() + "/cpu.weight", str(min(10000, 100 * busy)))
    elif _has_v1("cpu"):
        cgroup.write(_make_v1("cpu", number) + "/cpu.shares", _ONE_TASK_V1)
    else:
        raise Unsupported("cpu")


def directories_to_join(number: int) -> list[str]:
    """The v1 directories that a process must join by itself to be in context ``number``."""
    candidates = (_v1_directory(controller, number) for controller in ("pids", "cpu"))
    return [path for path in candidates if os.path.isdir(path)]


def remove(number: int) -> None:
    """Remove the v1 directories of context ``number``, which must be empty by now."""
    for path in directories_to_join(number):
        cgroup.remove(path)


def _has_v2(controller: str) -> bool:
    with open(cgroup.mount_point() + "/cgroup.controllers", encoding="utf-8") as file:
        return controller in file.read().split()


def _has_v1(controller: str) -> bool:
    return os.path.exists(f"{_V1_ROOT}/{controller}/cgroup.procs")


def _enable(controller: str) -> None:
    for directory in (cgroup.mount_point(), context.root()):
        with open(directory + "/cgroup.subtree_control", encoding="utf-8") as file:
            enabled = file.read().split()
        if controller not in enabled:
            cgroup.write(directory + "/cgroup.subtree_control", "+" + controller)


def _v1_directory(controller: str, number: int) -> str:
    """Directly below the root, where it competes with single tasks of the host."""
    return f"{_V1_ROOT}/{controller}/vserver-{number}"


def _make_v1(controller: str, number: int) -> str:
    """The directory, with those in it who are in the context already."""
    path = _v1_directory(controller, number)
    os.makedirs(path, 0o755, exist_ok=True)
    for pid in cgroup.processes(context.directory(number)):
        _move(pid, path)
    return path


def _move(pid: int, directory: str) -> None:
    try:
        cgroup.write(directory + "/cgroup.procs", str(pid))
    except ProcessLookupError:
        pass
