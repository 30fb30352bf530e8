"""What vunify's options mean, and files that share inodes or blocks."""

from __future__ import annotations

import os
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


def test_paths_are_resolved_inside_the_tree(tmp_path: pathlib.Path) -> None:
    (tmp_path / "usr/lib").mkdir(parents=True)
    (tmp_path / "lib").symlink_to("/usr/lib")
    (tmp_path / "out").symlink_to("../../../../etc")
    tree = Tree(str(tmp_path))
    try:
        found = tree.resolved(["/lib/a", "/usr/lib/b", "/out/passwd", "/none/c"])
        assert found == {"/usr/lib/a": "/lib/a", "/usr/lib/b": "/usr/lib/b"}
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
