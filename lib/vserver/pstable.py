"""The table of any ps, with the context of each process put in after its pid.

The column is found by its heading, in the output of whatever ps the machine has (0.14): procps
sets numbers flush right under it, busybox beside it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

HEADING = " CONTEXT       "
COLUMNS = " %-3d %-10s"
UNKNOWN = -1


def annotate(table: str, look_up: Callable[[int], tuple[int, str]]) -> str:
    """``table`` with a number and a name after each pid, as ``look_up`` gives them.

    A line without a pid is looked up as UNKNOWN. A table without the heading PID stays as it is.
    """
    heading, *rows = table.removesuffix("\n").split("\n")
    edge = _pid_edge(heading)
    if not edge:
        return table
    limit = len(heading) - len(heading[edge:].lstrip(" "))
    ends = [_number_end(row, edge, limit) for row in rows]
    width = max(edge, min((end for end in ends if 0 < end <= limit), default=0))
    lines = [_insert(heading.ljust(width), width, HEADING)]
    for row, end in zip(rows, ends, strict=True):
        pid = _number_before(row, end)
        lines.append(_insert(row.ljust(edge), end or edge, COLUMNS % look_up(pid)))
    return "\n".join(lines) + "\n"


def _insert(line: str, position: int, text: str) -> str:
    return line[:position] + text + line[position:]


def _pid_edge(heading: str) -> int:
    """Where the last word PID ends; 0 when there is none."""
    edge = f" {heading} ".rfind(" PID ")
    return edge + 3 if edge >= 0 else 0


def _number_end(row: str, edge: int, limit: int) -> int:
    """Where the number under the heading ends: at ``edge``, beyond it when it is too wide, or
    between there and ``limit``, the next heading; 0 without one."""
    end = edge
    if not row[edge - 1 : edge].isdigit():
        while end < limit and row[end : end + 1] == " ":
            end += 1
    while row[end : end + 1].isdigit():
        end += 1
    return end if row[end - 1 : end].isdigit() else 0


def _number_before(row: str, end: int) -> int:
    digits = row[:end].rsplit(" ", 1)[-1] if end else ""
    return int(digits) if digits.isdecimal() else UNKNOWN
