"""Limits of whole contexts, by the v2 controllers or by v1 ones beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from testhost import TestHost

PIDS_MAX = "cat /sys/fs/cgroup/pids/vserver-500/pids.max || cat /sys/fs/cgroup/vserver/500/pids.max"
V1_LEFT = "ls -d /sys/fs/cgroup/*/vserver-*"


@pytest.mark.controllers
@pytest.mark.parametrize(
    "command, most",
    [
        ("chcontext --ctx 500", "4096"),
        ("prlimit --nproc=77 chcontext --ctx 500 --flag nproc", "77"),
        ("prlimit --nproc=77 chcontext --ctx 500 --flag ulimit", "77"),
        ("prlimit --nproc=77 chcontext --ctx 500", "4096"),
    ],
)
def test_a_context_has_a_limit_of_processes(host: TestHost, command: str, most: str) -> None:
    with host.start(f"{command} sleep 60") as process:
        process.expect("500")
        assert host.run(PIDS_MAX).out == f"{most}\n"


@pytest.mark.controllers
def test_a_limit_set_later_counts_those_who_are_in(host: TestHost) -> None:
    with host.start("chcontext --ctx 500 sh -c 'sleep 60 & sleep 61 & echo on; wait'") as process:
        process.expect("on\n")
        joined = "prlimit --nproc=7 chcontext --silent --ctx 500 --flag nproc"
        forks = "sh -c 'sleep 1 & sleep 1 & sleep 1 & sleep 1'"
        assert "Cannot fork" in host.run(f"{joined} {forks}").err


@pytest.mark.controllers
def test_a_context_can_limit_itself(host: TestHost) -> None:
    limit = "prlimit --nproc=4 reducecap --flag nproc sh -c 'sleep 1 & sleep 1 & sleep 1 & sleep 1'"
    assert "Cannot fork" in host.run(f"chcontext --silent {limit}").err


@pytest.mark.controllers
def test_a_fork_bomb_ends_with_its_context(host: TestHost) -> None:
    bomb = (
        "prlimit --nproc=30 chcontext --ctx 500 --flag nproc sh -c 'f() { f & f; }; f' 2>/dev/null"
    )
    with host.start(bomb) as process:
        process.expect("500")
        assert host.run("sleep 0.5; chcontext --silent true").status == 0
        host.run(
            "for kill in /sys/fs/cgroup/{,unified/}vserver/500/cgroup.kill; do echo 1 >$kill; done"
        )
        process.wait()


@pytest.mark.hybrid
def test_the_v1_directories_go_with_the_context(host: TestHost) -> None:
    host.run("chcontext --ctx 500 --flag nproc --flag sched true")
    host.run("chcontext --ctx 501 true")
    host.run("sleep 0.1; chcontext --ctx 502 true")
    assert "500" not in host.run(V1_LEFT).out


def test_a_flag_that_the_machine_cannot_keep_stops_the_command(host: TestHost) -> None:
    controllers = host.run(f"cat {host.cgroups}/cgroup.controllers; ls /sys/fs/cgroup").out
    if "cpu" in controllers.split():
        pytest.skip("this machine has the cpu controller")
    result = host.run("chcontext --flag sched true")
    assert result == (255, "", "Can't set the new security context (no cgroup controller 'cpu')\n")
    assert host.run("chcontext --silent reducecap --flag sched true").err == (
        "new_s_context -2: no cgroup controller 'cpu'\n"
    )
