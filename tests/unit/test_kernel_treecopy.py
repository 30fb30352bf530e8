"""A copy is like its source, and the source cannot lead the copying astray."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from vserver.kernel import syscalls
from vserver.kernel.rooted import Root
from vserver.kernel.treecopy import EMPTY, NO_FILES, OMIT, CopyError, TreeCopy

needs_root = pytest.mark.skipif("os.getuid() != 0", reason="owners and nodes need root")
pytestmark = needs_root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name in ("source/usr", "target"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path / "source/usr"


def inode(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino


def copy(source: Path, special: dict[tuple[int, int], str] | None = None) -> Path:
    """The copy of ``source``."""
    above, target = source.parent, source.parent.parent / "target"
    with Root.open_dir(str(above)) as from_, Root.open_dir(str(target)) as to:
        TreeCopy(from_.fd, to.fd, special or {}).copy(source.name)
    return target / source.name


def listing(tree: Path) -> str:
    """What find(1) tells of each entry, but for the inode."""
    form = "%P %y %m %U %G %s %T@ %l %n\n"
    words = ["find", str(tree), "-printf", form]
    found = subprocess.run(words, capture_output=True, text=True, check=True)
    return "\n".join(sorted(found.stdout.splitlines()))


def test_owners_modes_times_and_links_are_kept(source: Path) -> None:
    (source / "bin").mkdir(0o2775)
    (source / "bin/su").write_bytes(b"su")
    os.chown(source / "bin/su", 0, 33)
    (source / "bin/su").chmod(0o4755)
    (source / "bin/sulogin").hardlink_to(source / "bin/su")
    (source / "bin/sh").symlink_to("/bin/dash")
    os.chown(source / "bin/sh", 5, 6, follow_symlinks=False)
    os.utime(source / "bin/sh", (1, 2), follow_symlinks=False)
    os.utime(source / "bin/su", (1, 1000000000.5))
    os.utime(source / "bin", (3, 4))
    made = copy(source)
    assert listing(made) == listing(source)
    assert inode(made / "bin/su") == inode(made / "bin/sulogin")


def test_hostile_names_are_only_names(source: Path) -> None:
    for name in ("new\nline", "-rf", "a b", "*", "\udcff"):
        (source / name).write_text("x")
    assert sorted(os.listdir(copy(source))) == sorted(os.listdir(source))


def test_extended_attributes_are_kept(source: Path) -> None:
    (source / "ping").write_bytes(b"")
    capability = bytes.fromhex("0100000200200000000000000000000000000000")
    os.setxattr(source / "ping", "security.capability", capability)
    os.setxattr(source / "ping", "user.note", b"\xff\0")
    made = copy(source) / "ping"
    assert os.getxattr(made, "security.capability") == capability
    assert os.getxattr(made, "user.note") == b"\xff\0"


def test_holes_stay_holes(source: Path) -> None:
    with open(source / "lastlog", "wb") as file:
        file.seek(1 << 30)
        file.write(b"x" * 5000)
        file.truncate(1 << 31)
    found = os.stat(copy(source) / "lastlog")
    assert (found.st_size, found.st_blocks < 1000) == (1 << 31, True)
    with open(copy(source.rename(source.with_name("again"))) / "lastlog", "rb") as file:
        file.seek((1 << 30) - 1)
        assert file.read(5002) == b"\0" + b"x" * 5000 + b"\0"


def test_content_of_several_blocks(source: Path) -> None:
    content = os.urandom(3 << 20)
    (source / "vmlinuz").write_bytes(content)
    assert (copy(source) / "vmlinuz").read_bytes() == content


def test_fifos_and_sockets_are_made_and_not_opened(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(source / "fifo", 0o622)
    monkeypatch.chdir(source)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket")
    assert listing(copy(source)) == listing(source)


def test_only_the_nodes_of_a_guest_are_copied(source: Path) -> None:
    character, block = stat.S_IFCHR | 0o666, stat.S_IFBLK | 0o660
    try:
        os.mknod(source / "null", character, os.makedev(1, 3))
        os.mknod(source / "mem", character, os.makedev(1, 1))
        os.mknod(source / "sda", block, os.makedev(8, 0))
        os.mknod(source / "ram3", block, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("mknod is refused here")
    assert os.listdir(copy(source)) == ["null"]


def test_special_directories(source: Path) -> None:
    for path in ("omitted/x", "emptied/x/y", "log/apt/term", "log/syslog", "etc/conf"):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text("")
    (source / "log/link").symlink_to("syslog")
    special = {
        inode(source / "omitted"): OMIT,
        inode(source / "emptied"): EMPTY,
        inode(source / "log"): NO_FILES,
    }
    made = copy(source, special)
    names = sorted(str(path.relative_to(made)) for path in made.rglob("*"))
    assert names == ["emptied", "etc", "etc/conf", "log", "log/apt", "log/link"]


def in_own_mounts(action: Callable[[], None]) -> None:
    """Run ``action`` in a child with a mount namespace of its own, and let it assert there."""
    pid = os.fork()
    if pid == 0:
        try:
            syscalls.unshare(syscalls.CLONE_NEWNS)
            syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
            action()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def test_what_is_mounted_below_becomes_an_empty_directory(source: Path) -> None:
    for name in ("here", "bound", "other"):
        (source / name).mkdir()
        (source / name / "file").write_text("")

    def mount_and_copy() -> None:
        syscalls.mount(source / "here", source / "bound", "", syscalls.MS_BIND)
        syscalls.mount("none", source / "other", "tmpfs", 0)
        (source / "other/file").write_text("")
        copy(source)

    in_own_mounts(mount_and_copy)
    made = source.parent.parent / "target/usr"
    assert [os.listdir(made / name) for name in ("here", "bound", "other")] == [["file"], [], []]


def test_a_missing_name_is_nothing(source: Path) -> None:
    source.rmdir()
    assert not copy(source).exists()


def test_a_failure_names_the_file(source: Path) -> None:
    (source / "bin").mkdir()
    (source / "bin/su").write_text("new")
    taken = source.parent.parent / "target/usr/bin"
    taken.mkdir(parents=True)
    (taken / "su").symlink_to("/etc/hostname")
    with pytest.raises(CopyError) as error:
        copy(source)
    assert (error.value.filename, error.value.strerror) == ("usr/bin/su", "File exists")
