"""vprofile: the default profile of a virtual server."""

from __future__ import annotations

import os
import sys

from vserver import config, paths
from vserver.cli import complain, say

USAGE = "vprofile vserver [ profile-name ]"


def main() -> int:
    """Print the profile that the file selects by itself, which is not the one in use.

    With a profile's name nothing is selected, as ever: the lines with a ``)`` are printed,
    which name the branches there are to choose from.
    """
    words = sys.argv[1:]
    if len(words) not in (1, 2):
        say(USAGE)
        return 1
    name = words[0]
    if not config.exists(name):
        complain(f"vserver {name} does not exist")
        return 1
    if len(words) == 1:
        say(f"PROFILE={_default_profile(name)}")
    else:
        sys.stdout.writelines(_branches(name))
    return 0


def _default_profile(name: str) -> str:
    environ = {key: value for key, value in os.environ.items() if key != "PROFILE"}
    return config.read(name, environ=environ)["PROFILE"]


def _branches(name: str) -> list[str]:
    with open(paths.guest_conf(name), errors="surrogateescape", newline="\n") as file:
        return [line for line in file if ")" in line]
