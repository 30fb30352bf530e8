"""What the processes of each context use, in one pass over /proc (proc(5))."""

from __future__ import annotations

import os

from vserver import observer
from vserver.kernel import context

TICKS = 100  # per second, of all times here
_TICKS_OF_KERNEL = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Usage:
    """The sums of one context: memory in bytes, times in 1/100 s.

    ``vsize`` is address space, ``rss`` what of it is in memory, ``user`` and ``system`` the time
    of the processes and of the children they have waited for; ``started`` is when the oldest
    process began, since the boot, None without any.
    """

    __slots__ = ("processes", "rss", "started", "system", "user", "vsize")

    def __init__(self) -> None:
        self.processes = self.vsize = self.rss = self.user = self.system = 0
        self.started: int | None = None

    def add(self, fields: list[bytes]) -> None:
        """Count a process, given the fields of its stat from the state on (field 3)."""
        self.processes += 1
        self.user += _in_ticks(int(fields[11]) + int(fields[13]))
        self.system += _in_ticks(int(fields[12]) + int(fields[14]))
        started = _in_ticks(int(fields[19]))
        self.started = started if self.started is None else min(self.started, started)
        self.vsize += int(fields[20])
        self.rss += int(fields[21]) * _PAGE


def _in_ticks(ticks: int) -> int:
    return ticks if _TICKS_OF_KERNEL == TICKS else ticks * TICKS // _TICKS_OF_KERNEL


def collect() -> dict[int, Usage]:
    """The usage of every context that has processes, and of context 0 always.

    Neither the caller nor our reapers count. OSError when /proc cannot be read. Processes are
    listed before their contexts, in which they stay for life: none is taken for another's.
    """
    pids = observer.all_pids()
    members, ignored = observer.memberships(), observer.reapers() | {os.getpid()}
    usages = {0: Usage()}
    for pid in pids:
        if pid in ignored:
            continue
        try:
            fields = _stat(pid)
            number = members.get(pid) or (context.of_process(pid) if fields[0] == b"Z" else 0)
        except OSError:  # it has gone
            continue
        if number not in usages:
            usages[number] = Usage()
        usages[number].add(fields)
    return usages


def _stat(pid: int) -> list[bytes]:
    """The fields from the state on; as process.stat_fields, in half the time."""
    fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    try:
        text = os.read(fd, 1024)
    finally:
        os.close(fd)
    return text[text.rindex(b")") + 2 :].split()


def uptime() -> int:
    """The time since the boot. ValueError when /proc/uptime does not parse, OSError."""
    with open("/proc/uptime", encoding="ascii") as file:
        return int(float(file.read().split(" ")[0]) * TICKS)
