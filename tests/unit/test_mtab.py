"""The generated mtab says what the guest sees and not what the host's devices are called."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from vserver import mtab
from vserver.kernel.rooted import Root

HOST = """\
20 1 254:0 / / rw,relatime - ext4 /dev/sda1 rw,discard
21 20 0:21 / /proc rw - proc proc rw
22 20 254:1 / /vservers rw,nosuid shared:3 - xfs /dev/sdb1 rw,noquota
"""
OWN = """\
proc /proc proc rw,nosuid,nodev,noexec 0 0
tmpfs /dev tmpfs rw,nosuid,noexec 0 0
devpts /dev/pts devpts rw,nosuid,noexec,gid=5,mode=620 0 0
tmpfs /dev/shm tmpfs rw,nosuid,nodev,noexec 0 0
"""
FIRST = "/dev/hdv1 / xfs rw,nosuid,noquota 0 0\n"


def generated(more: str = "", base: str = "/vservers/web") -> str:
    """The mtab of ``base`` for HOST with ``more`` mounts, less the guest's own."""
    text = mtab.generate((HOST + more).encode(), base)[0].decode()
    assert text.endswith(OWN)
    return text.removesuffix(OWN)


def test_the_tree_is_on_a_dummy_device() -> None:
    assert generated() == FIRST
    assert generated(base="/srv/web") == "/dev/hdv1 / ext4 rw,relatime,discard 0 0\n"


def test_mounts_below_the_tree_are_shown_as_the_guest_sees_them() -> None:
    below = generated(
        "30 22 8:1 / /vservers/web/home rw - ext3 /dev/sdc1 rw\n"
        "31 22 0:40 / /vservers/web/data ro - nfs4 filer:/export rw,vers=4\n"
        "32 22 0:41 / /vservers/web/tmp rw - tmpfs none rw,size=1m\n"
        "33 22 8:2 / /vservers/web/usr rw - ext3 /dev/sdd1 ro\n"
        "34 22 0:43 / /vservers/web/win rw - cifs //pc/share rw\n"
        "35 22 0:44 / /vservers/webshop rw - ext3 /dev/sde1 rw\n"
    )
    assert below == FIRST + (
        "/dev/hdv2 /home ext3 rw 0 0\n"
        "filer:/export /data nfs4 ro,vers=4 0 0\n"
        "none /tmp tmpfs rw,size=1m 0 0\n"
        "/dev/hdv3 /usr ext3 ro 0 0\n"
        "//pc/share /win cifs rw 0 0\n"
    )


def test_the_dummy_devices_are_named() -> None:
    more = "30 22 8:1 / /vservers/web/home rw - ext3 /dev/sdc1 rw\n"
    assert mtab.generate((HOST + more).encode(), "/vservers/web")[1] == ["hdv1", "hdv2"]


def test_a_mount_on_the_tree_itself_is_the_first_line() -> None:
    assert generated("30 22 8:1 / /vservers/web rw - ext3 /dev/sdc1 rw\n") == (
        "/dev/hdv1 / ext3 rw 0 0\n"
    )


def test_of_each_point_the_topmost_mount_is_shown() -> None:
    assert generated(
        "30 22 8:1 / /vservers/web/home rw - ext3 /dev/sdc1 rw\n"
        "31 30 8:2 / /vservers/web/home rw - ext2 /dev/sdd1 rw\n"
    ) == (FIRST + "/dev/hdv2 /home ext2 rw 0 0\n")


def test_a_mount_below_a_later_one_is_hidden() -> None:
    assert generated(
        "31 22 8:2 / /vservers/web/a rw - ext2 /dev/sdd1 rw\n"
        "30 22 8:1 / /vservers/web/a/b rw - ext3 /dev/sdc1 rw\n"
        "32 30 8:1 / /vservers/web/a/b/c rw - ext3 /dev/sdc1 rw\n"
        "33 31 8:1 / /vservers/web/a/d rw - ext3 /dev/sdc1 rw\n"
    ) == (FIRST + "/dev/hdv2 /a ext2 rw 0 0\n/dev/hdv3 /a/d ext3 rw 0 0\n")


def test_the_hosts_mounts_under_the_guests_own_are_not_shown() -> None:
    assert (
        generated(
            "30 22 0:21 / /vservers/web/proc rw - proc proc rw\n"
            "31 22 0:22 / /vservers/web/dev/pts rw - devpts devpts rw\n"
            "32 22 8:1 / /vservers/web/devel rw - ext3 /dev/sdc1 rw\n"
        )
        == FIRST + "/dev/hdv2 /devel ext3 rw 0 0\n"
    )


def test_escapes_are_kept() -> None:
    more = "30 22 8:1 / /vservers/web/a\\040b rw - ext3 /dev/sdc1 rw\n"
    assert generated(more) == FIRST + "/dev/hdv2 /a\\040b ext3 rw 0 0\n"
    more = "30 22 8:1 / /vservers/a\\040b rw - ext3 /dev/sdc1 rw\n"
    assert generated(more, "/vservers/a b") == "/dev/hdv1 / ext3 rw 0 0\n"


def test_this_machines_own_table_is_understood(tmp_path: Path) -> None:
    with open("/proc/self/mountinfo", "rb") as file:
        text, _ = mtab.generate(file.read(), str(tmp_path))
    assert text.startswith(b"/dev/hdv1 / ")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    (tmp_path / "etc").mkdir()
    with Root.open_dir(str(tmp_path)) as root:
        yield root


needs_root = pytest.mark.skipif("os.getuid() != 0", reason="files are made for user 0")


@needs_root
def test_a_spoilt_mtab_is_renewed(root: Root, tmp_path: Path) -> None:
    (tmp_path / "etc/mtab").write_text("spoilt")
    mtab.write(root, b"new\n")
    assert (tmp_path / "etc/mtab").read_bytes() == b"new\n"


@needs_root
def test_a_right_mtab_is_not_written_again(root: Root, tmp_path: Path) -> None:
    mtab.write(root, b"new\n")
    before = os.stat(tmp_path / "etc/mtab").st_ino
    mtab.write(root, b"new\n")
    assert os.stat(tmp_path / "etc/mtab").st_ino == before


@pytest.mark.parametrize("target", ["/proc/mounts", "../proc/self/mounts"])
def test_a_link_into_proc_stays(root: Root, tmp_path: Path, target: str) -> None:
    (tmp_path / "etc/mtab").symlink_to(target)
    mtab.write(root, b"new\n")
    assert os.readlink(tmp_path / "etc/mtab") == target


@needs_root
@pytest.mark.parametrize("target", ["/etc/passwd", "gone", "mtab"])
def test_any_other_link_is_replaced(root: Root, tmp_path: Path, target: str) -> None:
    (tmp_path / "etc/mtab").symlink_to(target)
    mtab.write(root, b"new\n")
    assert not (tmp_path / "etc/mtab").is_symlink()
    assert (tmp_path / "etc/mtab").read_bytes() == b"new\n"
