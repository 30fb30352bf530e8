"""The directory above the guests is looked at and never changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from vserver import barrier


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    guest = tmp_path / "vservers/web"
    guest.mkdir(parents=True)
    return guest


def test_mode_000_is_quiet(guest: Path) -> None:
    guest.parent.chmod(0)
    said = barrier.warning(str(guest))
    guest.parent.chmod(0o700)
    assert said == ""


def test_any_other_mode_is_told_with_the_remedy(guest: Path) -> None:
    guest.parent.chmod(0o700)
    lines = barrier.warning(str(guest)).split("\n")
    assert lines[2] == f"{guest}/.. has insecure permissions."
    assert lines[5] == f"\t chmod 000 {guest}/.."
    assert (lines[0], lines[1], lines[-2], lines[-1]) == ("", "*" * 58, "*" * 58, "")


def test_a_tree_that_is_a_link_is_judged_where_it_is(guest: Path, tmp_path: Path) -> None:
    guest.parent.chmod(0o711)
    tmp_path.joinpath("alias").symlink_to(guest)
    assert "insecure" in barrier.warning(str(tmp_path / "alias"))
