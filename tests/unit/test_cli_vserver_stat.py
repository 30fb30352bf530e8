"""The units of vserver-stat."""

from __future__ import annotations

import pytest

from vserver.cli.vserver_stat import duration, size

K = 1024


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1KB"),
        (K * K - 1, "1023KB"),
        (K * K, "1MB"),
        (3 * K**3 - 1, "2GB"),
        (3 * K**3, "3GB"),
        (K**4, "1TB"),
        (5000 * K**4, "5000TB"),
    ],
)
def test_sizes_have_the_largest_unit_that_leaves_a_number(number: int, shown: str) -> None:
    assert size(number) == shown


@pytest.mark.parametrize(
    ("ticks", "shown"),
    [
        (0, "   m00.00"),
        (733, "   m07.33"),
        (5 * 6000 + 733, "  5m07.33"),
        (59 * 6000 + 5999, " 59m59.99"),
        (360000, "  1h00m00"),
        ((12 * 3600 + 93) * 100, " 12h01m33"),
        ((13 * 3600 + 59 * 60 + 59) * 100, " 13h59m59"),
        (86400 * 100, "  1d00h00"),
        ((40 * 86400 + 3 * 3600 + 17 * 60) * 100, " 40d03h17"),
        ((100 * 86400 + 23 * 3600 + 59 * 60 + 59) * 100, "100d23h59"),
    ],
)
def test_times_are_nine_columns_wide(ticks: int, shown: str) -> None:
    assert duration(ticks) == shown
