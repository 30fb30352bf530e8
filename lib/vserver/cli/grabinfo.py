"""vservers.grabinfo.sh: the virtual servers, their addresses and state, as XML elements."""

from __future__ import annotations

import os
import subprocess
import sys

from vserver import config, paths
from vserver.cli import complain

USAGE = "vservers.grabinfo.sh"

_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}


def main() -> int:
    """Print one element for every virtual server that has a tree; a broken one is skipped."""
    if sys.argv[1:]:
        complain(USAGE)
        return 1
    for settings in config.read_all(complain):
        if os.path.isdir(settings["VSERVERDIR"]):
            sys.stdout.write(_element(settings, _status(settings.name)))
            sys.stdout.flush()
    return 0


def _element(settings: config.Config, status: str) -> str:
    values = (settings.name, settings["ONBOOT"], settings["S_HOSTNAME"])
    name, onboot, hostname = map(_escape, values)
    addresses = [_escape(_address(entry)) for entry in settings.words("IPROOT")]
    return (
        f'<m:vserver name="{name}" onboot="{onboot}" HOSTNAME="{hostname}">\n'
        + "".join(f'  <m:ip num="{address}"/>\n' for address in addresses)
        + f"  <status>\n{_escape(status)}  </status>\n</m:vserver>\n"
    )


def _address(entry: str) -> str:
    """The address and mask of ``[device:]ip[/mask]``."""
    device, colon, address = entry.partition(":")
    return address if colon else device


def _status(name: str) -> str:
    """What ``vserver NAME status`` prints."""
    command = [f"{paths.USR_SBIN}/vserver", name, "status"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    return os.fsdecode(done.stdout)


def _escape(text: str) -> str:
    return text.translate(_ESCAPES)
