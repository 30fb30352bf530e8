"""Guests that share files: vbuild, vunify and vdu beside the programs that find equal files.

The guest is a Debian one with the packages of a developer, about 19,000 files, on file systems
of its own on loop devices. The other programs know no packages: they read all files, and
protect none. `floor` only walks and links.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from guests import debian

if TYPE_CHECKING:
    from testhost import TestHost

LIB = "/usr/lib/vserver"
PACKAGES = (
    *debian.PACKAGES,
    "build-essential",
    "git",
    "python3",
    "python3-numpy",
    "python3-sympy",
    "ruby",
    "vim",
)
LINKERS = {
    "hardlink": ["hardlink", "-q", "ref", "two"],
    "jdupes -L": ["jdupes", "-q", "-r", "-L", "ref", "two"],
    "rdfind": ["rdfind", "-makehardlinks", "true", "-outputname", "/dev/null", "ref", "two"],
}
SHARERS = {
    "duperemove": ["duperemove", "-q", "-d", "-r", "ref", "two"],
    "hardlink --reflink": ["hardlink", "-q", "--reflink=always", "ref", "two"],
    "jdupes -B": ["jdupes", "-q", "-r", "-B", "ref", "two"],
}
OTHERS = {"ext4": LINKERS, "xfs": SHARERS, "btrfs": SHARERS}
"""How other programs let the guests share files, by file system."""


def prepare(host: TestHost, kind: str) -> str:
    """A new file system of ``kind`` with the guest as ``ref`` and ``two``; where it is mounted."""
    top = f"/bench/{kind}"
    nodes = (
        "cd /dev; mknod loop-control c 10 237; for i in $(seq 0 31); do mknod loop$i b 7 $i; done"
    )
    host.run(f"{nodes}; mkdir -p {top}; truncate -s 4G {top}.img; mkfs.{kind} -q {top}.img")
    mounted = host.run(f"mount -o loop {top}.img {top}")
    if mounted.status:
        raise SystemExit(f"bench: {mounted.err}")
    subprocess.run(["cp", "-a", debian.tree(PACKAGES), host.path(f"{top}/ref")], check=True)
    host.run(_copy(top))
    return top


def discard(host: TestHost, top: str) -> None:
    """Remove what ``prepare`` made."""
    host.run(f"umount {top} && rm {top}.img")


def builds(top: str, kind: str, floor: str) -> list[dict[str, Any]]:
    """A further guest. ``floor`` is the path of the program floor."""
    away = f"chattr -f -R -i {top}/ref {top}/new; rm -rf {top}/new"
    ref, new = f"{top}/ref", f"{top}/new"
    copy = ["cp", "-a", "--reflink=never" if kind == "ext4" else "--reflink=always"]
    programs = {
        "vbuild": [f"{LIB}/vbuild", ref, new],
        "cp -al": ["cp", "-al", ref, new],
        " ".join(copy): [*copy, ref, new],
        "rsync -a --link-dest": ["rsync", "-a", f"--link-dest={ref}", f"{ref}/", f"{new}/"],
        "floor, links": [floor, "clone", ref, new],
    }
    return [_case(name, argv, away) for name, argv in programs.items()]


def unifications(top: str, kind: str, floor: str) -> list[dict[str, Any]]:
    """Two guests that were made apart."""
    ours = [f"{LIB}/vunify", f"{top}/ref", f"{top}/two", "--", "ALL"]
    links = [floor, "replace", f"{top}/ref", f"{top}/two"]
    return [
        _case("vunify", ours, _copy(top)),
        *(_case(name, _in(top, words), _copy(top)) for name, words in OTHERS[kind].items()),
        _case("floor, links", links, _copy(top)),
    ]


def repetitions(top: str, kind: str) -> list[dict[str, Any]]:
    """The same with guests that share already."""
    ours = [f"{LIB}/vunify", f"{top}/ref", f"{top}/two", "--", "ALL"]
    return [
        _case("vunify", ours),
        *(_case(name, _in(top, words)) for name, words in OTHERS[kind].items()),
    ]


def sizes(top: str) -> list[dict[str, Any]]:
    """What a guest takes."""
    return [
        _case("vdu", ["vdu", f"{top}/two"]),
        _case("du -s", ["du", "-s", f"{top}/two"]),
    ]


def _case(name: str, argv: list[str], undo: str = "") -> dict[str, Any]:
    after = ["sh", "-c", undo] if undo else None
    return {"name": name, "argv": argv, "stamp": None, "after": after}


def _copy(top: str) -> str:
    return (
        f"cd {top}; chattr -f -R -i ref two; rm -rf two; cp -a --reflink=never ref two; sync -f ."
    )


def _in(top: str, words: list[str]) -> list[str]:
    return ["env", "-C", top, *words]
