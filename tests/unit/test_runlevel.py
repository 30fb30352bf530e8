"""What a guest's tree says about starting, stopping and switching services."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vserver import runlevel
from vserver.kernel.rooted import Root
from vserver.runlevel import ChkconfigError

Add = Callable[..., None]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    with Root.open_dir(str(tmp_path)) as root:
        yield root


@pytest.fixture
def add(tmp_path: Path) -> Add:
    """Adds executable files to the tree."""

    def add(*paths: str, text: str = "#!/bin/sh\n", mode: int = 0o755) -> None:
        for path in paths:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
            (tmp_path / path).chmod(mode)

    return add


@pytest.mark.parametrize(
    ("inittab", "level"),
    [
        ("id:4:initdefault:\n", "4"),
        ("# id:2:initdefault:\nid:5:initdefault:\nid:1:initdefault:\n", "5"),
        ("  id:2:initdefault:", "2"),
        ("si::sysinit:/etc/rc.d/rc.sysinit\n1:2345:respawn:getty: initdefault\n", "3"),
        ("id:6:initdefault:\n", "3"),
        ("id:35:initdefault:\nid:4:initdefault:\n", "3"),
        ("id::initdefault:\n", "3"),
        ("", "3"),
    ],
)
def test_the_default_level(root: Root, add: Add, inittab: str, level: str) -> None:
    add("etc/inittab", text=inittab)
    assert runlevel.default_level(root) == level


def test_the_default_level_without_inittab(root: Root) -> None:
    assert runlevel.default_level(root) == "3"


def test_an_inittab_that_is_a_fifo_is_an_error(root: Root, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    os.mkfifo(tmp_path / "etc/inittab")
    with pytest.raises(OSError, match="etc/inittab"):
        runlevel.default_level(root)


def test_red_hat_style(root: Root) -> None:
    assert runlevel.start_command(root, "4", fakeinit=False) == ["/etc/rc.d/rc", "4"]
    assert runlevel.stop_command(root, fakeinit=False) == ["/etc/rc.d/rc", "6"]
    assert runlevel.script_directory(root) == "/etc/rc.d/init.d"


def test_debian_style(root: Root, add: Add) -> None:
    add("etc/init.d/rc")
    assert runlevel.start_command(root, "2", fakeinit=False) == ["/etc/init.d/rc", "2"]
    assert runlevel.stop_command(root, fakeinit=False) == ["/etc/init.d/rc", "6"]
    assert runlevel.script_directory(root) == "/etc/init.d"


def test_fakeinit_does_not_care_for_the_style(root: Root, add: Add) -> None:
    add("etc/init.d/rc")
    assert runlevel.start_command(root, "2", fakeinit=True) == ["/sbin/init"]
    assert runlevel.stop_command(root, fakeinit=True) == ["/sbin/init", "6"]


def test_the_previous_level_is_told_on_the_way_down() -> None:
    assert runlevel.start_environment("4") == {"PREVLEVEL": "N", "RUNLEVEL": "4"}
    assert runlevel.stop_environment("4") == {"PREVLEVEL": "4", "RUNLEVEL": "6"}


def test_services_are_the_executable_scripts(root: Root, add: Add) -> None:
    scripts = ("sshd", "httpd", "halt", "rc", "sshd~", "old.bak", "functions")
    add(*(f"etc/init.d/{name}" for name in scripts))
    add("etc/init.d/README", mode=0o644)
    (Path(f"/proc/self/fd/{root.fd}") / "etc/init.d/dir").mkdir()
    assert runlevel.services(root) == ["httpd", "sshd"]


def test_service_is_the_guests_own(root: Root, add: Add) -> None:
    add("etc/init.d/sshd")
    words = ["sshd", "restart"]
    assert runlevel.service_command(root, words) == ["/etc/init.d/sshd", "restart"]
    add("usr/sbin/service")
    assert runlevel.service_command(root, words) == ["/usr/sbin/service", *words]
    add("sbin/service")
    assert runlevel.service_command(root, words) == ["/sbin/service", *words]


def test_chkconfig_takes_any_arguments(root: Root, add: Add) -> None:
    add("sbin/chkconfig", "usr/sbin/update-rc.d")
    words = ["--level", "35", "sshd", "off"]
    assert runlevel.chkconfig_commands(root, words) == [["/sbin/chkconfig", *words]]
    assert runlevel.chkconfig_commands(root, ["--list"]) == [["/sbin/chkconfig", "--list"]]


@pytest.mark.parametrize("words", [["sshd", "off"], ["--level", "2345", "sshd", "stop"]])
def test_update_rc_of_the_time(root: Root, add: Add, words: list[str]) -> None:
    add("usr/sbin/update-rc.d")
    update = "/usr/sbin/update-rc.d"
    assert runlevel.chkconfig_commands(root, words) == [
        [update, "-f", "sshd", "remove"],
        [update, "sshd", *["stop", "20", "0", "1", "2", "3", "4", "5", "6", "."]],
    ]


@pytest.mark.parametrize(("word", "action"), [("on", "defaults"), ("off", "defaults-disabled")])
def test_update_rc_of_today(root: Root, add: Add, word: str, action: str) -> None:
    add("usr/sbin/update-rc.d", text="#!/usr/bin/perl\n# NAME defaults-disabled\n")
    commands = runlevel.chkconfig_commands(root, ["sshd", word])
    assert commands[1] == ["/usr/sbin/update-rc.d", "sshd", action]


@pytest.mark.parametrize(
    ("words", "program", "text"),
    [
        (["--list"], True, runlevel.CHKCONFIG_USAGE),
        (["--level", "5", "sshd"], False, runlevel.CHKCONFIG_USAGE),
        (["sshd", "maybe"], True, runlevel.CHKCONFIG_WORD),
        (["sshd", "on"], False, runlevel.CHKCONFIG_NONE),
    ],
)
def test_chkconfig_is_refused(
    root: Root, add: Add, words: list[str], program: bool, text: str
) -> None:
    if program:
        add("usr/sbin/update-rc.d")
    with pytest.raises(ChkconfigError) as refusal:
        runlevel.chkconfig_commands(root, words)
    assert (refusal.value.text, refusal.value.status) == (text, 1)
