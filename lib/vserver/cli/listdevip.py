"""listdevip: every IPv4 address of the machine with its mask, usable after ``--ip``."""

from __future__ import annotations

import sys

from vserver.cli import complain, say
from vserver.cli.usage import usage
from vserver.errors import reason
from vserver.ipv4 import netmask
from vserver.kernel.netdev import addresses

USAGE = """
listdevip

Print the IPv4 addresses of this machine, aliases included, as ADDRESS/MASK, one a line."""


def main() -> int:
    """Print the list; 0 whatever happens, as scripts expect."""
    if sys.argv[1:] == ["--help"]:
        raise usage("listdevip", USAGE, 0)
    try:
        found = addresses()
    except OSError as error:
        complain(f"socket: {reason(error)}")
        return 0
    for one in found:
        say(f"{one.address}/{netmask(one.prefix)}")
    return 0
