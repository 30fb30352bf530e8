"""vbuild, killed or failed by strace in each of its system calls in turn.

The tree is small and has one of each kind; its package database is that of dpkg, which takes no
other program to be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults import stepwise
from guests import write_conf, write_tree
from steps import Shell
from steps.files import make_file_system

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testhost import Result, TestHost

BUILD = "/usr/lib/vserver/vbuild ref new"
INFO = "var/lib/dpkg/info"
TREE = {
    "etc/hello.conf": "setting\n",
    "usr/bin/hello": "#!/bin/sh\necho hello\n",
    "usr/share/hello": "shared\n",
    f"{INFO}/hello.list": "/.\n/usr\n/usr/bin\n/usr/bin/hello\n/usr/bin/hi\n/usr/share/hello\n",
    f"{INFO}/hello.md5sums": "0 usr/bin/hello\n0 usr/bin/hi\n0 usr/share/hello\n",
    "var/lib/dpkg/status": (
        "Package: hello\nStatus: install ok installed\nArchitecture: all\nVersion: 1.0\n"
    ),
}
SPECIAL = """\
ln usr/bin/hello usr/bin/hi
ln -s hello usr/bin/hello-link && chown -h 33:34 usr/bin/hello-link
mkdir own && cd own
echo own >one && ln one two && ln two three && setfattr -n user.note -v text one
truncate -s 1M hole && printf x | dd of=hole bs=1 seek=300000 conv=notrunc status=none
echo set >suid && chown 4242:4343 suid && chmod 6751 suid
mkfifo fifo && mknod null c 1 3 && chown 42:43 fifo null
touch -d 2003-11-05 * && touch -h -d 2003-11-05 ../usr/bin/* . ..
"""
SHARED = "usr/bin/hello usr/bin/hi usr/share/hello"
# To be killed in any other one is to be killed in the next of these: they change something.
CALLS = (
    "mkdir,mkdirat",
    "linkat",
    "symlinkat",
    "mknodat",
    "renameat,renameat2,unlinkat",
    "ioctl",
    "sendfile,ftruncate",
    "fchown,fchownat",
    "fchmod",
    "fsetxattr",
    "utimensat",
    "pwrite64",
)
FAILURES = (
    ("mkdir,mkdirat", "ENOSPC"),
    ("linkat", "ENOSPC"),
    ("symlinkat", "EDQUOT"),
    ("mknodat", "EPERM"),
    ("renameat,renameat2", "EDQUOT"),
    ("ioctl", "EIO"),
    ("sendfile,ftruncate", "ENOSPC"),
    ("fchown,fchownat", "EROFS"),
    ("fsetxattr", "ENOSPC"),
    ("utimensat", "EROFS"),
)


@pytest.fixture(params=["ext4", "btrfs"])
def reference(host: TestHost, shell: Shell, request: pytest.FixtureRequest) -> TestHost:
    """A host with a guest to build from, and a copy of it to compare with."""
    make_file_system(shell, request.param)
    write_tree(host.path("/vservers/ref"), TREE)
    write_conf(host, "ref", {})
    host.write("/root/special", SPECIAL)
    shell.must("cd /vservers/ref && sh -e /root/special && cp -a /vservers/ref /vservers/before")
    shell.must(BUILD)
    host.write("/root/sharing", sharing(host))
    remove(host)
    return host


def attempts(host: TestHost, call: str, what: str) -> Iterator[Result]:
    """vbuild with ``what`` in its first ``call``, then the second and so on; each from nothing."""
    for result in stepwise(host, BUILD, call, what, follow=True):
        yield result
        remove(host)


def differences(host: TestHost, one: str, other: str) -> str:
    """How two trees differ as rsync tells it: contents, links, owners, times, attributes."""
    options = "-aHAXn --checksum --delete --itemize-changes"
    result = host.run(f"rsync {options} /vservers/{one}/ /vservers/{other}/")
    assert result.status == 0, result
    return result.out


def check_parts(host: TestHost) -> None:
    """The reference is as it was, and whatever file the new tree has by its name is complete."""
    assert differences(host, "before", "ref") == ""
    result = host.run(
        "cd /vservers/new 2>/dev/null || exit 0;"
        " find . -type f ! -name '.vunify.new*' -exec cmp {} ../ref/{} \\;"
    )
    assert result == (0, "", ""), result


def finish(host: TestHost) -> None:
    """The same command once more completes the tree and leaves nothing of the time before."""
    result = host.run(BUILD)
    assert result.status == 0, result
    assert "Traceback" not in result.err
    assert differences(host, "ref", "new") == differences(host, "before", "ref") == ""


def sharing(host: TestHost) -> str:
    """How many names the shared files have, and how they are guarded."""
    result = host.run(f"cd /vservers/ref && stat -c '%n %h' {SHARED} && lsattr {SHARED}")
    assert result.status == 0, result
    return result.out


def remove(host: TestHost) -> None:
    """Remove the new tree, and the guards of what it has shared."""
    result = host.run(
        "cd /vservers && chattr -f -R -i ref new; rm -rf new && find . -name '.vunify.new*'"
    )
    assert result.out == "", result


@pytest.mark.parametrize("call", CALLS)
def test_vbuild_is_killed(reference: TestHost, call: str) -> None:
    for _ in attempts(reference, call, "signal=KILL"):
        check_parts(reference)
        finish(reference)
        assert sharing(reference) == reference.read("/root/sharing")


@pytest.mark.parametrize(("call", "error"), FAILURES)
def test_a_system_call_of_vbuild_fails(reference: TestHost, call: str, error: str) -> None:
    for result in attempts(reference, call, f"error={error}"):
        assert "Traceback" not in result.err, result
        check_parts(reference)
        finish(reference)
