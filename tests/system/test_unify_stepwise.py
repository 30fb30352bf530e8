"""vunify, killed or failed by strace in each of its system calls in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from steps import Shell
from steps.files import make_file_system
from steps.guest import make_rpm_guest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testhost import Result, TestHost

UNIFY = "/usr/lib/vserver/vunify --overwrite ref vs1 -- hello"
# To be killed in any other one is to be killed in the next of these: they change something.
CALLS = ("linkat", "renameat", "unlinkat", "ioctl", "fchmod", "utimensat", "pwrite64", "fsync")
FAILURES = (
    ("linkat", "EMLINK"),
    ("linkat", "ENOSPC"),
    ("renameat", "EDQUOT"),
    ("ioctl", "EIO"),
    ("utimensat", "EROFS"),
)
FILES = "usr/bin/hello usr/share/hello/* usr/share/doc/hello/README"
SUMS = f"cd /vservers/{{}} && md5sum {FILES}"
KILLED = 137


@pytest.fixture(params=["ext4", "btrfs"])
def guests(host: TestHost, shell: Shell, request: pytest.FixtureRequest) -> TestHost:
    """A host with two guests; what is the reference's own differs in every file."""
    make_file_system(shell, request.param)
    for name in ("ref", "vs1"):
        make_rpm_guest(shell, host, name, "hello-1.0-1")
    shell.must(f"cd /vservers/vs1 && for file in {FILES}; do echo own >>$file; done")
    shell.must("cp -a /vservers/vs1 /vservers/before")
    return host


def sums(host: TestHost, name: str) -> list[str]:
    """The files of a guest with their digests."""
    result = host.run(SUMS.format(name))
    assert result.status == 0, result
    return result.out.splitlines()


def stepwise(host: TestHost, command: str, call: str, what: str) -> Iterator[Result]:
    """Run ``command`` with ``what`` injected into its first ``call``, then the second and so on.

    Ends when there are no more; what ``command`` does by other programs does not count.
    """
    step = 0
    while True:
        step += 1
        inject = f"-e trace={call} -e inject={call}:{what}:when={step}"
        result = host.run(f"strace -qq -o /tmp/trace {inject} {command}")
        if result.status != KILLED and host.run("grep -q INJECTED /tmp/trace").status:
            return
        yield result


def check_whole(host: TestHost) -> None:
    """Each file of the guest is its own or that of the reference, which is as it was."""
    files = zip(sums(host, "vs1"), sums(host, "before"), sums(host, "ref"), strict=True)
    assert all(now in (before, after) for now, before, after in files)


def restore(host: TestHost) -> None:
    """Give the guest its own files again."""
    result = host.run(
        f"cd /vservers/vs1 && chattr -f -i {FILES}; cd ../before &&"
        f" cp -a --remove-destination --parents {FILES} ../vs1"
    )
    assert result.status == 0, result


def finish(host: TestHost, command: str) -> None:
    """``command`` once more finishes the work and leaves nothing of the time before."""
    assert host.run(command).status == 0
    assert host.run("find /vservers -name '.vunify.new*'").out == ""


@pytest.mark.parametrize("call", CALLS)
def test_vunify_is_killed(guests: TestHost, call: str) -> None:
    whole = sums(guests, "ref")
    for _ in stepwise(guests, UNIFY, call, "signal=KILL"):
        check_whole(guests)
        finish(guests, UNIFY)
        assert sums(guests, "vs1") == sums(guests, "ref") == whole
        restore(guests)


@pytest.mark.parametrize(("call", "error"), FAILURES)
def test_a_system_call_of_vunify_fails(guests: TestHost, call: str, error: str) -> None:
    whole = sums(guests, "ref")
    for result in stepwise(guests, UNIFY, call, f"error={error}"):
        assert "Traceback" not in result.err, result
        check_whole(guests)
        finish(guests, UNIFY)
        assert sums(guests, "vs1") == sums(guests, "ref") == whole
        restore(guests)
