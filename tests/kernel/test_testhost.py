"""The test host itself: a fresh machine each time, of which nothing remains."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from machine.keeper import PREFIX, remove_cgroups, run_name, sweep
from vserver.kernel import cgroup

if TYPE_CHECKING:
    from testhost import Keeper, TestHost


def test_machines_are_separate(host: TestHost) -> None:
    assert host.run("hostname").out == "host.example.com\n"
    assert host.lan.run("hostname").out == "lan.example.com\n"
    assert host.run("ls -A /vservers /tmp").out.split() == ["/tmp:", "/vservers:"]
    assert len(host.run("ls -d /proc/[0-9]*").out.split()) < 6


def test_what_a_host_wrote_is_gone_with_it(keeper: Keeper) -> None:
    for _ in range(2):
        host = keeper.host()
        assert not os.path.exists(host.path("/etc/mark"))
        host.write("/etc/mark", "x")
        assert host.run("cat /etc/mark").out == "x"
        host.close()
    assert not os.path.exists("/etc/mark")


def test_a_run_removes_what_a_dead_one_left_and_no_more() -> None:
    living = run_name(os.getpid())
    namespace, pid, started = living.split("-")
    dead, elsewhere = f"{namespace}-{pid}-{int(started) - 1}", f"{int(namespace) - 1}-{pid}-1"
    runs = (living, dead, elsewhere)
    places = [f"{cgroup.mount_point()}/{PREFIX}.{run}.test" for run in runs]
    for place in places:
        os.makedirs(f"{place}/vserver")
    try:
        sweep()
        assert [os.path.exists(place) for place in places] == [True, False, True]
    finally:
        remove_cgroups(places)


def test_a_machine_whose_process_1_has_died_is_ended(keeper: Keeper) -> None:
    sock, pid, fds = keeper.make("dead.example.com")
    os.kill(pid, signal.SIGKILL)
    while sock.recv(1):
        pass
    assert keeper.end(pid) == []
    for fd in (sock.detach(), *fds):
        os.close(fd)


def test_links_are_followed_inside(host: TestHost) -> None:
    host.run("ln -s /etc/passwd /tmp/link; ln -s /nowhere/file /tmp/dangling")
    assert host.path("/tmp/link").endswith(f"{host.pid}/root/etc/passwd")
    host.write("/var/run/new/file", "text")
    assert host.run("cat /run/new/file").out == "text"


def test_lan_reaches_the_host(host: TestHost) -> None:
    with host.start("listen 0.0.0.0:80") as listener:
        listener.expect("listening")
        assert host.lan.run("ask 192.0.2.10:80").out == "192.0.2.10:80\n"
    assert host.lan.run("ask 192.0.2.10:80").status == 1


def test_daemon_does_not_keep_the_caller_waiting(host: TestHost) -> None:
    began = time.monotonic()
    result = host.run("setsid sleep 600 & echo started; exit 3")
    assert result == (3, "started\n", "")
    assert time.monotonic() - began < 5


def test_command_that_hangs_is_ended(host: TestHost) -> None:
    with pytest.raises(TimeoutError):
        host.run("echo so far; sleep 600", timeout=0.2)


def test_long_input_and_output(host: TestHost) -> None:
    text = "line\n" * 200_000
    assert host.run("cat", input=text).out == text


def test_close_ends_every_process(keeper: Keeper) -> None:
    host = keeper.host()
    host.run("mkdir /sys/fs/cgroup/deep /sys/fs/cgroup/deep/er")
    host.run("(echo 0 >/sys/fs/cgroup/deep/er/cgroup.procs; exec setsid sleep 601) &")
    host.run("unshare --fork --pid --mount-proc sleep 602 & ip netns add left")
    host.close()
    assert not [pid for pid in os.listdir("/proc") if pid.isdigit() and _sleeps(pid)]


def test_close_names_what_was_left(keeper: Keeper, host: TestHost) -> None:
    other = keeper.host()
    device = other.run("truncate -s 1M /tmp/image; losetup --find --show /tmp/image").out.strip()
    try:
        with pytest.raises(AssertionError, match=device.removeprefix("/dev/")):
            other.close()
    finally:
        host.run(f"losetup -d {device}")


def test_loop_mount_goes_by_itself(host: TestHost) -> None:
    made = host.run(
        "truncate -s 8M /tmp/image; mke2fs -q /tmp/image; mount -o loop /tmp/image /mnt"
    )
    assert made == (0, "", "")


@pytest.mark.hybrid
def test_hybrid_host_has_both_versions_of_cgroups(host: TestHost) -> None:
    shown = host.run("ls /sys/fs/cgroup/pids/tasks /sys/fs/cgroup/unified/cgroup.procs")
    assert shown.status == 0, shown


def test_terminal(host: TestHost) -> None:
    with host.terminal("cat; stty size; exit 5", size=(30, 90)) as terminal:
        terminal.send("hello\n\x04")
        terminal.expect("30 90")
        assert terminal.wait() == 5
        assert terminal.screen == "hello\nhello\n30 90\n"


def _sleeps(pid: str) -> bool:
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            return file.read() in ("sleep\x00601\x00", "sleep\x00602\x00")
    except OSError:
        return False
