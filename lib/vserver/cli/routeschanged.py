"""routeschanged: have all address sets follow the routes of the machine as they are now."""

from __future__ import annotations

import sys

from vserver.cli.usage import usage

USAGE = """
routeschanged

Choose anew which address is the source towards which network, for all commands that are held to
several addresses by chbind or in virtual servers."""


def main() -> int:
    """Refresh every set; the arguments that hook scripts are given are ignored."""
    if sys.argv[1:] == ["--help"]:
        raise usage("routeschanged", USAGE, 0)
    from vserver.kernel import ipv4root

    ipv4root.refresh_all()
    return 0
