"""Disk quota: guests on file systems of their own, and the programs that handle it in there.

`quota-call` (programs/quota.c) makes the bare system call; the tools are those of Debian.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from pytest_bdd import given, parsers

from guests import busybox
from machine import REPOSITORY
from steps import Shell

if TYPE_CHECKING:
    from testhost import TestHost

TOOLS = ("/usr/sbin/setquota", "/usr/sbin/repquota", "/usr/bin/quota")
IMAGE = "/tmp/quota.img"
OPTIONS = "usrquota,grpquota"


@given(parsers.parse('a guest "{name}" on a file system of its own with disk quota'))
def make_quota_guest(shell: Shell, host: TestHost, name: str) -> None:
    """It has the tools of disk quota."""
    if not make_own_file_system(shell, f"/vservers/{name}"):
        pytest.skip("this kernel has no disk quota for ext4")
    busybox.make(host, name)
    install(host, name)
    for tool in TOOLS:
        copy_with_libraries(tool, host.path(f"/vservers/{name}"))


def make_own_file_system(shell: Shell, directory: str) -> bool:
    """Mount a new ext4 on ``directory``; has it disk quota? Its loop device goes with the mount."""
    shell.must(
        f"cd /dev && for i in $(seq 0 31); do test -e loop$i || mknod loop$i b 7 $i; done;"
        f" mkdir -p {directory} && truncate -s 64M {IMAGE}"
    )
    shell.must(f"mkfs.ext4 -q -O quota -E quotatype=usrquota:grpquota {IMAGE}")
    if shell.run(f"mount -o loop,{OPTIONS} {IMAGE} {directory}").status == 0:
        return True
    shell.must(f"mkfs.ext4 -q -F {IMAGE} && mount -o loop {IMAGE} {directory}")
    return False


def install(host: TestHost, name: str) -> None:
    """Put `quota-call` into the guest."""
    target = host.path(f"/vservers/{name}/bin") + "/quota-call"
    source = f"{REPOSITORY}/tests/programs/quota.c"
    flags = ["-static", "-no-pie", "-Os", "-Wall", "-Wextra"]
    subprocess.run(["gcc", *flags, "-o", target, source], check=True)


def copy_with_libraries(program: str, root: str) -> None:
    """Copy a program of this machine, and what its dynamic linker loads, to the tree ``root``."""
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    libraries = [word for word in listed.split() if word.startswith("/")]
    for path in (program, *libraries):
        os.makedirs(root + os.path.dirname(path), exist_ok=True)
        shutil.copy(path, root + path)
