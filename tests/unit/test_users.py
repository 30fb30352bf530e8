"""Users come from the guest's own files, whatever nonsense these hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from vserver.kernel.rooted import Root
from vserver.users import group_id, lookup, parse_id

PASSWD = b"""# accounts
root:x:0:0:root:/root:/bin/bash
+
+joe::::::
-nis:x:7:7::/:/bin/sh
broken
joe:x:500
joe:x:1e3:500::/:/bin/sh
joe:x:-1:500::/:/bin/sh
joe:x:4294967295:500::/:/bin/sh
joe:x: 500:500::/:/bin/sh
joe:x:500:501:Joe \xff:/home/joe:/bin/sh
joe:x:600:600:later:/:/bin/sh
42:x:700:700::/:/bin/sh
"""


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_bytes(PASSWD)
    (tmp_path / "etc/group").write_bytes(b"root:x:0:\nutmp:x:22:\nbad:x:nan:\nshort\n")
    with Root.open_dir(str(tmp_path)) as root:
        yield root


@pytest.mark.parametrize(
    ("user", "uid", "gid"),
    [
        ("joe", 500, 501),
        ("root", 0, 0),
        ("500", 500, 501),
        ("42", 42, 42),
        ("4294967294", 4294967294, 4294967294),
    ],
)
def test_a_user_is_found(root: Root, user: str, uid: int, gid: int) -> None:
    found = lookup(root, user)
    assert found is not None
    assert (found.uid, found.gid) == (uid, gid)


@pytest.mark.parametrize(
    "user", ["nobody", "", "nis", "+joe", "4294967295", "-1", "1e3", "٣", "99999999999999999999"]
)
def test_a_user_is_not_found(root: Root, user: str) -> None:
    assert lookup(root, user) is None


def test_no_passwd_file_is_no_user(root: Root, tmp_path: Path) -> None:
    (tmp_path / "etc/passwd").unlink()
    assert lookup(root, "joe") is None
    found = lookup(root, "7")
    assert found is not None
    assert found.uid == 7


def test_a_passwd_file_of_more_than_a_mebibyte_is_an_error(root: Root, tmp_path: Path) -> None:
    os.truncate(tmp_path / "etc/passwd", 2**20 + 1)
    with pytest.raises(OSError, match="etc/passwd"):
        lookup(root, "joe")


def test_the_hosts_passwd_is_out_of_reach(root: Root, tmp_path: Path) -> None:
    (tmp_path / "etc/passwd").unlink()
    (tmp_path / "etc/passwd").symlink_to("/etc/../../../../../../etc/hostname")
    assert lookup(root, "root") is None


def test_groups(root: Root) -> None:
    assert [group_id(root, name) for name in ("utmp", "bad", "short", "none")] == [
        22,
        None,
        None,
        None,
    ]


def test_an_id_is_plain_digits() -> None:
    assert [parse_id(text) for text in (b"0", b"4294967294")] == [0, 4294967294]
    assert {parse_id(text) for text in (b"", b"+1", b"1_0", b"0x1", b"1 ")} == {None}
