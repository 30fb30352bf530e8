"""A guest that attacks the files it shares while others come to share them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from steps import Shell, eventually
from steps.files import make_file_system
from steps.guest import make_rpm_guest

if TYPE_CHECKING:
    from testhost import TestHost

UNIFY = "/usr/lib/vserver/vunify {} ref vs2 -- hello >/dev/null 2>&1"
ROUNDS = 12
ATTACK = """\
#!/bin/sh
while :; do
    chmod 4755 /usr/bin/hello
    chown 1:1 /usr/bin/hello
    touch -d 1999-01-01 /usr/bin/hello
    echo evil >>/usr/bin/hello
done 2>/dev/null
"""
# In turn a directory, and a link to one of the root server that has the same files.
SWAP = """\
#!/bin/sh
cd /usr/share
mv hello hello.real
ln -s ../../../../srv/bait hello.link
while :; do
    mv -T hello.link hello; rm hello; mv -T hello.real hello
    mv -T hello hello.real; ln -s ../../../../srv/bait hello.link
done 2>/dev/null
"""
PLANTS = (
    "mkfifo usr/bin/hello",
    "mknod usr/bin/hello c 1 5",
    "mkdir usr/bin/hello",
    "ln -s /srv/bait/hello usr/bin/hello",
    "truncate -s 1T usr/bin/hello",
)
FACTS = "cd /vservers/ref/usr/bin && stat -c '%a %u %g %Y %s' hello && md5sum hello"


def test_nothing_is_left_of_the_moments_in_which_a_file_gets_a_name(
    host: TestHost, shell: Shell
) -> None:
    make_file_system(shell, "ext4")
    for name in ("ref", "vs1", "vs2"):
        make_rpm_guest(shell, host, name, "hello-1.0-1")
    host.write("/vservers/vs1/bin/attack", ATTACK, 0o755)
    facts = shell.must(FACTS)
    shell.must("/usr/lib/vserver/vunify --method immutable ref vs1 -- hello")
    with host.start("vserver --silent vs1 exec /bin/attack"):
        for _ in range(ROUNDS):
            host.run(UNIFY.format("--method immutable"))
            host.run(UNIFY.format("--undo"))
            assert host.run(FACTS).out == facts


def test_a_guest_that_swaps_directories_leads_nobody_out(host: TestHost, shell: Shell) -> None:
    make_file_system(shell, "btrfs")
    for name in ("ref", "vs2"):
        make_rpm_guest(shell, host, name, "hello-1.0-1")
    shell.must("cp -a --reflink=never /vservers/ref/usr/share/hello /srv/bait")
    facts = "cd /srv/bait && ls -lai --time-style=full-iso && md5sum *"
    bait = shell.must(facts)
    host.write("/vservers/vs2/bin/swap", SWAP, 0o755)
    with host.start("vserver --silent vs2 exec /bin/swap"):
        link = host.path("/vservers/vs2/usr/share/hello")
        eventually(lambda: os.path.islink(link), "the guest swaps")
        for _ in range(ROUNDS):
            host.run(UNIFY.format("--overwrite"))
            host.run(UNIFY.format("--undo"))
            host.run("timeout 20 /usr/lib/vserver/vbuild vs2 copy; rm -rf /vservers/copy")
            assert host.run(facts).out == bait


@pytest.mark.parametrize("server", ["ref", "vs2"])
@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_in_the_place_of_a_file_stops_nobody(
    host: TestHost, shell: Shell, server: str, plant: str
) -> None:
    for name in ("ref", "vs2"):
        make_rpm_guest(shell, host, name, "hello-1.0-1")
    shell.must(f"cd /vservers/{server} && rm usr/bin/hello && {plant}")
    found = shell.must(f"stat -c '%F %t,%T %s' /vservers/{server}/usr/bin/hello")
    result = host.run("timeout 20 /usr/lib/vserver/vunify ref vs2 -- hello")
    assert "Traceback" not in result.err and result.status in (0, 255), result
    assert shell.must(f"stat -c '%F %t,%T %s' /vservers/{server}/usr/bin/hello") == found
    readme = "usr/share/doc/hello/README"
    shell.must(f"[ /vservers/ref/{readme} -ef /vservers/vs2/{readme} ]")


def test_endless_files_of_both_servers_stop_nobody(host: TestHost, shell: Shell) -> None:
    for name in ("ref", "vs2"):
        make_rpm_guest(shell, host, name, "hello-1.0-1")
        shell.must(f"truncate -s 1T /vservers/{name}/usr/bin/hello")
    result = host.run("timeout 20 /usr/lib/vserver/vunify ref vs2 -- hello")
    assert "Traceback" not in result.err and result.status in (0, 255), result
    shell.must("! [ /vservers/ref/usr/bin/hello -ef /vservers/vs2/usr/bin/hello ]")


def test_names_of_any_bytes_are_copied(host: TestHost, shell: Shell) -> None:
    make_rpm_guest(shell, host, "ref", "hello-1.0-1")
    shell.must("cd /vservers/ref/root && printf x >\"$(printf '\\377\\n-rf')\" && touch ./-x")
    result = host.run("/usr/lib/vserver/vbuild ref copy")
    assert (result.status, result.err.count("\n") <= 1) == (0, True), result
    shell.must("diff -r /vservers/ref/root /vservers/copy/root")
