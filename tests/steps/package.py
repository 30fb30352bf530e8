"""The package itself: installed by make or as Debian packages, moved, upgraded, removed.

A test host has the package installed by `make install`; the steps of this file begin with a
host without it.
"""

from __future__ import annotations

import functools
import os
import pathlib
import shutil
import subprocess
import tempfile
from typing import TYPE_CHECKING

from pytest_bdd import given, parsers, then, when

from machine import REPOSITORY
from steps import Shell

if TYPE_CHECKING:
    from testhost import TestHost


def make(target: str, *variables: str) -> None:
    """`make TARGET`, one at a time, with an image directory that nobody else uses."""
    with tempfile.TemporaryDirectory() as directory:
        argv = ["flock", "build/.lock", "make", "-s", target, f"IMAGE={directory}/image"]
        subprocess.run([*argv, *variables], cwd=REPOSITORY, check=True, stdin=subprocess.DEVNULL)


@functools.cache
def packages(version: str) -> list[pathlib.Path]:
    """The Debian packages of ``version``, made from the present tree."""
    make("deb", f"VERSION={version}", "DEBS=build/test-debs")
    return sorted(pathlib.Path(REPOSITORY, "build/test-debs").glob(f"*_{version}_*.deb"))


@given("the package is not installed")
def not_installed(host: TestHost) -> None:
    make("uninstall", f"DESTDIR={host.path('/')}")


@given(parsers.parse("the package is installed with PREFIX={prefix}"))
def install_elsewhere(host: TestHost, prefix: str) -> None:
    make("install", f"DESTDIR={host.path('/')}", f"PREFIX={prefix}")


@given(parsers.parse("the Debian packages {version} are installed"))
@when(parsers.parse("the Debian packages are upgraded to {version}"))
def install_packages(shell: Shell, host: TestHost, version: str) -> None:
    for package in packages(version):
        shutil.copy(package, host.path("/tmp"))
    shell.must(f"dpkg --force-confold -i /tmp/*_{version}_*.deb")


@then(parsers.parse("each command is in its place and belongs to the package vserver:\n{table}"))
def in_place(shell: Shell, host: TestHost, table: str) -> None:
    paths = []
    for line in table.splitlines():
        directory, *names = line.split()
        paths += [f"{directory}/{name}" for name in names]
    assert not [path for path in paths if not os.access(host.path(path), os.X_OK)]
    assert shell.must("dpkg -S " + " ".join(paths)) == "".join(f"vserver: {p}\n" for p in paths)


@then(parsers.parse("no installed file below {directory} names {place}"))
def names_not(host: TestHost, directory: str, place: str) -> None:
    found = host.run(["grep", "-rlIF", place, directory])
    assert found.status == 1, found


@then("each shell script defines the directory it uses before it uses it")
def defines_before_use(host: TestHost) -> None:
    scripts = host.run(
        "grep -lIE '^#!.*/(ba)?sh' /etc/init.d/v_* /usr/sbin/* /usr/lib/vserver/* 2>/dev/null"
        " | xargs grep -lE 'USR_(SBIN|LIB_VSERVER)'"
    ).out.split()
    assert scripts
    for script in scripts:
        for name in ("USR_SBIN", "USR_LIB_VSERVER"):
            lines = [line for line in host.read(script).splitlines() if name in line]
            assert all(line.startswith(f"{name}=") for line in lines[:1]), (script, lines)
