"""Security contexts: numbered cgroups, with their facts as extended attributes.

Context N is the cgroup CG/vserver/N: a process is in N because its cgroup lies there. That is
inherited by fork, cannot be left from inside and is race-free, and what belongs to the context
lives and dies with the directory. Context 0 is everything else, context 1 the observer's.

Numbers are those of the patched kernel (later ctx releases): 2 to 49151 chosen by the
administrator, 49152 to 65535 given out. mkdir(2) is what makes a number ours.
"""

from __future__ import annotations

import os
from errno import EINVAL, ENODATA, ENOENT, ENOSPC

from vserver.kernel import cgroup, directorylock, process

OBSERVER = 1
FIRST = 2
FIRST_DYNAMIC = 49152
LAST = 65535

# Context flags, as bits of the patched kernel's new_s_context()
LOCK = 1
SCHED = 2
NPROC = 4
PRIVATE = 8
FAKEINIT = 16
HIDEINFO = 32
ULIMIT = 64
FLAGS = {
    "lock": LOCK,
    "sched": SCHED,
    "nproc": NPROC,
    "private": PRIVATE,
    "fakeinit": FAKEINIT,
    "hideinfo": HIDEINFO,
    "ulimit": ULIMIT,
}

_INITIAL_CGROUP_NAMESPACE = "cgroup:[4026531835]"  # PROC_CGROUP_INIT_INO, linux/proc_ns.h

_ATTRIBUTE = "trusted.vserver."


def root() -> str:
    """The directory of all contexts."""
    return cgroup.mount_point() + "/vserver"


def make_root() -> str:
    """Make the directory of all contexts, if it is not there."""
    os.makedirs(root(), cgroup.PRIVATE, exist_ok=True)
    return root()


def directory(number: int) -> str:
    """The cgroup directory of context ``number``."""
    return f"{root()}/{number}"


def of_process(pid: int | str = "self") -> int:
    """The context of process ``pid``: 0 on the root server. Errors as cgroup.of_process.

    The caller itself may be inside a context whose cgroup namespace hides the path; it is
    then looked up in the contexts' member lists, where these can be seen.
    """
    path = cgroup.of_process(pid)
    if path.startswith("/vserver/"):
        number = path.split("/", 3)[2]
        return int(number) if number.isdigit() else 0
    if pid == "self" and os.readlink("/proc/self/ns/cgroup") != _INITIAL_CGROUP_NAMESPACE:
        return _look_up_self(path)
    return 0


def _look_up_self(path: str) -> int:
    me = os.getpid()
    if me in cgroup.pids_in(cgroup.mount_point() + path):  # the namespace hides nothing
        return 0
    return next((n for n in numbers() if me in cgroup.processes(directory(n))), 0)


def numbers() -> list[int]:
    """The contexts that have a directory, in order."""
    names = (os.path.basename(path) for path in cgroup.children(root()))
    return sorted(int(name) for name in names if name.isdigit())


def create(number: int | None = None) -> tuple[int, int]:
    """Make the directory of context ``number``, or of a free dynamic one; the number and the
    descriptor that holds it, as of ``lock``.

    FileExistsError when ``number`` is taken; EINVAL when it is out of range; ENOSPC when all
    are taken; FileNotFoundError when somebody who asked for that very number removed it.
    """
    if number is not None and not FIRST <= number <= LAST:
        raise OSError(EINVAL, os.strerror(EINVAL))
    naming = directorylock.hold(make_root())
    try:
        if number is None:
            number = _allocate()
        else:
            os.mkdir(directory(number), cgroup.PRIVATE)
        return number, lock(number)
    finally:
        os.close(naming)


def _allocate() -> int:
    """The number after the one given out last: a number is not soon used again."""
    span = LAST - FIRST_DYNAMIC + 1
    last = get_number(root(), "last", FIRST_DYNAMIC - 1)
    for step in range(1, span + 1):
        number = FIRST_DYNAMIC + (last + step - FIRST_DYNAMIC) % span
        try:
            os.mkdir(directory(number), cgroup.PRIVATE)
        except FileExistsError:
            continue
        set_fact(root(), "last", number)
        return number
    raise OSError(ENOSPC, os.strerror(ENOSPC))


def exists(number: int) -> bool:
    """Has context ``number`` a directory (it may hold no process any more)."""
    return os.path.isdir(directory(number))


def processes(number: int) -> list[int]:
    """The host pids of the members of context ``number``, without its reaper."""
    pids = cgroup.processes(directory(number))
    init = init_of(number)
    if init and not init.is_guest and init.pid in pids:
        pids.remove(init.pid)
    return pids


def services(number: int) -> list[int]:
    """The host pids of all but process 1 of context ``number``, be it the reaper or not."""
    pids = cgroup.processes(directory(number))
    init = init_of(number)
    return [pid for pid in pids if init is None or pid != init.pid]


def is_running(number: int) -> bool:
    """Is any process but the reaper in context ``number``."""
    return cgroup.is_populated(directory(number)) and bool(processes(number))


class Init:
    """Process 1 of a context: ``is_guest`` for fakeinit, else our reaper.

    ``has_own_users``: it is in a user namespace of the context's own.
    """

    __slots__ = ("has_own_users", "is_guest", "pid", "started")

    def __init__(self, pid: int, started: int, *, is_guest: bool, has_own_users: bool) -> None:
        self.pid = pid
        self.started = started
        self.is_guest = is_guest
        self.has_own_users = has_own_users


def set_init(number: int, pid: int, *, is_guest: bool, has_own_users: bool = False) -> None:
    """Record ``pid`` as process 1 of context ``number``."""
    kind = ("guest" if is_guest else "reaper") + (" users" if has_own_users else "")
    set_fact(directory(number), "init", f"{pid} {process.start_time(pid)} {kind}")


def init_of(number: int) -> Init | None:
    """Process 1 of context ``number`` as recorded, None before that.

    A creator inside another context knew it by another pid; then its start tells it.
    """
    words = get_fact(directory(number), "init").split()
    if len(words) < 3:
        return None
    pid, started = int(words[0]), int(words[1])
    if not _started_at(pid, started):
        members = cgroup.processes(directory(number))
        pid = next((member for member in members if _started_at(member, started)), pid)
    return Init(pid, started, is_guest=words[2] == "guest", has_own_users="users" in words)


def _started_at(pid: int, started: int) -> bool:
    try:
        return process.start_time(pid) == started
    except OSError:
        return False


def set_name(number: int, name: str) -> None:
    """Record the guest that context ``number`` belongs to."""
    set_fact(directory(number), "name", name)


def name_of(number: int) -> str:
    """The guest that context ``number`` belongs to; empty for a bare chcontext."""
    return get_fact(directory(number), "name")


def find(name: str) -> int:
    """The context whose recorded name is ``name``; 0 when there is none."""
    return next((number for number in numbers() if name_of(number) == name), 0)


def set_ceiling(number: int, allowed: int) -> None:
    """Record that nobody may have more capabilities than ``allowed`` in context ``number``."""
    set_fact(directory(number), "ceiling", f"{allowed:x}")


def ceiling_of(number: int) -> int | None:
    """The capability ceiling of context ``number``, None where it has none."""
    text = get_fact(directory(number), "ceiling")
    return int(text, 16) if text else None


def set_own_network(number: int, published: list[tuple[str, str]]) -> None:
    """Record that context ``number`` has a network namespace of its own.

    ``published`` are its addresses, each after the device of the host that it is reached by.
    """
    words = " ".join(f"{device}:{address}" for device, address in published)
    set_fact(directory(number), "network", f"own {words}")


def has_own_network(number: int) -> bool:
    """Has context ``number`` a network namespace of its own, instead of its creator's?"""
    return bool(get_fact(directory(number), "network"))


def published_of(number: int) -> list[tuple[str, str]]:
    """What ``set_own_network`` was told of context ``number``, nothing without one."""
    words = get_fact(directory(number), "network").split()[1:]
    return [(device, address) for device, _, address in (word.rpartition(":") for word in words)]


def add_flags(number: int, flags: int) -> int:
    """Add ``flags`` to those of context ``number`` (they are never taken back); all of them."""
    everything = flags_of(number) | flags
    set_fact(directory(number), "flags", everything)
    return everything


def flags_of(number: int) -> int:
    """The flags of context ``number``."""
    return get_number(directory(number), "flags", 0)


def lock(number: int) -> int:
    """Hold context ``number`` against removal and other users until the descriptor is closed.

    FileNotFoundError when it has gone.
    """
    return directorylock.hold(directory(number))


def lock_unused(number: int) -> int:
    """Hold context ``number`` as ``lock`` does, if nobody holds it; else BlockingIOError.

    One whose directory somebody has just made counts as held.
    """
    naming = directorylock.hold(root())
    try:
        return directorylock.hold(directory(number), wait=False)
    finally:
        os.close(naming)


def set_fact(path: str, key: str, value: int | str) -> None:
    """Store a fact on cgroup directory ``path``."""
    os.setxattr(path, _ATTRIBUTE + key, str(value).encode())


def get_fact(path: str, key: str) -> str:
    """A fact stored on cgroup directory ``path``, empty when there is none."""
    try:
        return os.getxattr(path, _ATTRIBUTE + key).decode()
    except OSError as error:
        if error.errno in (ENODATA, ENOENT):
            return ""
        raise


def get_number(path: str, key: str, default: int) -> int:
    """A number stored on cgroup directory ``path``."""
    text = get_fact(path, key)
    return int(text) if text.isdigit() else default
