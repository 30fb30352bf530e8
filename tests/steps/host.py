"""The host: addresses, processes, users, programs of its own, its cgroups and mounts."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from pytest_bdd import given, parsers, then

from steps import Shell, eventually
from testhost import kernel_version

if TYPE_CHECKING:
    from testhost import TestHost


def addresses(host: TestHost, device: str = "") -> list[str]:
    """The IPv4 and IPv6 addresses of ``device``, or of all, as ip(8) shows them: with /LENGTH."""
    words = f"dev {device}" if device else ""
    shown = host.run(f"ip -o addr show {words}").out.splitlines()
    return [line.split()[3] for line in shown]


def has_address(host: TestHost, address: str, device: str = "") -> bool:
    """Whether the host has ``address``, given with or without its length."""
    found = addresses(host, device)
    return address in found or any(entry.split("/")[0] == address for entry in found)


@given(parsers.parse("the host has the address {address} on {device}"))
def add_address(shell: Shell, host: TestHost, address: str, device: str) -> None:
    if not has_address(host, address, device):
        length = "" if "/" in address else "/24"
        shell.must(f"ip addr add {address}{length} dev {device}")


@then(parsers.parse("the host has the address {address} on {device}"))
def check_address(host: TestHost, address: str, device: str) -> None:
    assert has_address(host, address, device), addresses(host)


@then(parsers.parse("the host does not have the address {address}"))
def check_no_address(host: TestHost, address: str) -> None:
    assert not has_address(host, address), addresses(host)


@then(
    parsers.parse(
        "the host has the alias {label} with the address {address} and the broadcast {broadcast}"
    )
)
def check_alias(host: TestHost, label: str, address: str, broadcast: str) -> None:
    """``label`` is DEVICE:NAME, ``address`` with its length."""
    shown = host.run(f"ip -o -4 addr show label {label}").out
    assert f"inet {address} brd {broadcast} " in shown, addresses(host)


@then(parsers.parse("the host has no aliases on {device}"))
def check_no_aliases(host: TestHost, device: str) -> None:
    shown = host.run(f"ip -o -4 addr show dev {device} label {device}:*").out
    assert shown == ""


@given(parsers.parse("the host has the device {device}"))
def add_device(shell: Shell, device: str) -> None:
    shell.must(f"ip link add {device} type veth peer name {device}-peer")
    shell.must(f"ip link set {device} up && ip link set {device}-peer up")


@given(parsers.parse('the host has the user "{name}"'))
def add_user(shell: Shell, name: str) -> None:
    shell.must(f"useradd -m -s /bin/sh {name}")


@given(parsers.parse('the host has the program "{path}":\n{text}'))
def add_program(host: TestHost, path: str, text: str) -> None:
    host.write(path, text + "\n", 0o755)


@given(parsers.parse('the process "{command}" runs on the host'))
@then(parsers.parse('the process "{command}" runs on the host'))
def check_process(host: TestHost, command: str) -> None:
    eventually(lambda: runs(host, command), f"{command} runs")


@then(parsers.parse('no process "{command}" runs on the host'))
def check_no_process(host: TestHost, command: str) -> None:
    eventually(lambda: not runs(host, command), f"{command} ends")


def runs(host: TestHost, command: str) -> bool:
    """Whether a process with exactly these words as its command line is on the host."""
    return host.run(["pgrep", "-x", "-f", command]).status == 0


@given(parsers.parse('the system log goes to "{path}"'))
def start_syslog(shell: Shell, host: TestHost, path: str) -> None:
    shell.background.append(host.start(f"busybox syslogd -n -O {path}"))
    eventually(lambda: os.path.exists(host.path("/dev/log")), "syslogd runs")


@given(parsers.parse('"{command}" is serving'))
def start_manager(shell: Shell, host: TestHost, command: str) -> None:
    """``command`` is a call of rebootmgr."""
    shell.background.append(host.start(command))
    sockets = "cat /proc/net/unix"
    eventually(lambda: "/reboot\n" in host.run(sockets).out, "the reboot manager serves")


@given(parsers.parse("the kernel is Linux {major:d}.{minor:d} or newer"))
def need_kernel(major: int, minor: int) -> None:
    if kernel_version() < (major, minor):
        pytest.skip("this kernel is older")


@given("the kernel has VLAN devices")
def need_vlan(host: TestHost) -> None:
    result = host.run("ip link add link eth0 name probe type vlan id 1 && ip link del probe")
    if result.status != 0:
        pytest.skip(f"no VLAN devices: {result.err.strip()}")


@given(parsers.parse("the host masquerades what leaves by {device}"))
def masquerade(host: TestHost, device: str) -> None:
    """So it tracks connections, too."""
    result = host.run(
        "nft add table ip nat &&"
        " nft 'add chain ip nat postrouting { type nat hook postrouting priority srcnat; }' &&"
        f" nft add rule ip nat postrouting oifname {device} masquerade"
    )
    if result.status != 0:
        pytest.skip(f"no translation of addresses: {result.err.strip()}")


@then("the host has no mounts below /vservers")
def check_no_mounts(host: TestHost) -> None:
    points = [line.split()[4] for line in host.read("/proc/1/mountinfo").splitlines()]
    assert not [point for point in points if point.startswith("/vservers/")], points


NEEDED = (
    "/usr/bin /usr/sbin /usr/lib /usr/lib64 /usr/lib/vserver /usr/lib/init /usr/lib/*-linux-gnu"
    " /usr/lib/python3.* /var/run /var/lock /var/log /var/spool"
)
PROGRAMS = "python3* libcrypto* libc.so* perl bash"


@given("the root server is small")
def shrink(shell: Shell) -> None:
    """Hide what this machine has and a minimal one has not, so that copying it is quick."""
    needed = NEEDED.replace(" ", "|")
    shell.must(
        f"for d in /usr/* /usr/lib/* /var/*; do case $d in {needed}) ;; *)"
        " if [ -d $d ] && [ ! -L $d ]; then mount -t tmpfs none $d; fi;; esac; done"
    )
    spared = " ".join(f"! -name '{name}'" for name in PROGRAMS.split())
    shell.must(f"find /usr/bin /usr/lib -xdev -type f -size +1000k {spared} -delete")


@given("the root server starts its services as Debian does")
def add_debian_rc(host: TestHost) -> None:
    """The heart of sysv-rc's rc, which this machine need not have."""
    loop = "for script in /etc/rc$1.d/S*; do\n\t[ ! -x $script ] || $script start\ndone\n"
    host.write("/etc/init.d/rc", f"#!/bin/sh\n{loop}", 0o755)


@given(parsers.parse('the root server has the service "{name}"'))
def add_service(shell: Shell, host: TestHost, name: str) -> None:
    """It is on, and prints its name and what it is told to do."""
    header = (
        f"### BEGIN INIT INFO\n# Provides: {name}\n# Required-Start:\n# Required-Stop:\n"
        "# Default-Start: 2 3 4 5\n# Default-Stop: 0 1 6\n### END INIT INFO\n"
    )
    host.write(f"/etc/init.d/{name}", f'#!/bin/sh\n{header}echo "{name}: $1"\n', 0o755)
    shell.must(f"update-rc.d {name} defaults")


@then(
    parsers.parse(
        "contexts {one:d} and {other:d} get about the same processor time in {seconds:d} seconds"
    )
)
def check_shares(host: TestHost, one: int, other: int, seconds: int) -> None:
    before = [processor_time(host, number) for number in (one, other)]
    time.sleep(seconds)
    after = [processor_time(host, number) for number in (one, other)]
    used = [end - start for start, end in zip(before, after, strict=True)]
    assert min(used) > 0.6 * max(used) > 0, used


def processor_time(host: TestHost, number: int) -> int:
    """The processor time that context ``number`` has used, in microseconds."""
    found = host.run(f"cat {host.cgroups}/vserver/{number}/cpu.stat")
    return int(found.out.split()[1])
