"""Two guests of a million files each, all of one package system: what that takes of memory.

Run as a program inside the test host it makes the guest: `python3 million.py DIRECTORY`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testhost import TestHost

FILES = 1_000_000
FILES_OF_PACKAGE = 5_000
FILES_OF_DIRECTORY = 500
TOP = "/bench/million"
LIB = "/usr/lib/vserver"
# Room for the inodes of three guests, whose contents lie in them.
FILE_SYSTEM = f"""\
cd /dev; test -e loop-control || mknod loop-control c 10 237
for i in $(seq 0 31); do test -e loop$i || mknod loop$i b 7 $i; done
mkdir -p {TOP} && truncate -s 8G {TOP}.img || exit
mkfs.ext4 -q -O inline_data -N {3 * FILES + FILES // 10} {TOP}.img
mount -o loop {TOP}.img {TOP} || exit
"""


def cases(host: TestHost) -> list[dict[str, Any]]:
    """Make the guests ``ref`` and ``two``; what timer.py is to run, in this order."""
    make = f"python3 -IS {os.path.abspath(__file__)} {TOP}/ref && cp -a {TOP}/ref {TOP}/two"
    made = host.run(f"{FILE_SYSTEM}{make}", timeout=3600)
    if made.status:
        raise SystemExit(f"bench: {made.err}")
    programs = {
        "vdu": ["vdu", f"{TOP}/two"],
        "du -s": ["du", "-s", f"{TOP}/two"],
        "vunify": [f"{LIB}/vunify", f"{TOP}/ref", f"{TOP}/two", "--", "ALL"],
        "vunify once more": [f"{LIB}/vunify", f"{TOP}/ref", f"{TOP}/two", "--", "ALL"],
        "vbuild": [f"{LIB}/vbuild", f"{TOP}/ref", f"{TOP}/new"],
    }
    return [
        {"name": name, "argv": argv, "stamp": None, "after": None}
        for name, argv in programs.items()
    ]


def fill(top: str) -> None:
    """Make a Debian guest of FILES small files, all different, in packages."""
    info = f"{top}/var/lib/dpkg/info"
    os.makedirs(info)
    with open(f"{top}/var/lib/dpkg/status", "w", encoding="ascii") as status:
        for package in range(FILES // FILES_OF_PACKAGE):
            status.write(
                f"Package: many{package}\nStatus: install ok installed\n"
                "Architecture: all\nVersion: 1\n\n"
            )
            fill_package(top, package, info)


def fill_package(top: str, package: int, info: str) -> None:
    """Make the files of one package, and what dpkg knows of them."""
    with (
        open(f"{info}/many{package}.list", "w", encoding="ascii") as names,
        open(f"{info}/many{package}.md5sums", "w", encoding="ascii") as sums,
    ):
        for number in range(FILES_OF_PACKAGE):
            directory = f"usr/share/many{package}/{number // FILES_OF_DIRECTORY}"
            if number % FILES_OF_DIRECTORY == 0:
                os.makedirs(f"{top}/{directory}")
            path, text = f"{directory}/file{number}", b"%d %d\n" % (package, number)
            with open(f"{top}/{path}", "xb", buffering=0) as file:
                file.write(text)
            names.write(f"/{path}\n")
            sums.write(f"{hashlib.md5(text).hexdigest()}  {path}\n")


if __name__ == "__main__":
    fill(sys.argv[1])
