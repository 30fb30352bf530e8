"""The database of dpkg, from files as dpkg writes them."""

from __future__ import annotations

import pathlib

import pytest

from vserver import packages
from vserver.errors import VserverError
from vserver.kernel.rooted import Root

MD5 = "d41d8cd98f00b204e9800998ecf8427e"
STATUS = f"""\
Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 1.21.22

Package: tool
Status: hold ok installed
Architecture: amd64
Version: 2:1.0-3
Description: a tool
 with a longer text
 Status: deinstall ok config-files
Conffiles:
 /etc/tool.conf {MD5}
 /etc/tool d/a b {MD5}
 /etc/tool.old {MD5} obsolete

Package: libtool
Status: install ok installed
Architecture: i386
Version: 1.0

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0

Package: half
Status: install ok half-installed
Architecture: amd64
Version: 1.0
"""
INFO = {
    "tool.list": "/.\n/etc\n/etc/tool.conf\n/usr/bin/tool\n/usr/bin/other\n/var/lib/tool\n",
    "tool.md5sums": f"{MD5}  usr/bin/tool\n{MD5}  usr/bin/other\n{MD5}  var/lib/tool\n",
    "libtool:i386.list": "/.\n/usr\n/usr/lib/libtool.so\n",
    "dpkg.list": "/.\n/usr\n/usr/bin/dpkg\n/usr/bin/link\n",
}
DIVERSIONS = "/usr/bin/tool\n/usr/bin/tool.real\nmine\n/usr/bin/other\n/usr/bin/other.real\ntool\n"


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> pathlib.Path:
    """A tree with the database, and two files of a package without digests."""
    database = tmp_path / "var/lib/dpkg"
    (database / "info").mkdir(parents=True)
    (database / "status").write_text(STATUS)
    (database / "diversions").write_text(DIVERSIONS)
    for name, text in INFO.items():
        (database / "info" / name).write_text(text)
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/dpkg").write_text("")
    (tmp_path / "usr/bin/link").symlink_to("dpkg")
    return tmp_path


def test_installed_packages_with_their_versions(tree: pathlib.Path) -> None:
    with Root.open_dir(str(tree)) as root:
        known = packages.installed(root)
    versions = {name: known.version(name) for name in known.names()}
    assert versions == {"dpkg": "1.21.22", "libtool:i386": "1.0", "tool": "2:1.0-3"}


def test_files_have_the_names_that_diversions_gave_them(tree: pathlib.Path) -> None:
    with Root.open_dir(str(tree)) as root:
        files = packages.installed(root).files("tool")
    expected = ["/etc", "/etc/tool.conf", "/usr/bin/tool.real", "/usr/bin/other", "/var/lib/tool"]
    assert files == expected


def test_configuration_and_var_are_not_shareable(tree: pathlib.Path) -> None:
    with Root.open_dir(str(tree)) as root:
        known = packages.installed(root)
        assert known.configuration_files("tool") == {"/etc/tool.conf"}
        assert known.shareable_files("tool") == ["/usr/bin/tool.real", "/usr/bin/other"]


def test_without_digests_the_disk_tells_what_is_a_file(tree: pathlib.Path) -> None:
    with Root.open_dir(str(tree)) as root:
        assert packages.installed(root).shareable_files("dpkg") == ["/usr/bin/dpkg"]


@pytest.mark.parametrize("argument", ["tool", "tool-2:1.0-3", "tool=2:1.0-3", "tool:amd64"])
def test_names_of_a_package(tree: pathlib.Path, argument: str) -> None:
    with Root.open_dir(str(tree)) as root:
        found = packages.installed(root).find(argument)
    assert [package.name for package in found] == ["tool"]


@pytest.mark.parametrize("argument", ["too", "tool-1.0", "tool-2:1.0-3x", "gone", "libtool"])
def test_names_of_no_package(tree: pathlib.Path, argument: str) -> None:
    with Root.open_dir(str(tree)) as root:
        assert packages.installed(root).find(argument) == []


def test_a_list_that_is_a_link_out_of_the_tree_stays_inside(tree: pathlib.Path) -> None:
    file = tree / "var/lib/dpkg/info/tool.list"
    file.unlink()
    file.symlink_to("/etc/passwd")
    with Root.open_dir(str(tree)) as root:
        assert packages.installed(root).files("tool") == []


def test_a_status_that_is_too_long_is_an_error(tree: pathlib.Path) -> None:
    with open(tree / "var/lib/dpkg/status", "r+b") as file:
        file.truncate(1 << 30)
    with Root.open_dir(str(tree)) as root, pytest.raises(VserverError, match="File too large"):
        packages.installed(root, "web")
