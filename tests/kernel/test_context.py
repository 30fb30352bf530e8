"""Contexts come and go: numbers, races, and what is left when somebody is killed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from steps import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testhost import TestHost

CONTEXTS = "ls -d /sys/fs/cgroup/vserver/[0-9]* /sys/fs/cgroup/unified/vserver/[0-9]* 2>/dev/null"
# Calls in which nothing changes
HARMLESS = re.compile(
    r"newfstatat|fstat|lseek|mmap|munmap|rt_sigaction|brk|getdents64|ioctl|readlink"
)


def contexts(host: TestHost) -> list[int]:
    """The contexts that have a directory."""
    return [int(path.split("/")[-1]) for path in host.run(CONTEXTS).out.split()]


def processes(host: TestHost) -> list[str]:
    """What runs on the host beside its process 1 and this question."""
    shown = host.run(["ps", "-e", "-o", "args", "--no-headers"]).out.splitlines()
    return [line for line in shown if "tests/machine" not in line and not line.startswith("ps -e")]


def test_three_hundred_contexts_leave_nothing(host: TestHost) -> None:
    script = "for i in $(seq 75); do chcontext --silent --secure true; done"
    assert host.run(f"for j in 1 2 3 4; do ({script}) & done; wait", timeout=300) == (0, "", "")
    number = int(host.run("chcontext true").out.split()[-1])
    assert (number, contexts(host)) == (49452, [49452])
    eventually(lambda: processes(host) == [], f"end of {processes(host)}")


def test_a_number_is_not_soon_used_again(host: TestHost) -> None:
    lines = host.run("for i in 1 2 3; do chcontext true; done").out.split("\n")
    assert lines[:3] == [f"New security context is {number}" for number in (49152, 49153, 49154)]


def test_the_numbers_start_again_behind_the_last(host: TestHost) -> None:
    host.run(f"chcontext true; setfattr -n trusted.vserver.last -v 65534 {host.cgroups}/vserver")
    lines = host.run("chcontext true; chcontext true").out.split("\n")
    assert lines[:2] == ["New security context is 65535", "New security context is 49152"]


def test_many_want_the_same_context_at_once(host: TestHost) -> None:
    command = "chcontext --silent --ctx 500 sh -c 'echo yes; sleep 0.1'"
    result = host.run(f"for i in $(seq 16); do {command} & done; wait")
    assert (result.out.split(), result.err) == (["yes"] * 16, "")


@pytest.mark.parametrize("command", ["true", "sh -c 'sleep 0.01'", "sh -c 'sleep 0.02 & exit 0'"])
def test_who_comes_while_the_last_one_leaves_gets_in(host: TestHost, command: str) -> None:
    loop = f"for i in $(seq 20); do chcontext --silent --ctx 500 {command} && echo yes; done"
    result = host.run(f"for j in 1 2 3; do ({loop}) & done; wait", timeout=120)
    assert (result.out.split(), result.err) == (["yes"] * 60, "")


def test_observers_come_and_go(host: TestHost) -> None:
    loop = "for i in $(seq 15); do chcontext --silent --ctx 1 echo yes; done"
    result = host.run(f"for j in 1 2 3; do ({loop}) & done; wait")
    assert (result.out.split(), result.err) == (["yes"] * 45, "")


def test_a_context_that_its_maker_left_half_done_is_collected(host: TestHost) -> None:
    leaf = f"{host.cgroups}/vserver/700/any"
    host.run(f"chcontext true; mkdir -p {leaf}")
    host.run(f"(echo 0 >{leaf}/cgroup.procs; exec sleep 4711) & sleep 0.1")
    assert host.run("chcontext --ctx 600 true").status == 0
    assert contexts(host) == [600]


def test_a_context_that_only_has_its_first_process_is_collected(host: TestHost) -> None:
    host.run("strace -o /dev/null -e inject=pidfd_open:signal=KILL chcontext --ctx 500 true")
    assert host.run("chcontext --ctx 600 true").status == 0
    assert contexts(host) == [600]


@pytest.mark.parametrize("words", ["--ctx 500", "--flag fakeinit --ctx 500", "--secure --ctx 500"])
def test_a_chcontext_that_is_killed_anywhere_leaves_what_the_next_one_sweeps(
    host: TestHost, words: str
) -> None:
    command = f"chcontext --silent {words} true"
    host.run(command)
    host.run(f"strace -o /tmp/calls {command}")
    for call, count in list(own_calls(host.read("/tmp/calls")))[::6]:
        fault = f"inject={call}:signal=KILL:when={count}"
        host.run(f"strace -o /tmp/killed -qq -e {fault} {command}")
        assert host.run(command) == (0, "", ""), fault
        assert host.run("chcontext --silent --ctx 600 true") == (0, "", ""), fault
        assert contexts(host) == [600], fault
        eventually(lambda: processes(host) == [], f"end of {processes(host)} after {fault}")


def test_a_context_that_pretends_to_leave_keeps_nobody_waiting(host: TestHost) -> None:
    """Root in there can give process 1 the I/O priority by which it says that it leaves."""
    pretend = "ionice -c 2 -n 7 -p 1; echo on; sleep 60"
    with host.start(["chcontext", "--ctx", "500", "--secure", "sh", "-c", pretend]) as process:
        process.expect("on\n")
        result = host.run("chcontext --ctx 500 true", timeout=10)
    reason = "cannot start the command: No such process"
    assert (result.status, result.err) == (255, f"Can't set the new security context ({reason})\n")


def test_who_may_open_few_files_ends_no_context(host: TestHost) -> None:
    join = "chcontext --silent --ctx 500"
    with host.start([*join.split(), "sh", "-c", "echo on; sleep 60"]) as member:
        member.expect("on\n")
        for most in range(4, 12):
            result = host.run(f"ulimit -n {most}; {join} echo in")
            assert "Too many open files" in result.err or result == (0, "in\n", ""), most
        assert host.run(f"{join} echo in").out == "in\n"
        assert member.running


@pytest.mark.parametrize(
    ("file", "command"), [("cgroup.events", "vnetstat"), ("any/cgroup.procs", "vkill -c")]
)
def test_members_that_cannot_be_counted_are_not_none(
    host: TestHost, file: str, command: str
) -> None:
    with host.start(["chcontext", "--ctx", "500", "sh", "-c", "echo on; sleep 60"]) as member:
        member.expect("on\n")
        fault = f"-P {host.cgroups}/vserver/500/{file} -e inject=openat:error=ENFILE"
        result = host.run(f"strace -qq -o /tmp/trace {fault} {command} 500")
    assert "Too many open files in system" in result.err
    assert result.status != 0


def own_calls(trace: str) -> Iterator[tuple[str, int]]:
    """Each call of a trace by strace(1) since the package's own work began, and its count."""
    counts: dict[str, int] = {}
    begun = False
    for name in re.findall(r"(?m)^(\w+)\(.*", trace):
        counts[name] = counts.get(name, 0) + 1
        begun = begun or name == "clone3" or counts.get("flock", 0) > 0 or name == "mkdir"
        if begun and not HARMLESS.fullmatch(name):
            yield name, counts[name]
