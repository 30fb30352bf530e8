"""build makes a guest out of a root server, wholly or not at all."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

import pytest

from vserver import build, paths
from vserver.errors import VserverError
from vserver.kernel import treecopy
from vserver.kernel.treecopy import TreeCopy
from vserver.messages import Messages

pytestmark = pytest.mark.skipif("os.getuid() != 0", reason="owners and nodes need root")

FILES = {
    "bin/sh": "#!shell",
    "sbin/init": "init",
    "etc/fstab": "/dev/sda1 / ext4 TOPSECRET 0 0",
    "etc/passwd": "root:x:0:0::/root:/bin/sh",
    "etc/group": "utmp:x:22:",
    "etc/cron.d/kmod": "",
    "etc/rc6.d/S90reboot": "",
    "etc/rc6.d/K10sshd": "",
    "usr/bin/env": "env",
    "lib/modules/6.1/kernel/ext4.ko": "module",
    "var/run/sshd.pid": "1",
    "var/run/sshd/keep.pid": "2",
    "var/log/messages": "TOPSECRET",
    "var/log/wtmp": "records",
    "var/spool/mail/joe": "TOPSECRET",
    "var/lock/subsys/sshd": "",
    "var/lib/data": "data",
    "root/.bashrc": "alias",
    "root/.ssh/id": "TOPSECRET",
    "home/joe/file": "TOPSECRET",
}


class Said:
    """What build tells."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.messages = Messages(self.lines.append, self.warnings.append)


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a root server, which has its configuration in /etc."""
    for name, text in FILES.items():
        path = tmp_path / "host" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "host/etc/mtab").symlink_to("../proc/self/mounts")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/vreboot").write_text("reboot")
    (tmp_path / "host/etc/vservers.conf").write_text(f"VSERVERS_ROOT={tmp_path}/vservers\n")
    monkeypatch.setattr(paths, "SYSTEM_CONF", str(tmp_path / "host/etc/vservers.conf"))
    monkeypatch.setattr(paths, "CONF_DIR", str(tmp_path / "host/etc/vservers"))
    monkeypatch.setattr(paths, "USR_LIB_VSERVER", str(tmp_path / "lib"))
    return tmp_path


def make(machine: Path, said: Said, name: str = "web") -> Path:
    """Build guest ``name``; its tree."""
    build.build(name, said.messages, str(machine / "host"))
    return machine / "vservers" / name


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(os.stat(path).st_mode))


def test_the_tree_is_the_root_server(machine: Path, said: Said) -> None:
    tree = make(machine, said)
    for name in ("bin/sh", "sbin/init", "usr/bin/env", "var/lib/data", "etc/passwd"):
        assert (tree / name).read_text() == FILES[name]


def test_what_is_said(machine: Path, said: Said) -> None:
    make(machine, said)
    vservers, conf = machine / "vservers", machine / "host/etc/vservers"
    assert said.lines == [
        f"Directory {vservers} was created with permissions 000",
        f"Directory {vservers}/web has been populated",
        f"Directory {conf} has been created",
        f"{conf}/web.conf has been created. Look at it!",
    ]
    assert said.warnings == []


def test_the_hosts_secrets_stay_outside(machine: Path, said: Said) -> None:
    tree = make(machine, said)
    assert [p for p in tree.rglob("*") if p.is_file() and b"TOPSECRET" in p.read_bytes()] == []


def test_records_of_the_root_server_are_gone(machine: Path, said: Said) -> None:
    tree = make(machine, said)
    assert os.listdir(tree / "lib/modules") == []
    assert [p.name for p in (tree / "var/run").rglob("*")] == ["sshd"]
    assert os.listdir(tree / "var/spool/mail") == []
    assert os.listdir(tree / "var/lock/subsys") == []
    assert [p.name for p in (tree / "var/log").rglob("*")] == ["wtmp"]
    assert (tree / "var/log/wtmp").stat().st_size == 0
    assert os.listdir(tree / "etc/cron.d") == []
    assert os.listdir(tree / "etc/rc6.d") == ["K10sshd"]


def test_the_dummy_tables(machine: Path, said: Said) -> None:
    tree = make(machine, said)
    assert (tree / "etc/fstab").read_text() == "/dev/hdv1 / ext2 defaults 1 1\n"
    assert (tree / "etc/mtab").read_text() == "/dev/hdv1 / ext2 rw 0 0\n"
    assert not (tree / "etc/mtab").is_symlink()


@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_modes_do_not_depend_on_the_umask(machine: Path, said: Said, umask: int) -> None:
    before = os.umask(umask)
    try:
        tree = make(machine, said)
    finally:
        os.umask(before)
    modes = {name: mode(tree / name) for name in ("", "tmp", "root", "dev/null", "dev/random")}
    assert modes == {
        "": "0o755",
        "tmp": "0o1777",
        "root": "0o750",
        "dev/null": "0o666",
        "dev/random": "0o644",
    }
    assert (mode(tree.parent), mode(machine / "host/etc/vservers")) == ("0o0", "0o600")
    assert os.stat(tree / "dev/null").st_rdev == os.makedev(1, 3)


def test_files_of_root_and_the_reboot_program(machine: Path, said: Said) -> None:
    tree = make(machine, said)
    assert sorted(os.listdir(tree / "root")) == [".bashrc"]
    assert (tree / "sbin/vhalt").read_text() == "reboot"
    assert os.readlink(tree / "sbin/vhalt") == "vreboot"


def test_a_host_with_run_gets_a_guest_with_run(machine: Path, said: Said) -> None:
    for name in ("run", "lock"):
        (machine / "host/var" / name).rename(machine / "host/var" / f"old-{name}")
    (machine / "host/var/run").symlink_to("/run")
    (machine / "host/var/lock").symlink_to("/run/lock")
    tree = make(machine, said)
    assert (mode(tree / "run"), mode(tree / "run/lock")) == ("0o755", "0o1777")


def test_a_configuration_is_kept_and_obeyed(machine: Path, said: Said) -> None:
    conf = machine / "host/etc/vservers/web.conf"
    conf.parent.mkdir()
    text = f"VSERVERDIR={machine}/data/deep/box\n"
    conf.write_text(text)
    make(machine, said)
    assert (machine / "data/deep/box/bin/sh").exists()
    assert conf.read_text() == text
    assert not any("Look at it" in line for line in said.lines)


def test_other_guests_are_not_copied(machine: Path, said: Said) -> None:
    (machine / "host/etc/vservers.conf").write_text(
        f"VSERVERS_ROOT={machine}/host/var/lib/vservers\n"
    )
    elsewhere = machine / "host/usr/guest"
    for secret in (machine / "host/var/lib/vservers/db/secret", elsewhere / "secret"):
        secret.parent.mkdir(parents=True)
        secret.write_text("secret")
    conf = machine / "host/etc/vservers"
    conf.mkdir()
    (conf / "other.conf").write_text(f"VSERVERDIR={elsewhere}\n")
    build.build("web", said.messages, str(machine / "host"))
    tree = machine / "host/var/lib/vservers/web"
    assert os.listdir(tree / "var/lib") == ["data"]
    assert os.listdir(tree / "usr") == ["bin"]
    assert os.listdir(tree / "etc/vservers") == []


@pytest.mark.parametrize("name", ["", ".web", "-web", "a/b", "a b", "web/", "a$b"])
def test_an_invalid_name_makes_nothing(machine: Path, said: Said, name: str) -> None:
    with pytest.raises(VserverError) as error:
        make(machine, said, name)
    assert error.value.text == f"vserver: invalid vserver name: {name}"
    assert not (machine / "vservers").exists()


@pytest.mark.parametrize("directory", ["/", "/./..", "relative/web"])
def test_an_unusable_directory(machine: Path, said: Said, directory: str) -> None:
    conf = machine / "host/etc/vservers"
    conf.mkdir()
    (conf / "web.conf").write_text(f"VSERVERDIR={directory}\n")
    with pytest.raises(VserverError) as error:
        make(machine, said)
    assert error.value.text == f"vserver: unusable VSERVERDIR: {directory}"


def test_a_guest_that_exists_is_not_touched(machine: Path, said: Said) -> None:
    tree = machine / "vservers/web"
    tree.mkdir(parents=True)
    (tree / "precious").write_text("data")
    with pytest.raises(build.OccupiedError) as error:
        make(machine, said)
    assert error.value.text == f"Virtual server {tree} already exist"
    assert os.listdir(tree) == ["precious"]


def test_a_prepared_directory_is_filled(machine: Path, said: Said) -> None:
    tree = machine / "vservers/web"
    (tree / "lost+found").mkdir(parents=True)
    (tree / "dev").mkdir(mode=0o700)
    (tree / ".note").write_text("mine")
    os.mkfifo(tree / "dev/null")
    make(machine, said)
    assert stat.S_ISCHR(os.stat(tree / "dev/null").st_mode)
    assert (tree / ".note").read_text() == "mine"
    assert (mode(tree / "dev"), (tree / "bin/sh").exists()) == ("0o700", True)


def test_a_failure_leaves_nothing(machine: Path, said: Said) -> None:
    (machine / "host/etc/vservers").write_text("in the way")
    with pytest.raises(VserverError) as error:
        make(machine, said)
    assert error.value.text.startswith("vserver: cannot build 'web': ")
    assert "\n" not in error.value.text
    assert os.listdir(machine / "vservers") == []


def test_a_failure_spares_what_was_there(machine: Path, said: Said) -> None:
    tree = machine / "vservers/web"
    (tree / "dev").mkdir(parents=True)
    (tree / "dev/mine").write_text("")
    (machine / "host/etc/vservers").write_text("in the way")
    with pytest.raises(VserverError):
        make(machine, said)
    assert os.listdir(tree) == ["dev"]
    assert "mine" in os.listdir(tree / "dev")


def test_a_killed_build_is_done_again(
    machine: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = os.fork()
    if pid == 0:
        copy = TreeCopy.copy

        def die_at_usr(self: TreeCopy, name: str) -> None:
            copy(self, name)
            if name == "usr":
                os.kill(os.getpid(), 9)

        monkeypatch.setattr(treecopy.TreeCopy, "copy", die_at_usr)
        make(machine, said)
        os._exit(0)
    os.waitpid(pid, 0)
    tree = machine / "vservers/web"
    assert sorted(os.listdir(tree)) == [build.MARK, "bin", "etc", "sbin", "usr"]
    (tree / "usr/half").write_text("")
    make(machine, said)
    assert build.MARK not in os.listdir(tree)
    assert os.listdir(tree / "usr") == ["bin"]


def test_two_builds_at_once_do_not_meet(machine: Path, said: Said) -> None:
    tree = machine / "vservers/web"
    tree.mkdir(parents=True)
    other = os.open(tree, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(VserverError) as error:
        make(machine, said)
    os.close(other)
    assert error.value.text == f"vserver: {tree} is being built already"
