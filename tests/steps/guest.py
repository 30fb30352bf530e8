"""Guests: made, configured, started, and what runs in them.

`a guest` is the small busybox one of tests/guests; its init scripts log to /var/log/rc.log.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from pytest_bdd import given, parsers, then, when

from guests import busybox, debian, redhat, rpm
from steps import Shell, eventually

if TYPE_CHECKING:
    from testhost import TestHost

FILL = """\
#!/bin/sh
while sleep 4711 & do :; done
"""


@given(parsers.parse('a guest "{name}"'))
def make_guest(host: TestHost, name: str) -> None:
    busybox.make(host, name)


@given(parsers.parse('a guest "{name}" with a Debian layout'))
def make_debian_layout(host: TestHost, name: str) -> None:
    busybox.make(host, name, layout="debian")


@given(parsers.parse('a guest "{name}" of Red Hat style'))
def make_redhat_guest(host: TestHost, name: str) -> None:
    redhat.make(host, name)


@given(parsers.parse('a guest "{name}" with Debian at {address}'))
def make_debian_guest(host: TestHost, name: str, address: str) -> None:
    conf = {"IPROOT": address, "IPROOTDEV": "eth0", "S_HOSTNAME": name, "S_FLAGS": "lock"}
    debian.make(host, name, conf=conf)


@given(parsers.parse('a guest "{name}" with the RPM packages {packages}'))
def make_rpm_guest(shell: Shell, host: TestHost, name: str, packages: str) -> None:
    """Their scripts are not run."""
    busybox.make(host, name)
    for package in packages.split():
        install_package(shell, host, name, rpm.build(package))


@given(parsers.parse('the guest "{name}" has a forged package {package}'))
def install_forged_package(shell: Shell, host: TestHost, name: str, package: str) -> None:
    """The program in it is another one, and the database of the guest agrees with that."""
    install_package(shell, host, name, rpm.build(package, "forged"))


def install_package(shell: Shell, host: TestHost, name: str, file: str) -> None:
    """Install an RPM ``file`` of the test in a guest."""
    shutil.copyfile(file, host.path("/root/package.rpm"))
    options = f"--root /vservers/{name} --dbpath /var/lib/rpm -i --nodeps --noscripts"
    shell.must(f"rpm {options} /root/package.rpm")


@given(parsers.parse("the package file /root/{package}.rpm"))
def write_package(host: TestHost, package: str) -> None:
    shutil.copyfile(rpm.build(package), host.path(f"/root/{package}.rpm"))


@given(parsers.parse('root of the lan machine may log in to the guest "{name}"'))
def authorize(host: TestHost, name: str) -> None:
    made = host.lan.run("ssh-keygen -q -t ed25519 -N '' -f /tmp/key")
    assert made.status == 0, made
    debian.authorize(host.path(f"/vservers/{name}"), host.lan.read("/tmp/key.pub"))


@given(parsers.parse('a guest "{name}" that counts its users, with {most:d} processes for each'))
def make_counting_guest(host: TestHost, name: str, most: int) -> None:
    """It has the program fill, which starts processes until there can be no more."""
    conf = {"S_FLAGS": "lock userns", "ULIMIT": f"-HS -u {most}"}
    busybox.make(host, name, conf=conf, files={"bin/fill": FILL})


@given(parsers.parse('user 1000 has used up the processes of the guest "{name}"'))
def fill_guest(shell: Shell, name: str) -> None:
    """Until nothing can be started: fill may give up while the one who starts it still counts."""

    def is_full() -> bool:
        filled = shell.host.run(f"vserver --silent {name} suexec alice fill")
        assert "Resource temporarily unavailable" in filled.err, filled
        return shell.host.run(f"vserver --silent {name} suexec alice true").status != 0

    eventually(is_full, f"user 1000 has used up the processes of {name}")


@given(parsers.parse('a guest "{name}" with an init of its own'))
def make_init_guest(host: TestHost, name: str) -> None:
    busybox.make(host, name, layout="fakeinit", conf={"S_FLAGS": "fakeinit"})


@given(parsers.parse('a guest "{name}" that can ask for a reboot'))
def make_rebooting_guest(shell: Shell, host: TestHost, name: str) -> None:
    """It has vreboot and vhalt, as `vserver NAME build` installs them."""
    busybox.make(host, name)
    shell.must(
        f"cp /usr/lib/vserver/vreboot /vservers/{name}/sbin/"
        f" && ln -s vreboot /vservers/{name}/sbin/vhalt"
    )


@given(parsers.parse('the guest "{name}" has the setting {variable}={value}'))
@when(parsers.parse('the guest "{name}" gets the setting {variable}={value}'))
def configure(host: TestHost, name: str, variable: str, value: str) -> None:
    """``value`` is written as it stands in the feature, with its quotes."""
    path = f"/etc/vservers/{name}.conf"
    kept = re.sub(rf"(?m)^{variable}=.*\n", "", host.read(path))
    host.write(path, f"{kept}{variable}={value}\n")


@given(parsers.parse('the guest "{name}" is running'))
def start_guest(shell: Shell, name: str) -> None:
    shell.must(f"vserver {name} start")


@given(parsers.parse('the guest "{name}" is stopped'))
def stop_guest(shell: Shell, name: str) -> None:
    shell.must(f"vserver {name} stop")


@then(parsers.parse('the guest "{name}" is running'))
def check_running(host: TestHost, name: str) -> None:
    eventually(lambda: is_running(host, name), f"guest {name} is running")


@then(parsers.parse('the guest "{name}" is stopped'))
@then(parsers.parse('the guest "{name}" is not running'))
def check_stopped(host: TestHost, name: str) -> None:
    eventually(lambda: not is_running(host, name), f"guest {name} is stopped")


def is_running(host: TestHost, name: str) -> bool:
    """Whether ``vserver NAME running`` says so."""
    return host.run(["vserver", name, "running"]).status == 0


@given(parsers.parse('"{command}" runs in the guest "{name}"'))
def start_in_guest(shell: Shell, host: TestHost, command: str, name: str) -> None:
    shell.background.append(host.start(f"vserver {name} exec {command}"))


@when(parsers.parse('the guest "{name}" runs "{command}"'))
def run_in_guest(shell: Shell, name: str, command: str) -> None:
    shell.run(f"vserver --silent {name} exec {command}")
