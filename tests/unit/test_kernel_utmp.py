"""The run level record, with the C library and runlevel-like programs as second witness."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from vserver.kernel import utmp

SIZE = len(utmp.run_level_record("3", 0))
USER_RECORD = b"\x07" + b"\xff" * (SIZE - 1)


def store(path: Path, level: str) -> None:
    file = utmp.open_file(str(path))
    try:
        utmp.store_run_level(file, level)
    finally:
        os.close(file)


def who(path: Path) -> str:
    """What who(1), which reads the file through the C library, says about the run level."""
    command = ["who", "-r", str(path)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return " ".join(shown.split())


def test_a_missing_file_is_made(tmp_path: Path) -> None:
    store(tmp_path / "utmp", "3")
    assert who(tmp_path / "utmp").startswith("run-level 3 ")
    assert (tmp_path / "utmp").stat().st_size == SIZE


def test_the_record_is_replaced(tmp_path: Path) -> None:
    store(tmp_path / "utmp", "3")
    store(tmp_path / "utmp", "5")
    assert who(tmp_path / "utmp").startswith("run-level 5 ")
    assert (tmp_path / "utmp").stat().st_size == SIZE


def test_other_records_stay(tmp_path: Path) -> None:
    path = tmp_path / "utmp"
    path.write_bytes(USER_RECORD * 2)
    store(path, "2")
    assert path.read_bytes()[: 2 * SIZE] == USER_RECORD * 2
    assert path.stat().st_size == 3 * SIZE


def test_an_incomplete_last_record_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "utmp"
    path.write_bytes(USER_RECORD + USER_RECORD[:10])
    store(path, "2")
    assert path.stat().st_size == 2 * SIZE
    assert "run-level 2 " in who(path)


def test_the_time_is_that_of_now(tmp_path: Path) -> None:
    store(tmp_path / "utmp", "3")
    assert f"{datetime.now():%Y-%m-%d}" in who(tmp_path / "utmp")


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "utmp"
    with path.open("wb") as file:
        file.truncate(SIZE << 30)
    store(path, "3")
    assert path.stat().st_size == (SIZE << 30) + SIZE


@pytest.mark.parametrize("name", ["link", "folder/utmp"])
def test_links_are_not_followed(tmp_path: Path, name: str) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "utmp").touch()
    (tmp_path / "link").symlink_to(tmp_path / "target" / "utmp")
    (tmp_path / "folder").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        utmp.open_file(str(tmp_path / name))
    assert (tmp_path / "target" / "utmp").stat().st_size == 0


def test_a_fifo_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "utmp")
    with pytest.raises(OSError, match="Invalid argument"):
        utmp.open_file(str(tmp_path / "utmp"))
