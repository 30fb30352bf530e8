"""Guests that share files: vbuild, vunify and vdu beside the programs that find equal files.

The guest is a Debian one of tests/guests, on file systems of its own on loop devices. The other
programs know no packages: they read all files, and protect none.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from guests import debian

if TYPE_CHECKING:
    from testhost import TestHost

LIB = "/usr/lib/vserver"
LINKERS = {
    "hardlink": ["hardlink", "-q", "ref", "two"],
    "jdupes": ["jdupes", "-q", "-r", "-L", "ref", "two"],
    "rdfind": ["rdfind", "-makehardlinks", "true", "-outputname", "/dev/null", "ref", "two"],
}
SHARERS = {
    "duperemove": ["duperemove", "-q", "-d", "-r", "ref", "two"],
    "jdupes": ["jdupes", "-q", "-r", "-B", "ref", "two"],
}


def prepare(host: TestHost, kind: str) -> str:
    """A new file system of ``kind`` with the guest as ``ref`` and ``two``; where it is mounted."""
    top = f"/bench/{kind}"
    nodes = (
        "cd /dev; mknod loop-control c 10 237; for i in $(seq 0 31); do mknod loop$i b 7 $i; done"
    )
    host.run(f"{nodes}; mkdir -p {top}; truncate -s 1G {top}.img; mkfs.{kind} -q {top}.img")
    mounted = host.run(f"mount -o loop {top}.img {top}")
    if mounted.status:
        raise SystemExit(f"bench: {mounted.err}")
    subprocess.run(["cp", "-a", debian.tree(), host.path(f"{top}/ref")], check=True)
    host.run(_copy(top))
    return top


def builds(top: str) -> list[dict[str, Any]]:
    """A further guest."""
    away = f"chattr -f -R -i {top}/ref {top}/new; rm -rf {top}/new"
    return [
        _case("vbuild", [f"{LIB}/vbuild", f"{top}/ref", f"{top}/new"], away),
        _case("cp -al", ["cp", "-al", f"{top}/ref", f"{top}/new"], away),
        _case("cp -a", ["cp", "-a", f"{top}/ref", f"{top}/new"], away),
    ]


def unifications(top: str, others: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Two guests that were made apart."""
    ours = [f"{LIB}/vunify", f"{top}/ref", f"{top}/two", "--", "ALL"]
    return [
        _case("vunify", ours, _copy(top)),
        *(_case(name, _in(top, words), _copy(top)) for name, words in others.items()),
    ]


def repetitions(top: str, others: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The same with guests that share already."""
    ours = [f"{LIB}/vunify", f"{top}/ref", f"{top}/two", "--", "ALL"]
    return [
        _case("vunify", ours),
        *(_case(name, _in(top, words)) for name, words in others.items()),
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
