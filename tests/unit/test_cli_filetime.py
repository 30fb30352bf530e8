"""The age of a file as filetime and ``vserver NAME status`` show it."""

from __future__ import annotations

import pytest

from vserver.cli.filetime import age

HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "00:00"),
        (59.9, "00:00"),
        (60, "00:01"),
        (12 * HOUR + 61, "12:01"),
        (DAY - 1, "23:59"),
        (DAY, "1 days 00:00"),
        (DAY + 2 * HOUR + 180, "1 days 02:03"),
        (400 * DAY, "400 days 00:00"),
        (-5, "00:00"),
        (-DAY, "00:00"),
    ],
)
def test_age(seconds: float, text: str) -> None:
    assert age(seconds) == text
