"""The table of ps, whatever ps it is."""

from __future__ import annotations

import pytest

from vserver import pstable


def look_up(pid: int) -> tuple[int, str]:
    return {1: (0, "MAIN"), 2347: (2, "smb001"), 1234567: (49152, "a-long-name-for-a-guest")}.get(
        pid, (-1, "UNKNOWN")
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param(
            "    PID TTY      STAT   TIME COMMAND\n"
            "      1 ?        S      0:04 init\n"
            "   2347 ?        S      0:00 smbd -D\n"
            "1234567 ?        S      0:00 x\n"
            "   9999 ?        R      0:00 ps ax\n",
            "    PID CONTEXT        TTY      STAT   TIME COMMAND\n"
            "      1 0   MAIN       ?        S      0:04 init\n"
            "   2347 2   smb001     ?        S      0:00 smbd -D\n"
            "1234567 49152 a-long-name-for-a-guest ?        S      0:00 x\n"
            "   9999 -1  UNKNOWN    ?        R      0:00 ps ax\n",
            id="procps",
        ),
        pytest.param(
            "PID   USER     TIME  COMMAND\n"
            "    1 root      0:00 init\n"
            " 2347 root      0:00 smbd\n"
            "1234567 root      0:00 x\n",
            "PID   CONTEXT        USER     TIME  COMMAND\n"
            "    1 0   MAIN       root      0:00 init\n"
            " 2347 2   smb001     root      0:00 smbd\n"
            "1234567 49152 a-long-name-for-a-guest root      0:00 x\n",
            id="busybox",
        ),
        pytest.param(
            "PPID   PID SPID PGID\n   1  2347    1    1\n",
            "PPID   PID CONTEXT        SPID PGID\n   1  2347 2   smb001        1    1\n",
            id="like-named-columns",
        ),
        pytest.param(
            "PPID  PID\n   1    1\n",
            "PPID  PID CONTEXT       \n   1    1 0   MAIN      \n",
            id="last-column",
        ),
        pytest.param(
            "USER   PID CMD\nlongname  2347 x\n",
            "USER   PID CONTEXT        CMD\nlongname  2347 2   smb001     x\n",
            id="pushed-right",
        ),
        pytest.param(
            "  PID CMD\n    1 a\n  two lines\n",
            "  PID CONTEXT        CMD\n    1 0   MAIN       a\n  two -1  UNKNOWN    lines\n",
            id="no-number",
        ),
        pytest.param("  PID CMD\n", "  PID CONTEXT        CMD\n", id="no-process"),
        pytest.param("PPID CMD\n   1 a\n", "PPID CMD\n   1 a\n", id="no-pid"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_context_stands_after_the_pid(table: str, expected: str) -> None:
    assert pstable.annotate(table, look_up) == expected
