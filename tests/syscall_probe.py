"""System calls made by number on a test host, in every ABI of the machine (programs/call.c)."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import seccomp

from machine import REPOSITORY

if TYPE_CHECKING:
    from testhost import TestHost

ABIS = {"native": seccomp.Arch.NATIVE, "i386": seccomp.Arch.X86}
LOADER = """
import os, sys
sys.path.append("/usr/lib/vserver/python")
from vserver.kernel import seccomp
seccomp.load({program})
os.execv("/tmp/call", ["call"])
"""


def install(host: TestHost) -> None:
    """Put the program `call` on the host, as /tmp/call."""
    source, target = f"{REPOSITORY}/tests/programs/call.c", host.path("/tmp") + "/call"
    flags = ["-static", "-no-pie", "-Os", "-Wall", "-Wextra"]
    subprocess.run(["gcc", *flags, "-o", target, source], check=True)


def need(abi: str) -> None:
    """Skip the test where the machine has no such ABI."""
    if abi != "native" and os.uname().machine != "x86_64":
        pytest.skip(f"{abi} is an ABI of x86_64")


def number(abi: str, name: str) -> int:
    """The number of system call ``name``, negative where ``abi`` does not have it."""
    return int(seccomp.resolve_syscall(ABIS[abi], name))


def answers(host: TestHost, abi: str, calls: list[str], runner: str) -> dict[str, str]:
    """What each call ("NAME ARGUMENT..." or "NUMBER ARGUMENT...") answers under ``runner``.

    Calls that the ABI does not have are left out.
    """
    known = [call for call in calls if _translate(abi, call)]
    lines = "".join(f"{abi} {_translate(abi, call)}\n" for call in known)
    result = host.run(runner, input=lines)
    assert result.status == 0, result
    return dict(zip(known, result.out.split(), strict=True))


def filtered(program: str) -> str:
    """The command that runs `call` under a filter alone, with all capabilities.

    ``program`` is an expression of vserver.kernel.seccomp, "guest_filter(0)".
    """
    return f"python3 -c '{LOADER.format(program=f'seccomp.{program}')}'"


def _translate(abi: str, call: str) -> str:
    name, *arguments = call.split()
    found = int(name) if name.isdigit() else number(abi, name)
    return " ".join([str(found), *arguments]) if found >= 0 else ""
