"""install-fix.sh: the definitions of the two directories, and nothing else, are rewritten."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "lib/vserver/install-fix.sh"

BEFORE = """\
#!/bin/sh
USR_SBIN=/usr/sbin  # programs
\tUSR_LIB_VSERVER = '/usr/lib/vserver'
USR_LIB_VSERVER = "/usr/lib/vserver"
USR_SBIN=$PREFIX/sbin; export USR_SBIN
MY_USR_SBIN=/usr/sbin
USR_LIB_VSERVER = OTHER
STUB = USR_LIB_VSERVER + "/stub"
"""
AFTER = """\
#!/bin/sh
USR_SBIN=/opt/s&b|in  # programs
\tUSR_LIB_VSERVER = '/opt/lib'
USR_LIB_VSERVER = "/opt/lib"
USR_SBIN=/opt/s&b|in; export USR_SBIN
MY_USR_SBIN=/usr/sbin
USR_LIB_VSERVER = OTHER
STUB = USR_LIB_VSERVER + "/stub"
"""


def run(shell: str, *words: object) -> subprocess.CompletedProcess[str]:
    command = [*shell.split(), str(TOOL), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_definitions_are_rewritten_in_place(shell: str, tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text(BEFORE)
    file.chmod(0o751)
    before = file.stat()
    for _ in range(2):
        assert run(shell, "/opt/s&b|in", "/opt/lib", file).stderr == ""
        assert file.read_text() == AFTER
    after = file.stat()
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)


def test_a_file_without_definitions_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"no newline, \xff")
    os.utime(file, (1, 1))
    assert run("sh", "/a", "/b", file).returncode == 0
    assert (file.read_bytes(), file.stat().st_mtime) == (b"no newline, \xff", 1)


@pytest.mark.parametrize("words", [[], ["/a", "/b"], ["a", "/b", "FILE"], ["/a", "b", "FILE"]])
def test_usage(words: list[str], tmp_path: Path) -> None:
    done = run("sh", *words)
    assert (done.returncode, done.stderr) == (1, "install-fix.sh SBIN LIB FILE...\n")


@pytest.mark.parametrize("directory", ["/a b", "/a'b", '/a"b', "/$x", "/a;b", "/a\nb"])
def test_a_directory_that_a_definition_cannot_hold(directory: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(BEFORE)
    assert run("sh", directory, "/b", file).returncode == 1
    assert file.read_text() == BEFORE


def test_a_missing_file_is_told_before_any_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(BEFORE)
    done = run("sh", "/opt/sbin", "/opt/lib", file, tmp_path / "none")
    assert (done.returncode, done.stderr) == (
        1,
        f"install-fix.sh: no such file: {tmp_path}/none\n",
    )
    assert file.read_text() == BEFORE
