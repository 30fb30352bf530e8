"""The programs that vserver is measured beside, and how each runs the same guest.

The guest of all of them is the busybox tree of tests/guests whose first program is `stamp`.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, NamedTuple

from guests import busybox, write_tree

if TYPE_CHECKING:
    from testhost import TestHost

ROOT = "/bench/root"  # the tree of every guest that is not ours
BUNDLE = "/bench"
STAMP = "/bin/stamp"
RC = f"#!{STAMP}\n"
PODMAN = ["podman", "--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--runtime=runc"]
LXC = """\
lxc.rootfs.path = dir:{root}
lxc.uts.name = {name}
lxc.net.0.type = none
lxc.init.cmd = {program}
"""


class Peer(NamedTuple):
    """The commands with which a program starts a guest, enters it, and ends it."""

    name: str
    start: list[str]
    enter: list[str]  # a command follows; empty when it has no such command
    end: list[str]
    root: str = ROOT


def ours() -> Peer:
    """vserver itself."""
    vserver = ["vserver", "--silent", "bench"]
    start, enter, end = ([*vserver, command] for command in ("start", "exec", "stop"))
    return Peer("vserver", start, enter, end, "/vservers/bench")


def others() -> list[Peer]:
    """Programs that run containers."""
    crun = _oci("crun", "--cgroup-manager=disabled")
    return [_lxc(), crun, _oci("runc"), _podman(), _nspawn()]


def _lxc() -> Peer:
    start, attach, stop = ([f"lxc-{verb}", "-n", "bench"] for verb in ("start", "attach", "stop"))
    return Peer("lxc", start, [*attach, "--"], [*stop, "-k"])


def _oci(runtime: str, *options: str) -> Peer:
    """crun and runc. crun goes without a cgroup: it refuses v1 hierarchies that lack cpuset,
    and in v2 wants a limit that takes CAP_SYS_RESOURCE."""
    name = f"bench-{runtime}"
    command = [runtime, *options]
    start = [*command, "run", "-d", "-b", BUNDLE, name]
    return Peer(runtime, start, [*command, "exec", name], [*command, "delete", "-f", name])


def _podman() -> Peer:
    start = [*PODMAN, "run", "-d", "--name=bench", "--network=host", "--rootfs", ROOT, STAMP]
    return Peer("podman", start, [*PODMAN, "exec", "bench"], [*PODMAN, "rm", "-f", "-t0", "bench"])


def _nspawn() -> Peer:
    nspawn = ["systemd-nspawn", "--keep-unit", "--register=no", "-q", "-D", ROOT, STAMP]
    unified = "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"
    return Peer("systemd-nspawn", ["env", unified, *nspawn], [], ["pkill", "-x", "systemd-nspawn"])


def prepare(host: TestHost, floor: str, count: int) -> None:
    """Make the guests: ours, ``count`` more of ours and of lxc, and the one of all others."""
    make_guest(host, "bench", floor, address=100)
    for number in range(1, count + 1):
        make_guest(host, f"many{number}", floor, address=100 + number, conf={"ONBOOT": "yes"})
        _make_lxc(host, f"many{number}", _tree(host, f"/bench/many{number}", floor))
    _make_lxc(host, "bench", _tree(host, ROOT, floor))
    _make_bundle(host)


def make_guest(
    host: TestHost, name: str, floor: str, *, address: int, conf: dict[str, str] | None = None
) -> None:
    """One guest of ours with an alias of its own and the usual limits."""
    settings = {
        "IPROOT": f"192.0.2.{address}",
        "IPROOTDEV": "eth0",
        "S_FLAGS": "lock",
        "S_HOSTNAME": name,
        **(conf or {}),
    }
    root = busybox.make(host, name, conf=settings, files={"etc/rc.d/rc": RC})
    shutil.copy(floor, root + STAMP)


def _tree(host: TestHost, path: str, floor: str) -> str:
    root = host.path(path)
    busybox.make_tree(root, "redhat", {"usr/lib/os-release": "ID=bench\n"})
    os.makedirs(f"{root}/sys", exist_ok=True)
    shutil.copy(floor, root + STAMP)
    return path


def _make_lxc(host: TestHost, name: str, root: str) -> None:
    text = LXC.format(root=root, name=name, program=STAMP)
    write_tree(host.path("/var/lib/lxc"), {f"{name}/config": text})


def _make_bundle(host: TestHost) -> None:
    """The configuration that crun and runc ask for: runc's own example with our program."""
    host.run(["runc", "spec", "-b", BUNDLE])
    config = json.loads(host.read(f"{BUNDLE}/config.json"))
    config["process"] |= {"terminal": False, "args": [STAMP]}
    config["root"] = {"path": ROOT, "readonly": False}
    config["linux"]["namespaces"] = [
        namespace for namespace in config["linux"]["namespaces"] if namespace["type"] != "network"
    ]
    host.write(f"{BUNDLE}/config.json", json.dumps(config))
