"""vunify, killed or failed by strace in each of its system calls in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults import stepwise
from steps import Shell
from steps.files import make_file_system
from steps.guest import make_rpm_guest

if TYPE_CHECKING:
    from testhost import TestHost

UNIFY = "/usr/lib/vserver/vunify --overwrite ref vs1 -- hello"
# To be killed in any other one is to be killed in the next of these: they change something. On
# btrfs files are shared by reflinks, on ext4 by names.
ANY = ("renameat", "unlinkat", "ioctl", "pwrite64", "fsync")
CALLS = {"ext4": (*ANY, "linkat"), "btrfs": (*ANY, "fchmod", "utimensat")}
FAILURES = {
    "ext4": (("linkat", "EMLINK"), ("linkat", "ENOSPC"), ("renameat", "EDQUOT"), ("ioctl", "EIO")),
    "btrfs": (("utimensat", "EROFS"), ("renameat", "EDQUOT"), ("ioctl", "EIO")),
}
FILES = "usr/bin/hello usr/share/hello/* usr/share/doc/hello/README"
SUMS = f"cd /vservers/{{}} && md5sum {FILES}"


@pytest.fixture
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


@pytest.mark.parametrize(
    ("guests", "call"),
    [(kind, call) for kind, calls in CALLS.items() for call in calls],
    indirect=["guests"],
)
def test_vunify_is_killed(guests: TestHost, call: str) -> None:
    whole = sums(guests, "ref")
    for _ in stepwise(guests, UNIFY, call, "signal=KILL"):
        check_whole(guests)
        finish(guests, UNIFY)
        assert sums(guests, "vs1") == sums(guests, "ref") == whole
        restore(guests)


@pytest.mark.parametrize(
    ("guests", "call", "error"),
    [(kind, *failure) for kind, failures in FAILURES.items() for failure in failures],
    indirect=["guests"],
)
def test_a_system_call_of_vunify_fails(guests: TestHost, call: str, error: str) -> None:
    whole = sums(guests, "ref")
    for result in stepwise(guests, UNIFY, call, f"error={error}"):
        assert "Traceback" not in result.err, result
        check_whole(guests)
        finish(guests, UNIFY)
        assert sums(guests, "vs1") == sums(guests, "ref") == whole
        restore(guests)
