"""What vunify's options mean, and files that share inodes or blocks."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from vserver.errors import VserverError
from vserver.kernel import guard, sharing
from vserver.kernel.guard import ALSO_IMMUTABLE, IMMUTABLE, SEALED
from vserver.unification import Excluded
from vserver.unify import Wish
from vserver.unifytree import Tree

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Iterator


@pytest.mark.parametrize(
    "immutable, may_unlink, methods",
    [
        (True, True, ["reflink", "seal", "immutable", "copy"]),
        (True, False, ["immutable"]),
        (False, True, ["seal", "reflink", "copy"]),
        (False, False, ["hardlink", "copy"]),
    ],
)
def test_the_old_flags_choose_methods(
    immutable: bool, may_unlink: bool, methods: list[str]
) -> None:
    assert Wish(immutable=immutable, may_unlink=may_unlink).methods() == methods
    assert Wish("copy", immutable=immutable, may_unlink=may_unlink).methods() == ["copy"]


def test_the_guards_of_a_method() -> None:
    assert Wish().guards("immutable") == IMMUTABLE
    assert Wish().guards("seal") == SEALED | ALSO_IMMUTABLE
    assert Wish(immutable=False).guards("seal") == SEALED
    assert Wish().guards("hardlink") == 0


def test_excluded_directories_end_at_a_slash() -> None:
    excluded = Excluded(["/srv/data/", "/a"], ["/a/b"])
    paths = ["/srv/data/x", "/srv/database", "/a/x", "/ab", "/a/b/x", "/a/bc"]
    assert [path for path in paths if path in excluded] == ["/srv/data/x", "/a/x", "/a/bc"]


@pytest.mark.parametrize("directory", ["", "usr", "./usr"])
def test_a_relative_directory_is_refused(directory: str) -> None:
    with pytest.raises(VserverError):
        Excluded([directory])


def test_a_lease_finds_who_writes(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    with file.open("rb") as reader:
        with sharing.Lease(reader.fileno(), "file"):
            pass
        with (
            file.open("ab"),
            pytest.raises(sharing.BusyError),
            guard.Held(reader.fileno(), 0, "file"),
        ):
            pass


@pytest.fixture
def _ignored_sigio() -> Iterator[None]:
    """By it the kernel tells that somebody waits for the end of a lease."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGIO, before)


@pytest.mark.usefixtures("_ignored_sigio")
def test_a_lease_tells_who_waits_to_write(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    with (
        file.open("rb") as reader,
        pytest.raises(sharing.BusyError),
        guard.Held(reader.fileno(), 0, "file") as held,
    ):
        held.check()
        with pytest.raises(BlockingIOError):
            os.open(file, os.O_WRONLY | os.O_NONBLOCK)
        held.check()


@pytest.mark.usefixtures("_ignored_sigio")
def test_who_waits_to_write_is_found_at_the_end(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    with file.open("rb") as reader:
        with pytest.raises(sharing.BusyError), guard.Held(reader.fileno(), 0, "file"):
            writer = subprocess.Popen(["sh", "-c", "exec >>file"], cwd=tmp_path)
            while fcntl.fcntl(reader.fileno(), fcntl.F_GETLEASE) == fcntl.F_RDLCK:
                time.sleep(0.01)
        assert writer.wait(timeout=5) == 0


def test_changed_directories_are_written_though_one_has_gone(tmp_path: pathlib.Path) -> None:
    (tmp_path / "here").mkdir()
    tree = Tree(str(tmp_path))
    try:
        for directory in ("/here", "/gone"):
            tree.note_change(directory)
        tree.sync()
    finally:
        tree.close()


def test_a_directory_that_was_missing_is_found_when_it_was_made(tmp_path: pathlib.Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one/lib").mkdir(0o750)
    (tmp_path / "one/lib/file").write_bytes(b"content")
    model, tree = Tree(str(tmp_path / "one")), Tree(str(tmp_path / "two"))
    try:
        assert tree.look("/lib/file") is None
        os.close(os.dup(tree.make_directory("/lib", model)))
        assert os.stat(tmp_path / "two/lib").st_mode & 0o7777 == 0o750
        (tmp_path / "two/lib/file").write_bytes(b"content")
        assert tree.look("/lib/file") is not None
    finally:
        model.close()
        tree.close()


def test_paths_are_resolved_inside_the_tree(tmp_path: pathlib.Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "lib").symlink_to("/usr/lib")
    (tmp_path / "out").symlink_to("../../../../etc")
    tree = Tree(str(tmp_path))
    try:
        found = tree.resolved(["/lib/a", "/usr/lib/b", "/out/passwd", "/none/c", "/top"])
        assert found.get("/usr/lib/a") == "/lib/a"
        assert found.get("/usr/lib/b") == "/usr/lib/b"
        assert found.get("/top") == "/top"
        for path in ("/lib/a", "/usr/lib/c", "/usr/lib/", "/etc/passwd", "/none/c"):
            assert path not in found
        assert tree.open("/out/passwd") is None
    finally:
        tree.close()


def test_a_copy_replaces_what_was_left_over(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / ".vunify.new").symlink_to("/etc/passwd")
    tree = Tree(str(tmp_path))
    file = tree.open("/file")
    assert file is not None
    with file:
        file.copy_to(file.directory, "copy", replace=False)
        with pytest.raises(FileExistsError):
            file.copy_to(file.directory, "copy", replace=False)
    tree.close()
    assert (tmp_path / "copy").read_bytes() == b"content"
    assert sorted(os.listdir(tmp_path)) == ["copy", "file"]
