"""vunify and vbuild with a helper: either process is killed, in a guest large enough for two."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from guests import debian

if TYPE_CHECKING:
    from testhost import TestHost

UNIFY = "/usr/lib/vserver/vunify --method immutable --stats ref vs1 -- ALL"
SUMS = "cd /vservers/{} && find . -type f ! -name '.vunify.new*' -exec md5sum {{}} + | sort -k 2"
STATES = "cd /vservers/{} && find . -printf '%p %y %m %u %g %s %n\\n' | sort; lsattr -R . | sort"
CALLS = ("linkat", "renameat", "ioctl", "fcntl", "close", "openat", "pread64", "read", "write")
CALLS_OF_BUILD = (
    "linkat",
    "renameat2",
    "ioctl",
    "fcntl",
    "close",
    "sendfile",
    "utimensat",
    "write",
)
BUILD = "/usr/lib/vserver/vbuild --method immutable ref new"
# From then on a helper is the only child. It is stopped until strace has it.
HAS_BEGUN = {UNIFY: "-s /root/out", BUILD: "-d /vservers/new/usr"}
KILL_HELPER = """\
>/root/out; {command} >>/root/out 2>/root/err & parent=$!
until [ {has_begun} ]; do :; done
until [ "$helper" ]; do read -r helper </proc/$parent/task/$parent/children; done
kill -STOP $helper
(until grep -q 'TracerPid.*[1-9]' /proc/$helper/status; do :; done; kill -CONT $helper) &
strace -qq -o /root/trace -p $helper -e trace={call} -e inject={call}:signal=KILL:when={step}
wait $parent; echo status $?
"""
LOST = "A helper process ended unexpectedly, its work was done again\n"

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="one processor, so no helper"
)


@pytest.fixture
def guests(host: TestHost) -> TestHost:
    """A host with two guests of the same files, and what they come to be."""
    debian.make(host, "ref")
    must(host, "mkdir /vservers/vs1")
    restore(host)
    host.write("/root/sums", must(host, SUMS.format("ref")))
    must(host, f"taskset -c {min(os.sched_getaffinity(0))} {UNIFY} >/root/alone")
    host.write("/root/states", must(host, STATES.format("vs1")))
    restore(host)
    return host


def must(host: TestHost, command: str) -> str:
    """What ``command`` prints; it succeeds."""
    result = host.run(command)
    assert result.status == 0, result
    return result.out


def restore(host: TestHost) -> None:
    """Part the guests."""
    must(host, "cd /vservers && chattr -f -R -i ref vs1; rm -r vs1; cp -a ref vs1")


def check_whole(host: TestHost) -> None:
    """No file of a guest is lost."""
    for name in ("ref", "vs1"):
        assert must(host, SUMS.format(name)) == host.read("/root/sums")


def check_done(host: TestHost) -> None:
    """The guest is what a process alone would have made of it."""
    assert must(host, STATES.format("vs1")) == host.read("/root/states")
    assert must(host, "find /vservers -name '.vunify.new*'") == ""


def check_built(host: TestHost) -> None:
    """The new guest has all that its reference has, and shares what it can."""
    options = "-aAXn --checksum --delete --itemize-changes --exclude=/dev"
    assert must(host, f"rsync {options} /vservers/ref/ /vservers/new/") == ""
    assert must(host, "find /vservers -name '.vunify.new*'") == ""
    linked = "lsattr -R /vservers/{} | grep -c -- '^-*i-'"
    assert must(host, linked.format("new")) == must(host, linked.format("ref"))


def finish(host: TestHost) -> None:
    """The same once more does the rest."""
    assert must(host, UNIFY)
    check_whole(host)
    check_done(host)


def kill_helper(host: TestHost, command: str, call: str, step: int) -> bool:
    """``command``, whose helper is killed in a call of ``call``; false when it was faster."""
    values = {"command": command, "has_begun": HAS_BEGUN[command], "call": call, "step": step}
    result = host.run(KILL_HELPER.format_map(values))
    if " = ?\n" not in host.run("cat /root/trace").out:
        return False
    assert result.out == "status 255\n"
    assert host.read("/root/err") == LOST
    return True


def test_two_processes_say_and_do_what_one_does(guests: TestHost) -> None:
    must(guests, f"{UNIFY} >/root/out")
    assert guests.read("/root/out") == guests.read("/root/alone")
    check_whole(guests)
    check_done(guests)


@pytest.mark.parametrize("call", CALLS)
def test_the_helper_is_killed(guests: TestHost, call: str) -> None:
    kills = 0
    for step in (1, 2, 3, 20):
        kills += kill_helper(guests, UNIFY, call, step)
        check_whole(guests)
        check_done(guests)
        restore(guests)
    assert kills


@pytest.mark.parametrize("call", CALLS_OF_BUILD)
def test_the_helper_of_vbuild_is_killed(guests: TestHost, call: str) -> None:
    kills = 0
    for step in (1, 2, 3, 20):
        kills += kill_helper(guests, BUILD, call, step)
        check_built(guests)
        must(guests, "cd /vservers && chattr -f -R -i ref new; rm -r new")
    assert kills


@pytest.mark.parametrize("call", CALLS_OF_BUILD)
def test_vbuild_that_has_a_helper_is_killed(guests: TestHost, call: str) -> None:
    for step in (30, 300):
        inject = f"-e trace={call} -e inject={call}:signal=KILL:when={step}"
        guests.run(f"strace -f -qq -o /root/trace {inject} {BUILD}")
    must(guests, BUILD)
    check_built(guests)


@pytest.mark.parametrize("call", CALLS)
def test_the_one_that_has_a_helper_is_killed(guests: TestHost, call: str) -> None:
    for step in (1, 40, 400):
        inject = f"-e trace={call} -e inject={call}:signal=KILL:when={step}"
        guests.run(f"strace -qq -o /root/trace {inject} {UNIFY}")
        check_whole(guests)
    finish(guests)
    assert must(guests, "pgrep -f '[v]unify' || true") == ""


@pytest.mark.parametrize("call", CALLS)
def test_both_are_killed(guests: TestHost, call: str) -> None:
    for step in (30, 300):
        inject = f"-e trace={call} -e inject={call}:signal=KILL:when={step}"
        guests.run(f"strace -f -qq -o /root/trace {inject} {UNIFY}")
        check_whole(guests)
    finish(guests)


@pytest.mark.parametrize("signal", ["INT", "TERM"])
@pytest.mark.parametrize("whom", ["", "-"], ids=["one process", "all processes"])
def test_a_signal_ends_both_between_two_files(guests: TestHost, signal: str, whom: str) -> None:
    script = (
        f"setsid {UNIFY} >/root/out 2>/root/err & parent=$!; until pgrep -P $parent; do :; done;"
        f" sleep 0.1; env kill -{signal} -- {whom}$parent; wait $parent; echo status $?"
    )
    result = guests.run(script)
    assert result.out.endswith("status 255\n"), result
    message = guests.read("/root/err")
    assert message.startswith("vunify: interrupted after "), message
    assert message.endswith("; run it again to finish\n") and message.count("\n") == 1
    assert must(guests, "pgrep -f '[v]unify' || true") == ""
    assert must(guests, "find /vservers -name '.vunify.new*'") == ""
    check_whole(guests)
    finish(guests)
