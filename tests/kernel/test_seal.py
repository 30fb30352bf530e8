"""Sealed files: no context changes them, any may remove its own names of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steps import Shell
from steps.files import make_file_system

if TYPE_CHECKING:
    from testhost import TestHost

SEAL = "/usr/lib/vserver/setattr --immutable --immulink"
IN_CONTEXT = "chcontext --silent --ctx 500 --secure"
# the ioctl's number and value as 32-bit programs and as 64-bit ones pass them
SET_FLAGS = """\
import fcntl, os, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), int(sys.argv[2], 16), bytes(8))
"""
ATTEMPTS = (
    "sh -c 'echo evil >>{}'",
    "sh -c ': >{}'",
    "truncate -s 1 {}",
    "chmod 4755 {}",
    "chown 1:1 {}",
    "touch -d 1999-01-01 {}",
    "setfattr -n user.evil -v 1 {}",
    "setfattr -x user.kept {}",
    "setfacl -m u:1:rwx {}",
    "setfacl -b {}",
    "chattr =e {}",
    "python3 /root/set_flags {} 40086602",
    "python3 /root/set_flags {} 40087602",
)


@pytest.fixture
def sealed(host: TestHost, shell: Shell) -> str:
    """A sealed file."""
    make_file_system(shell, "ext4")
    path = "/vservers/file"
    host.write("/root/set_flags", SET_FLAGS)
    shell.must(f"echo good >{path}; setfattr -n user.kept -v 1 {path}; setfacl -m u:2:r {path}")
    shell.must("chmod 755 /vservers")
    result = host.run(f"{SEAL} {path}")
    if "Operation not supported" in result.err:
        pytest.skip("this kernel lets nobody attach programs to its security hooks")
    assert result.status == 0, result
    return path


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_context_cannot_change_it(host: TestHost, sealed: str, attempt: str) -> None:
    facts = f"stat -c '%a %u %Y %s' {sealed}; getfattr -d {sealed}; cat {sealed}; lsattr {sealed}"
    facts += f"; getfacl -n {sealed}"
    before = host.run(facts)
    result = host.run(f"{IN_CONTEXT} {attempt.format(sealed)}")
    assert "Operation not permitted" in result.err
    assert host.run(facts) == before


@pytest.mark.parametrize(
    "command", ["cat {}", "ln {0} {0}.2", "mv {0} {0}.2", "rm -f {}", "cp /etc/passwd {}.2"]
)
def test_a_context_reads_it_and_names_it(host: TestHost, sealed: str, command: str) -> None:
    result = host.run(f"{IN_CONTEXT} {command.format(sealed)}")
    assert (result.status, result.err) == (0, "")


def test_others_write_their_own_files(host: TestHost, sealed: str) -> None:
    result = host.run(f"{IN_CONTEXT} sh -c 'echo new >{sealed}.2 && chmod 600 {sealed}.2'")
    assert result.status == 0, result


def test_the_root_server_may_change_it(host: TestHost, sealed: str) -> None:
    result = host.run(f"echo more >>{sealed} && chmod 600 {sealed}")
    assert result.status == 0, result


def test_both_flags_are_shown(host: TestHost, sealed: str) -> None:
    flags = int(host.run(f"/usr/lib/vserver/showattr {sealed}").out.split("\t")[1], 16)
    assert flags & 0x8010 == 0x8010


def test_a_guest_upgrades_what_it_shares(host: TestHost, sealed: str) -> None:
    command = f"sh -c 'echo new >{sealed}.new && mv -f {sealed}.new {sealed}'"
    assert host.run(f"ln {sealed} {sealed}.other; {IN_CONTEXT} {command}").status == 0
    assert host.read(sealed) == "new\n"
    assert host.read(f"{sealed}.other") == "good\n"


def test_without_the_programs_no_context_is_made(host: TestHost, sealed: str) -> None:
    host.run("rm -r /sys/fs/bpf/vserver-*; mv /usr/lib/vserver/bpf/seal.o /tmp")
    result = host.run(f"{IN_CONTEXT} true")
    assert result.status == 255
    assert "cannot seal the files that vservers share" in result.err
