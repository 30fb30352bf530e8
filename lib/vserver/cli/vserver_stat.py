"""vserver-stat: a table of the virtual servers and of what they use."""

from __future__ import annotations

import sys

from vserver import VERSION, contextnames, contextstat, observer
from vserver.cli import complain, program
from vserver.contextstat import TICKS
from vserver.errors import VserverError, reason
from vserver.kernel import context

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.contextstat import Usage

USAGE = """\
{name}: from vserver kit version {version}
{name} [ --json ]

Show the virtual servers and what they use:

CTX#      number of the security context, 0 is the root server
PROC QTY  number of processes
VSZ       their virtual memory
RSS       their resident memory
userTIME  time they spent in user mode
sysTIME   time they spent in kernel mode
UPTIME    time since the oldest of them was started
NAME      name of the virtual server, and its description

--json    the same as JSON: bytes, and seconds"""

HEADING = "CTX  PROC    VSZ    RSS  userTIME   sysTIME    UPTIME NAME     DESCRIPTION"
# the old "%-4d %4d %6s %6s %9s %9s %9s %-8s %s": where the columns of numbers end
ENDS = (9, 16, 23, 33, 43, 53)
UNITS = ("B", "KB", "MB", "GB", "TB")
SECOND, MINUTE, HOUR, DAY = TICKS, 60 * TICKS, 3600 * TICKS, 86400 * TICKS


class Row:
    """A context with its usage, its name and how long it is up (1/100 s)."""

    __slots__ = ("description", "name", "number", "uptime", "usage")

    def __init__(self, number: int, usage: Usage, name: str, uptime: int) -> None:
        self.number = number
        self.usage = usage
        self.name = name
        self.uptime = uptime
        self.description = contextnames.description(name) if number > context.OBSERVER else ""


def main() -> int:
    """Print the table; the usage for any argument but --json, with status 0 as ever."""
    if sys.argv[1:] not in ([], ["--json"]):
        raise VserverError(USAGE.format(name=program(), version=VERSION), 0)
    rows = _rows()
    if sys.argv[1:]:
        _print_json(rows)
        return 0
    print(HEADING)
    for row in rows:
        print(_line(row))
    return 0


def _rows() -> list[Row]:
    usages, now = _collect(), _uptime()
    names = _names(wanted=any(number > context.OBSERVER for number in usages))
    return [
        Row(number, usage, names.get(number, ""), _since(usage.started, now))
        for number, usage in sorted(usages.items())
    ]


def _collect() -> dict[int, Usage]:
    try:
        observer.require()
    except OSError:
        text = f"{program()}: unable to switch in context security #1"
        raise VserverError(text, 255) from None
    try:
        return contextstat.collect()
    except OSError as error:
        raise VserverError(f"{program()}: {reason(error)}", 255) from None


def _uptime() -> int:
    try:
        return contextstat.uptime()
    except ValueError:
        complain(f"{program()}: bad data in /proc/uptime")
    except OSError:
        pass
    return 0


def _since(started: int | None, now: int) -> int:
    return 0 if started is None else max(now - started, 0)


def _names(*, wanted: bool) -> dict[int, str]:
    names: dict[int, str] = {}
    if wanted:
        try:
            names = contextnames.claimed()
        except OSError as error:
            complain(f"{program()}: in openning /var/run/vservers/: {reason(error)}")
        names |= contextnames.recorded()
    return names | contextnames.FIXED


def _line(row: Row) -> str:
    """A row; what is too wide, as are numbers from 49152 on, takes room from the next column."""
    usage = row.usage
    columns = (
        str(usage.processes),
        size(usage.vsize),
        size(usage.rss),
        duration(usage.user),
        duration(usage.system),
        duration(row.uptime),
    )
    line = str(row.number)
    for end, column in zip(ENDS, columns, strict=True):
        line += " " + column.rjust(end - len(line) - 1)
    return f"{line} {row.name:8} {row.description}"


def size(number: int) -> str:
    """``number`` bytes in the largest unit that leaves a whole number (0.20)."""
    unit = 0
    while number >= 1024 and unit < len(UNITS) - 1:
        number //= 1024
        unit += 1
    return f"{number}{UNITS[unit]}"


def duration(ticks: int) -> str:
    """A time given in 1/100 s, nine columns wide."""
    if ticks >= DAY:
        return f"{ticks // DAY:3d}d{ticks % DAY // HOUR:02d}h{ticks % HOUR // MINUTE:02d}"
    if ticks >= HOUR:
        return f" {ticks // HOUR:2d}h{ticks % HOUR // MINUTE:02d}m{ticks % MINUTE // SECOND:02d}"
    minutes = f"{ticks // MINUTE:2d}" if ticks >= MINUTE else "  "
    return f" {minutes}m{ticks % MINUTE // SECOND:02d}.{ticks % SECOND:02d}"


def _print_json(rows: list[Row]) -> None:
    import json

    print(json.dumps([_fields(row) for row in rows], indent=1))


def _fields(row: Row) -> dict[str, object]:
    usage = row.usage
    return {
        "context": row.number,
        "processes": usage.processes,
        "vsz": usage.vsize,
        "rss": usage.rss,
        "user_time": usage.user / TICKS,
        "system_time": usage.system / TICKS,
        "uptime": row.uptime / TICKS,
        "name": row.name,
        "description": row.description,
    }
