"""routeschanged: have what the package set up follow the network of the machine as it is now."""

from __future__ import annotations

import os
import sys
from errno import EPERM

from vserver.cli.usage import usage
from vserver.errors import VserverError

USAGE = """
routeschanged

Choose anew which address is the source towards which network, for all commands that are held to
several addresses by chbind or in virtual servers; and have those virtual servers that have a
network of their own (netns) reached again."""


def main() -> int:
    """Refresh every set and network; the arguments that hook scripts are given are ignored."""
    if sys.argv[1:] == ["--help"]:
        raise usage("routeschanged", USAGE, 0)
    if os.geteuid():  # the kernel would hide the sets
        raise VserverError(f"routeschanged: {os.strerror(EPERM)}", 255, remedy="it takes root")
    from vserver.kernel import ipv4root, netns

    ipv4root.refresh_all()
    netns.publish_all()
    return 0
