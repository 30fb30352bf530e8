"""Watching: vserver-stat and vps beside ps, lxc-ls and podman, and what rebootmgr takes."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING, Any

from bench.peers import ROOT, STAMP

if TYPE_CHECKING:
    from testhost import TestHost

CROWDS = (500, 1000, 5000)  # processes of our guests in all
CROWD = "/bin/crowd"
SERVED = (10, 1000)  # guests of the reboot manager
SERVICE = "/etc/init.d/vservers"
PODMAN = "podman --storage-driver=vfs --cgroup-manager=cgroupfs --runtime=runc"
START = (
    SERVICE + " start; for i in $(seq {guests}); do lxc-start -n many$i;"
    f" {PODMAN} run -d --name=many$i --network=host --rootfs {ROOT} {STAMP}; done"
)
END = (
    SERVICE + " stop; for i in $(seq {guests}); do lxc-stop -k -n many$i;"
    f" {PODMAN} rm -f -t0 many$i; done"
)
OURS: dict[str, list[str]] = {
    "vserver-stat": ["vserver-stat"],
    "vps ax": ["vps", "ax"],
    "ps ax": ["ps", "ax"],
}
OTHERS = {"lxc-ls -f": ["lxc-ls", "-f"], "podman ps": [*PODMAN.split(), "ps"]}


def start(host: TestHost, crowd: str, guests: int) -> None:
    """Start the guests of peers.prepare: ours, those of lxc, and as many of podman."""
    host.run(START.format(guests=guests), timeout=300)
    for number in range(1, guests + 1):
        shutil.copy(crowd, host.path(f"/vservers/many{number}{CROWD}"))


def grow(host: TestHost, guests: int, more: int) -> None:
    """Let ``more`` idle processes be born in our guests."""
    each = more // guests
    command = f"vserver --silent many$i exec {CROWD} {each}"
    grown = host.run(f"for i in $(seq {guests}); do {command} || exit; done", timeout=120)
    if grown.status:
        raise SystemExit(f"bench: {grown.err}")


def cases(*, with_others: bool) -> list[dict[str, Any]]:
    """The programs that look, ours first."""
    programs = OURS | (OTHERS if with_others else {})
    return [
        {"name": name, "argv": argv, "stamp": None, "after": None}
        for name, argv in programs.items()
    ]


def end(host: TestHost, guests: int) -> None:
    """Stop them all."""
    host.run(END.format(guests=guests), timeout=300)


def weigh_manager(host: TestHost, guests: int) -> tuple[int, int]:
    """RSS and PSS in KiB of a reboot manager with so many guests."""
    names = [f"served{number}" for number in range(guests)]
    for name in names:
        os.makedirs(host.path(f"/vservers/{name}"), exist_ok=True)
        host.write(f"/etc/vservers/{name}.conf", "")
    with host.start(["rebootmgr", *names]) as manager:
        while not os.path.exists(host.path(f"/vservers/{names[-1]}/dev") + "/reboot"):
            time.sleep(0.1)
        words = host.run(["cat", f"/proc/{manager.pid}/smaps_rollup"]).out.split()
    host.run("rm -r /vservers/served* /etc/vservers/served*")
    return int(words[words.index("Rss:") + 1]), int(words[words.index("Pss:") + 1])
