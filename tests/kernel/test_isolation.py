"""What a process in a context sees and gets, and what its process 1 would give to who traces it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vserver.kernel import caps

if TYPE_CHECKING:
    from testhost import TestHost

SECURE = "chcontext --silent --secure"


def test_process_1_has_no_more_rights_than_its_context(host: TestHost) -> None:
    status = dict(
        line.split(":\t", 1)
        for line in host.run(f"{SECURE} cat /proc/1/status").out.splitlines()
        if ":\t" in line
    )
    rights = {name: int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")}
    assert rights == dict.fromkeys(rights, caps.SECURE_KEEPS)
    assert (status["Seccomp"], status["Name"], status["Pid"]) == ("2", "init", "1")


def test_process_1_shows_nothing_of_the_host(host: TestHost) -> None:
    host.write(
        "/tmp/look", "readlink /proc/1/exe /proc/1/cwd; readlink /proc/1/fd/*; cat /proc/1/environ"
    )
    result = host.run(f"SECRET=1 {SECURE} sh /tmp/look 9</etc/hostname", cwd="/")
    assert result.out.splitlines() == ["/memfd:stub (deleted)", "/", *["/dev/null"] * 3]


def test_what_traces_process_1_finds_its_own_filter_and_ceiling(host: TestHost) -> None:
    """Guest root may trace it and have it make any system call: the same ones are refused."""
    seen = "until grep -qs rt_sigtimedwait /tmp/trace; do kill -0 $! || exit; sleep 0.01; done"
    result = host.run(f"{SECURE} sh -c 'strace -qq -o /tmp/trace -p 1 & {seen}'")
    assert (result.status, result.err) == (0, "")


@pytest.mark.parametrize(
    "path",
    ["sys/kernel/panic", "sys/kernel/core_pattern", "sysrq-trigger", "irq/default_smp_affinity"],
)
def test_settings_in_proc_cannot_be_written(host: TestHost, path: str) -> None:
    result = host.run(f"{SECURE} sh -c 'echo 0 >/proc/{path}'")
    assert result.status != 0
    assert "Read-only file system" in result.err or "nonexistent" in result.err


@pytest.mark.parametrize(
    "name", ["kcore", "kallsyms", "keys", "slabinfo", "timer_list", "iomem", "kmsg"]
)
def test_what_tells_about_the_kernel_is_empty(host: TestHost, name: str) -> None:
    assert host.run(f"{SECURE} sh -c 'test ! -e /proc/{name} || wc -c </proc/{name}'").out in (
        "",
        "0\n",
    )


def test_the_covers_cannot_be_taken_off(host: TestHost) -> None:
    result = host.run(
        f"{SECURE} sh -c 'umount /proc/sys; mount -o remount,rw /proc/sys; umount /proc/keys'"
    )
    assert result.status != 0
    assert host.run(f"{SECURE} sh -c 'echo 0 >/proc/sys/kernel/panic'").status != 0


def test_the_cgroup_is_hidden(host: TestHost) -> None:
    assert "vserver" not in host.run(f"{SECURE} cat /proc/self/cgroup").out


def test_the_creators_descriptors_are_not_in_process_1(host: TestHost) -> None:
    result = host.run("chcontext --silent sh -c 'ls /proc/1/fd' 8</etc/passwd 9</etc/hostname")
    assert result.out.split() == ["0", "1", "2"]


def test_a_session_keyring_is_not_shared(host: TestHost) -> None:
    script = "keyctl show >/dev/null 2>&1; grep -c _ses /proc/keys"
    host.run(["sh", "-c", script])
    assert host.run(f"{SECURE} cat /proc/keys").out == ""


def test_a_command_whose_process_1_is_killed_ends(host: TestHost) -> None:
    with host.start(["chcontext", "--ctx", "500", "sh", "-c", "echo on; sleep 60"]) as process:
        process.expect("on\n")
        host.run("kill -9 $(until pgrep -x init; do sleep 0.01; done)")
        assert process.wait().status == -9
    assert host.run("chcontext --silent --ctx 500 echo again").out == "again\n"


def test_a_process_that_cannot_be_made_is_told(host: TestHost) -> None:
    fault = "inject=clone3:error=EAGAIN"
    result = host.run(f"strace -o /dev/null -qq -e {fault} chcontext true")
    assert result == (
        255,
        "",
        "Can't set the new security context (Resource temporarily unavailable)\n",
    )


@pytest.mark.parametrize(
    "call",
    ["fsopen", "fsmount", "move_mount", "mount_setattr", "unshare", "seccomp", "capset", "setns"],
)
def test_a_wall_that_cannot_be_built_stops_the_command(host: TestHost, call: str) -> None:
    fault = f"inject={call}:error=EINVAL:when=1"
    result = host.run(f"strace -f -o /dev/null -qq -e {fault} {SECURE} touch /tmp/made")
    assert (result.status, result.out, result.err.count("\n")) == (255, "", 1)
    assert host.run("test -e /tmp/made").status == 1
