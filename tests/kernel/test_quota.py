"""The broker of disk quota and its hostile callers, on a file system with quota or without.

Where this kernel has no quota for ext4, what the broker lets through is answered by ESRCH.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from guests import busybox
from steps import Shell, eventually
from steps.quota import install, make_own_file_system

if TYPE_CHECKING:
    from testhost import TestHost

CONF = {"S_CAPS": "CAP_QUOTACTL"}
CAP_CHOWN, CAP_AUDIT_WRITE = 0, 29
ALICE = 1000
BIND = "mount --bind /vservers/whole/part /vservers/web"

both_abis = pytest.mark.parametrize("abi", ["", "-i"])


class Guest:
    """The guest "web" on a file system of its own; ``served`` is the answer to what passes."""

    def __init__(self, host: TestHost, shell: Shell, **conf: str) -> None:
        self._host = host
        self._served = "ok" if make_own_file_system(shell, "/vservers/web") else "ESRCH"
        busybox.make(host, "web", conf={**CONF, **conf})
        install(host, "web")
        shell.must("vserver web start")

    def call(self, words: str) -> str:
        """What quota-call says, without the numbers."""
        result = self._host.run(f"vserver --silent web exec quota-call {words}")
        assert result.err == ""
        return result.out.split()[0]

    def is_served(self, words: str) -> bool:
        """Does the call get to the kernel?"""
        return self.call(words) == self._served


@pytest.fixture
def guest(host: TestHost, shell: Shell) -> Guest:
    return Guest(host, shell)


def brokers(host: TestHost) -> list[str]:
    return host.run("pgrep -x quotabroker").out.split()


def need(abi: str) -> None:
    if abi and os.uname().machine != "x86_64":
        pytest.skip("no 32-bit calls by int 0x80")


@both_abis
def test_root_of_the_guest_is_served(guest: Guest, abi: str) -> None:
    need(abi)
    for words in (f"set {ALICE} 100", f"get {ALICE}", "next 0", "setinfo", "info", "format"):
        assert guest.is_served(f"{abi} {words}"), words
        assert guest.is_served(f"{abi} -g {words}"), words
        assert guest.is_served(f"{abi} -f / {words}"), words
    assert guest.call(f"{abi} sync") == "ok"
    assert guest.call(f"{abi} -s '' sync") == "ok"


@both_abis
def test_other_commands_are_refused(guest: Guest, abi: str) -> None:
    need(abi)
    for command in ("on", "0x800003", "0x5801", "0x5802", "0x5806", "0x5808", "0", "0xffffff"):
        assert guest.call(f"{abi} {command}") == "EPERM", command


@both_abis
def test_other_file_systems_are_out_of_reach(guest: Guest, abi: str) -> None:
    need(abi)
    for name in ("/dev/loop99", "/dev/hdv2", "/dev/hdv10", "/dev/hdv", "/", "/dev/../dev/hdv1"):
        assert guest.call(f"{abi} -s {name} get 0") == "ENODEV", name
    assert guest.call(f"{abi} -s '' get 0") == "ENODEV"
    for file in ("/proc", "/dev/null", "/dev/shm"):
        assert guest.call(f"{abi} -f {file} get 0") == "EPERM", file


def test_the_file_system_has_the_name_of_proc_mounts_too(guest: Guest, host: TestHost) -> None:
    source = host.run("findmnt -n -o SOURCE /vservers/web").out.strip()
    assert guest.is_served(f"-s {source} get 0")
    result = host.run(f"vserver --silent web exec sh -c 'ls -l {source} && cat {source}'")
    assert result.out.startswith("b---------")
    assert "Operation not permitted" in result.err


def test_a_name_in_a_directory_of_dev(host: TestHost, shell: Shell) -> None:
    shell.must("mkdir /vservers/web && mount -t tmpfs /dev/mapper/vg-web /vservers/web")
    busybox.make(host, "web", conf=CONF)
    install(host, "web")
    run = "vserver --silent web exec"
    assert host.run(f"{run} ls -l /dev/mapper/vg-web /dev/hdv1").out.count("b---------") == 2
    assert host.run(f"{run} quota-call -s /dev/mapper/vg-web get 0").out == "ENOSYS\n"


@pytest.mark.parametrize(
    "source",
    ["none", "/dev/../x", "/dev/a\\ b", "/dev//x", "/dev/shm", "/dev/x/.", "/dev/", "/dev/null"],
)
def test_a_name_that_makes_no_device(host: TestHost, shell: Shell, source: str) -> None:
    shell.must(f"mkdir /vservers/web && mount -t tmpfs {source} /vservers/web")
    busybox.make(host, "web", conf=CONF)
    result = host.run("vserver --silent web exec sh -c 'find /dev -type b; ls -l /dev/null'")
    assert result.out.startswith("/dev/hdv1\ncrw-rw-rw-")


def test_users_see_their_own_quota_and_change_none(guest: Guest) -> None:
    user = f"-u {ALICE}"
    assert guest.is_served(f"{user} get {ALICE}")
    assert guest.is_served(f"{user} -g get 0")  # quota-call keeps the group
    assert guest.is_served(f"{user} info")
    for words in ("get 0", f"get {ALICE + 1}", "-g get 5", f"set {ALICE} 5", "next 0", "setinfo"):
        assert guest.call(f"{user} {words}") == "EPERM", words


def test_root_in_a_user_namespace_is_served(host: TestHost, shell: Shell) -> None:
    guest = Guest(host, shell, S_FLAGS="userns")
    assert guest.is_served(f"set {ALICE} 100")
    assert guest.is_served(f"-u {ALICE} get {ALICE}")
    assert guest.call(f"-u {ALICE} set {ALICE} 100") == "EPERM"


@pytest.mark.parametrize("capability", [CAP_CHOWN, CAP_AUDIT_WRITE])
def test_root_that_dropped_a_capability_changes_none(guest: Guest, capability: int) -> None:
    assert guest.call(f"-d {capability} set {ALICE} 5") == "EPERM"
    assert guest.is_served(f"-d {capability} get 0")


@pytest.mark.parametrize("address", ["0", "1", "0x7fffffffffff", "0xffff888000000000", "-8"])
def test_a_wrong_address_is_one_for_the_caller_only(guest: Guest, address: str) -> None:
    assert guest.call(f"-a {address} set {ALICE} 5") == "EFAULT"
    assert guest.is_served(f"set {ALICE} 5")


def test_a_thousand_calls_are_answered(guest: Guest, host: TestHost) -> None:
    assert guest.call("-n 1000 sync") == "ok"
    eventually(lambda: len(brokers(host)) == 1, "one broker, that of the services")


def test_callers_that_are_killed_on_the_way_do_no_harm(guest: Guest, host: TestHost) -> None:
    script = (
        "for i in $(seq 40); do quota-call -n 100000 info & quota-call -n 100000 sync & done;"
        " sleep 0.3; kill -9 $(pidof quota-call); wait; quota-call sync"
    )
    result = host.run(["vserver", "--silent", "web", "exec", "sh", "-c", f"{script} 2>/dev/null"])
    assert result.out.split()[-1] == "ok"


def test_descriptors_of_callers_that_are_killed_are_closed(guest: Guest, host: TestHost) -> None:
    script = (
        "for i in $(seq 20); do quota-call -n 100000 -f / info & done; sleep 0.3;"
        " kill -9 $(pidof quota-call); wait; quota-call sync; echo over; sleep 1000"
    )
    [idle] = brokers(host)
    with host.start(["vserver", "--silent", "web", "exec", "sh", "-c", script]) as process:
        process.expect("ok\nover")
        [busy] = set(brokers(host)) - {idle}
        opened = [host.run(f"ls /proc/{pid}/fd").out for pid in (idle, busy)]
        assert opened[0] == opened[1] != ""


def test_who_waits_for_a_broker_that_hangs_can_be_killed(guest: Guest, host: TestHost) -> None:
    script = "quota-call sync; touch /ready; while sleep 0.1; do quota-call sync >/dev/null; done"
    with host.start(["vserver", "--silent", "web", "exec", "sh", "-c", script]) as process:
        eventually(lambda: os.path.exists(host.path("/vservers/web/ready")), "the first call")
        host.run(["kill", "-STOP", *(hung := brokers(host))])
        waits = "grep -l ^seccomp /proc/$(pgrep -n -x quota-call)/wchan"
        eventually(lambda: host.run(waits).status == 0, "a call that waits")
        host.run("kill -9 $(pgrep -x init)")
        assert process.wait().out == "ok\n"
        host.run(["kill", "-CONT", *hung])
    eventually(lambda: not brokers(host), "no broker", 2.0)


def test_without_its_broker_nobody_waits(guest: Guest, host: TestHost) -> None:
    script = "quota-call sync; touch /ready; sleep 1; quota-call sync"
    with host.start(["vserver", "--silent", "web", "exec", "sh", "-c", script]) as process:
        eventually(lambda: os.path.exists(host.path("/vservers/web/ready")), "the first call")
        host.run(["kill", "-9", *brokers(host)])
        assert process.wait().out.split() == ["ok", "ENOSYS"]
    assert guest.call("sync") == "ok"


def test_the_guest_sees_no_broker_and_no_descriptor_of_it(guest: Guest, host: TestHost) -> None:
    assert len(brokers(host)) == 1
    result = host.run("vserver --silent web exec sh -c 'ls /proc/self/fd /proc/1/fd; ps'")
    assert "quotabroker" not in result.out
    assert "seccomp" not in host.run("vserver --silent web exec ls -l /proc/self/fd").out


def test_a_broker_has_few_rights_and_is_in_no_context(guest: Guest, host: TestHost) -> None:
    [pid] = brokers(host)
    status = dict(
        line.split(":\t", 1)
        for line in host.read(f"/proc/{pid}/status").splitlines()
        if ":\t" in line
    )
    kept = 1 << 1 | 1 << 19 | 1 << 21  # DAC_OVERRIDE, SYS_PTRACE, SYS_ADMIN
    assert int(status["CapPrm"], 16) == kept
    assert (status["Seccomp"], status["NoNewPrivs"], status["PPid"]) == ("2", "1", "1")
    assert host.read(f"/proc/{pid}/cgroup").rstrip().endswith("/vserver/brokers")
    assert host.run(f"readlink /proc/{pid}/root").out == "/proc\n"


def test_brokers_end_with_their_guest(guest: Guest, host: TestHost, shell: Shell) -> None:
    shell.must("vserver web stop && umount /vservers/web")
    eventually(lambda: not brokers(host), "no broker", 2.0)


def test_brokers_end_with_a_guest_that_is_killed(guest: Guest, host: TestHost) -> None:
    host.run("vserver --silent web exec sh -c 'sleep 1000 >/dev/null 2>&1 &'")
    assert len(brokers(host)) == 2
    host.run("kill -9 $(pgrep -x init)")
    eventually(lambda: not brokers(host), "no broker", 2.0)


def make_on_part(shell: Shell, host: TestHost, mount: str) -> None:
    """The guest "web" in /vservers/web, where ``mount`` has put a part of a file system."""
    make_own_file_system(shell, "/vservers/whole")
    shell.must("mkdir /vservers/whole/part /vservers/web")
    shell.must(mount)
    busybox.make(host, "web", conf=CONF)
    install(host, "web")


@pytest.mark.parametrize("mount", [BIND, "true"])
def test_a_part_of_a_file_system_has_no_quota_of_its_own(host: TestHost, mount: str) -> None:
    make_on_part(Shell(host), host, mount)
    result = host.run("vserver --silent web start")
    assert result.err == "vserver: CAP_QUOTACTL without a file system of its own in 'web'\n"
    assert host.run("vserver --silent web exec quota-call get 0").out == "EPERM\n"
    assert brokers(host) == []


def test_what_is_mounted_there_after_the_start_is_not_the_guests(host: TestHost) -> None:
    shell = Shell(host)
    make_on_part(shell, host, BIND)
    shell.must("vserver web start && cp -a /vservers/web/. /vservers/whole")
    shell.must("umount -l /vservers/web && mount --bind /vservers/whole /vservers/web")
    assert host.run("vserver --silent web exec quota-call get 0").out == "EPERM\n"
    eventually(lambda: not brokers(host), "no broker")


def test_a_broker_that_cannot_be_had_is_told(guest: Guest, host: TestHost) -> None:
    host.run("chmod -x /usr/lib/vserver/quotabroker")
    result = host.run("vserver --silent web exec true")
    assert (result.status, result.out) == (255, "")
    assert result.err == "vserver: cannot start the quota broker: Permission denied\n"


@pytest.mark.parametrize("words", ["", "3 0", "9 0 /dev/x", "0 0 /dev/x", "3 0 /dev/x more"])
def test_who_calls_the_broker_is_told(host: TestHost, words: str) -> None:
    result = host.run(f"/usr/lib/vserver/quotabroker {words}")
    told = "quotabroker: to be started by vserver: quotabroker SOCKET CEILING SOURCE\n"
    assert result == (255, "", told)
