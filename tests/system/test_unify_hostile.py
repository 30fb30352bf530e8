"""A guest that attacks the files it shares while others come to share them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steps import Shell
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
