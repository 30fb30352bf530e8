"""`make install` and `make uninstall`, into a directory of the test's own."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

from machine import REPOSITORY

LOCAL = "PREFIX=/usr/local"


@pytest.fixture
def root(tmp_path: pathlib.Path) -> pathlib.Path:
    """The root directory of the installation."""
    return tmp_path / "root"


def make(target: str, root: pathlib.Path, *variables: str) -> None:
    """`make TARGET`, with an image directory of this test's own."""
    argv = ["flock", "build/.lock", "make", "-s", target, f"DESTDIR={root}"]
    argv += [f"IMAGE={root.parent}/image", *variables]
    os.makedirs(REPOSITORY + "/build", exist_ok=True)
    subprocess.run(argv, cwd=REPOSITORY, check=True, stdin=subprocess.DEVNULL)


def files(root: pathlib.Path) -> set[str]:
    """All files below ``root`` by their path from there."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_install_puts_programs_modules_and_compiled_pieces_in_place(root: pathlib.Path) -> None:
    make("install", root)
    assert os.access(root / "usr/sbin/chcontext", os.X_OK)
    assert os.access(root / "usr/lib/vserver/stub", os.X_OK)
    assert (root / "usr/lib/vserver/python/vserver/paths.py").exists()
    assert (root / "usr/lib/vserver/bpf/ipv4root.o").exists()
    assert (root / "usr/share/doc/vserver/LICENSE").exists()
    assert not (root / "usr/lib/vserver/install-fix.sh").exists()


def test_installed_modules_are_compiled_for_their_final_place(root: pathlib.Path) -> None:
    make("install", root)
    compiled = root / "usr/lib/vserver/python/vserver/__pycache__/paths.cpython-311.pyc"
    code = compiled.read_bytes()
    assert b"/usr/lib/vserver/python/vserver/paths.py" in code
    assert bytes(root.parent) not in code
    assert code[4:8] == b"\x01\0\0\0"  # PEP 552: by hash, and not looked up at each start


def test_moved_installation_names_its_own_directories_only(root: pathlib.Path) -> None:
    make("install", root, LOCAL)
    launcher = (root / "usr/local/sbin/chcontext").read_text()
    assert launcher.startswith("#!/usr/bin/python3 -IS\n")
    assert 'USR_LIB_VSERVER = "/usr/local/lib/vserver"' in launcher
    assert not [path for path in files(root) if path.startswith(("usr/sbin", "usr/lib"))]


def test_uninstall_leaves_nothing(root: pathlib.Path) -> None:
    make("install", root)
    make("uninstall", root)
    assert files(root) == set()
    assert not (root / "usr/lib/vserver").exists()


def test_uninstall_leaves_a_second_installation_alone(root: pathlib.Path) -> None:
    make("install", root)
    before = files(root)
    make("install", root, LOCAL)
    make("uninstall", root, LOCAL)
    assert files(root) == before


def test_second_installation_does_not_take_over_the_init_scripts(root: pathlib.Path) -> None:
    make("install", root)
    make("install", root, LOCAL)
    scripts = [path.read_text() for path in (root / "etc/init.d").iterdir()]
    assert scripts
    assert not [text for text in scripts if "/usr/local/lib/vserver" in text]


def test_upgrade_and_uninstall_keep_edited_configuration(root: pathlib.Path) -> None:
    make("install", root)
    conf = root / "etc/vservers.conf"
    conf.write_text("BACKGROUND=yes\n")
    make("install", root)
    assert conf.read_text() == "BACKGROUND=yes\n"
    make("uninstall", root)
    assert files(root) == {"etc/vservers.conf"}


def test_upgrade_removes_what_the_package_has_no_longer(root: pathlib.Path) -> None:
    make("install", root)
    gone = root / "usr/lib/vserver/gone"
    gone.write_text("")
    with open(root / "usr/lib/vserver/.manifest", "a", encoding="utf-8") as manifest:
        manifest.write(f"{'0' * 64}  ./usr/lib/vserver/gone\n")
    make("install", root)
    assert not gone.exists()
