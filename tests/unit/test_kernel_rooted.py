"""A hostile tree never leads outside, and what is inside is found as the guest finds it."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vserver.kernel.rooted import Root, remove_tree

OWNER = {"uid": os.getuid(), "gid": os.getgid()}
SWAPPING = 1.0  # seconds


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A guest's tree beside a host's, each with an etc/secret that tells which it is."""
    for side in ("host", "guest"):
        (tmp_path / side / "etc").mkdir(parents=True)
        (tmp_path / side / "etc/secret").write_text(side)
    return tmp_path / "guest"


@pytest.fixture
def root(tree: Path) -> Iterator[Root]:
    with Root.open_dir(str(tree)) as root:
        yield root


def host_files(tree: Path) -> dict[str, str]:
    host = tree.parent / "host"
    return {str(p.relative_to(host)): p.read_text() for p in host.rglob("*") if p.is_file()}


@pytest.mark.parametrize("path", ["etc/secret", "/etc/secret", "../../etc/secret", "//etc//secret"])
def test_a_path_is_the_guests_own(root: Root, path: str) -> None:
    assert root.read(path) == b"guest"


@pytest.mark.parametrize("target", ["/etc/secret", "../../../../etc/secret", "secret"])
def test_a_link_resolves_inside(root: Root, tree: Path, target: str) -> None:
    (tree / "etc/link").symlink_to(target)
    assert root.read("etc/link") == b"guest"
    assert root.readlink("etc/link") == target


def test_a_link_to_a_host_path_leads_nowhere(root: Root, tree: Path) -> None:
    (tree / "etc/link").symlink_to(tree.parent / "host/etc/secret")
    with pytest.raises(FileNotFoundError) as error:
        root.read("etc/link")
    assert error.value.filename == "etc/link"


def test_a_magic_link_is_not_followed(root: Root, tree: Path) -> None:
    with open("/proc/self/status") as status:
        (tree / "proc").mkdir()
        os.symlink(f"/proc/self/fd/{status.fileno()}", tree / "proc/link")
        with pytest.raises(OSError):
            root.read("proc/link")


def make_socket(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, make_socket])
def test_only_a_regular_file_is_read(
    root: Root, tree: Path, make: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)
    make("odd")
    with pytest.raises(OSError) as error:
        root.read("odd")
    assert (error.value.errno, error.value.filename) == (errno.EINVAL, "odd")


def test_a_device_is_not_opened(root: Root, tree: Path) -> None:
    try:
        os.mknod(tree / "zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("mknod is refused here")
    with pytest.raises(OSError) as error:
        root.read("zero")
    assert error.value.errno == errno.EINVAL


def test_a_huge_file_is_refused_at_once(root: Root, tree: Path) -> None:
    with open(tree / "huge", "wb") as huge:
        huge.truncate(1 << 40)
    with pytest.raises(OSError) as error:
        root.read("huge")
    assert error.value.errno == errno.EFBIG


def test_reading_takes_a_file_of_just_the_limit(root: Root) -> None:
    assert root.read("etc/secret", limit=5) == b"guest"
    with pytest.raises(OSError):
        root.read("etc/secret", limit=4)


def test_a_leased_file_is_an_error_and_no_wait(root: Root, tree: Path) -> None:
    import fcntl
    import signal

    signal.signal(signal.SIGIO, signal.SIG_IGN)
    with open(tree / "etc/secret", "r+") as leased:
        try:
            fcntl.fcntl(leased, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        except OSError:
            pytest.skip("leases are refused here")
        with pytest.raises(BlockingIOError):
            root.read("etc/secret")


def test_writing_makes_a_new_file(root: Root, tree: Path) -> None:
    before = os.stat(tree / "etc/secret").st_ino
    root.write("etc/secret", b"new", 0o640, **OWNER)
    after = os.stat(tree / "etc/secret")
    assert (tree / "etc/secret").read_bytes() == b"new"
    assert (after.st_ino != before, stat.S_IMODE(after.st_mode)) == (True, 0o640)
    assert os.listdir(tree / "etc") == ["secret"]


def test_writing_replaces_a_link_and_spares_its_target(root: Root, tree: Path) -> None:
    (tree / "etc/mtab").symlink_to("secret")
    root.write("etc/mtab", b"mounts", **OWNER)
    assert not (tree / "etc/mtab").is_symlink()
    assert (tree / "etc/secret").read_text() == "guest"


def test_writing_does_not_open_a_fifo(root: Root, tree: Path) -> None:
    os.mkfifo(tree / "etc/mtab")
    root.write("etc/mtab", b"mounts", **OWNER)
    assert (tree / "etc/mtab").read_bytes() == b"mounts"


def test_writing_over_a_directory_fails_and_leaves_nothing(root: Root, tree: Path) -> None:
    (tree / "etc/mtab").mkdir()
    with pytest.raises(IsADirectoryError) as error:
        root.write("etc/mtab", b"mounts", **OWNER)
    assert error.value.filename == "etc/mtab"
    assert sorted(os.listdir(tree / "etc")) == ["mtab", "secret"]


def test_writing_below_an_absolute_link_stays_inside(root: Root, tree: Path) -> None:
    (tree / "conf").symlink_to("/etc")
    root.write("conf/PROFILE", b"prod", **OWNER)
    assert (tree / "etc/PROFILE").read_bytes() == b"prod"
    assert host_files(tree) == {"etc/secret": "host"}


@pytest.mark.parametrize("path", ["", "/", ".", "etc/.."])
def test_a_path_without_a_name_cannot_be_written(root: Root, path: str) -> None:
    with pytest.raises(OSError) as error:
        root.write(path, b"", **OWNER)
    assert error.value.errno == errno.EINVAL


def test_questions_about_paths(root: Root, tree: Path) -> None:
    (tree / "run").mkdir(0o755)
    (tree / "run/rc").write_text("#!/bin/sh\n")
    assert not root.is_executable("run/rc")
    (tree / "run/rc").chmod(0o755)
    assert root.is_executable("run/rc")
    assert root.is_dir("run")
    assert root.is_file("etc/secret")
    assert not any(ask("run/none/x") for ask in (root.is_file, root.is_dir, root.is_executable))
    assert (root.names("run"), root.names("none")) == (["rc"], [])


def test_a_link_loop_is_nothing_and_no_error(root: Root, tree: Path) -> None:
    (tree / "loop").symlink_to("loop")
    assert not root.is_file("loop")
    assert root.unlink("loop")
    assert not root.unlink("loop")


def test_directories_are_made_with_the_mode_asked_for(root: Root, tree: Path) -> None:
    (tree / "dev").mkdir(0o700)
    root.make_dirs("dev/pts", 0o1777)
    root.make_dirs("dev/pts", 0o700)
    assert stat.S_IMODE((tree / "dev").stat().st_mode) == 0o700
    assert stat.S_IMODE((tree / "dev/pts").stat().st_mode) == 0o1777


@pytest.mark.parametrize("path", ["proc", "dev/pts"])
def test_a_link_in_the_place_of_a_directory_is_refused(root: Root, tree: Path, path: str) -> None:
    (tree / path.split("/", maxsplit=1)[0]).symlink_to("/etc")
    with pytest.raises(OSError) as error:
        root.make_dirs(path)
    assert (error.value.errno, error.value.filename) == (errno.ELOOP, path)
    assert sorted(os.listdir(tree / "etc")) == ["secret"]


def test_directories_are_not_made_above_the_root(root: Root, tree: Path) -> None:
    with pytest.raises(OSError):
        root.make_dirs("../made")
    assert not (tree.parent / "made").exists()


def test_files_are_removed_whatever_their_names(root: Root, tree: Path) -> None:
    run = tree / "var/run"
    (run / "a b/-rf").mkdir(parents=True)
    for name in ("new\nline", "-n", " ", "*", "a b/-rf/pid", "a b/\udcff"):
        (run / name).write_text("")
    (run / "link").symlink_to("../../../host/etc")
    os.mkfifo(run / "fifo")
    root.remove_files("var/run")
    left = sorted(str(p.relative_to(run)) for p in run.rglob("*"))
    assert left == ["a b", "a b/-rf", "fifo", "link"]
    assert host_files(tree) == {"etc/secret": "host"}


def test_the_directory_to_clean_may_be_a_link_inside(root: Root, tree: Path) -> None:
    (tree / "run").mkdir()
    (tree / "run/pid").write_text("1")
    (tree / "var").mkdir()
    (tree / "var/run").symlink_to("/run")
    root.remove_files("var/run")
    assert os.listdir(tree / "run") == []


def test_entries_are_removed_but_not_below(root: Root, tree: Path) -> None:
    (tree / "locks/below").mkdir(parents=True)
    (tree / "locks/below/kept").write_text("")
    (tree / "locks/httpd").write_text("")
    (tree / "locks/link").symlink_to("below")
    root.remove_entries("locks")
    root.remove_entries("missing")
    assert sorted(p.name for p in (tree / "locks").rglob("*")) == ["below", "kept"]


@pytest.fixture
def bottomless(tree: Path) -> Iterator[None]:
    """A chain of directories that is too deep for a path, and for pytest to remove."""
    here = os.open(tree, os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", dir_fd=here)
        here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(here)
    yield
    subprocess.run(["rm", "-rf", tree / "d"], check=True)


@pytest.mark.usefixtures("bottomless")
def test_a_tree_deeper_than_path_max_ends_in_an_error(root: Root) -> None:
    with pytest.raises(OSError) as error:
        root.remove_files("/")
    assert (error.value.errno, error.value.filename) == (errno.ENAMETOOLONG, "/")
    with pytest.raises(OSError) as error:
        remove_tree(root.fd, "d")
    assert error.value.errno == errno.ENAMETOOLONG


def test_a_whole_tree_is_removed_and_its_links_are_not_followed(tree: Path) -> None:
    (tree / "etc/host").symlink_to(tree.parent / "host")
    (tree / "etc/deep/er").mkdir(parents=True)
    above = os.open(tree.parent, os.O_RDONLY)
    remove_tree(above, "guest")
    os.close(above)
    assert not tree.exists()
    assert host_files(tree) == {"etc/secret": "host"}


RENAME_EXCHANGE = 2
AT_FDCWD = -100


@pytest.fixture
def swapped(tree: Path) -> Iterator[Path]:
    """A directory that another process exchanges with a link to the host's, all the time."""
    (tree / "swap").mkdir()
    (tree / "trap").symlink_to(tree.parent / "host/etc")
    first, second = (os.fsencode(tree / name) for name in ("swap", "trap"))
    libc = ctypes.CDLL(None)
    pid = os.fork()
    if pid == 0:
        parent = os.getppid()
        while os.getppid() == parent:
            libc.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)
        os._exit(0)
    yield tree / "swap"
    os.kill(pid, 9)
    os.waitpid(pid, 0)


def attempts() -> Iterator[int]:
    """Numbers for SWAPPING seconds."""
    deadline, number = time.monotonic() + SWAPPING, 0
    while time.monotonic() < deadline:
        yield number
        number += 1


@pytest.mark.usefixtures("swapped")
def test_exchanged_directories_never_lead_outside(root: Root, tree: Path) -> None:
    done = 0
    for number in attempts():
        try:
            root.write(f"swap/{number % 7}", b"guest", **OWNER)
            assert root.read(f"swap/{number % 7}") == b"guest"
            root.remove_files("swap")
            root.make_dirs("swap/made")
            root.remove_entries("swap")
            done += 1
        except OSError as error:
            assert error.errno in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EAGAIN)
        else:
            assert root.names("swap/made") == []
    assert done
    assert host_files(tree) == {"etc/secret": "host"}
    assert os.listdir(tree.parent / "host") == ["etc"]
