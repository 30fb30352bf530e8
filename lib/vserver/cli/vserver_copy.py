"""vserver-copy: copy a virtual server on this machine or to another one."""

from __future__ import annotations

import getopt
import os
import re
import sys
import time

from vserver import VERSION, guestcopy, ipv4
from vserver.cli import complain, inform, say
from vserver.errors import VserverError
from vserver.guestcopy import Request

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

USAGE = """\
Usage: vserver-copy [-hVvqidrRs] vserver newname
       vserver-copy [-hVvqidrRs] vserver host:[newname]"""

HELP = f"""\
{USAGE}

Copy a virtual server to another name on this machine, or to another machine.

-h, --help         show this help
-V, --version      show the version and the licence
-v, --verbose      show the output of all commands
-q, --quiet        print nothing at all
-d, --domain NAME  the new DNS domain; only with -i
-i, --ip ADDR      the new IP address; only with -d
-r, --vsroot DIR   the directory of the virtual servers, here and there
-R, --rsh          use rsh instead of ssh
-s, --stopstart    stop the virtual server here before, and start it there afterwards"""

LICENCE = f"""\
vserver-copy version {VERSION}
This is free software under the GNU General Public License, version 2 or later."""

FAILED = 1

# letter by letter; a colon or an equals sign stands for an argument
_OPTIONS = {
    "h": "help",
    "V": "version",
    "v": "verbose",
    "q": "quiet",
    "d:": "domain=",
    "i:": "ip=",
    "r:": "vsroot=",
    "R": "rsh",
    "s": "stopstart",
}
_NAME = re.compile(r"[a-z][a-z0-9_.-]+")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


def main() -> int:
    """Copy; 1 when that failed."""
    options, operands = _parse(sys.argv[1:])
    if "help" in options:
        say(HELP)
        return 0
    if "version" in options:
        say(LICENCE)
        return 0
    is_quiet = "quiet" in options
    tell, warn = _speaker(inform, "I", is_quiet), _speaker(complain, "W", is_quiet)
    try:
        _copy(options, operands, tell, warn)
    except VserverError as error:
        _speaker(complain, "E", is_quiet)(error.text)
        return FAILED
    return 0


def _speaker(print_line: Callable[[str], None], kind: str, quiet: bool) -> Callable[[str], None]:
    def speak(text: str) -> None:
        if not quiet:
            print_line(f"{kind}: vserver-copy: {text}")

    return speak


def _parse(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """The options by their long names, and the two operands."""
    names = {f"-{key[0]}": long.rstrip("=") for key, long in _OPTIONS.items()}
    try:
        found, operands = getopt.gnu_getopt(words, "".join(_OPTIONS), list(_OPTIONS.values()))
    except getopt.GetoptError as error:
        raise VserverError(f"vserver-copy: {error.msg}\n(See -h for help)", FAILED) from None
    options = {names.get(option, option[2:]): value for option, value in found}
    if len(operands) != 2 and not {"help", "version"} & set(options):
        raise VserverError(f"{USAGE}\n(See -h for help)", FAILED)
    return options, operands


def _copy(
    options: dict[str, str],
    operands: list[str],
    tell: Callable[[str], None],
    warn: Callable[[str], None],
) -> None:
    if os.geteuid() != 0:
        raise VserverError("only root can do that")
    now = time.strftime("%a %b %e %H:%M:%S %Z %Y")
    tell(f"called on {os.uname().nodename} at {now}")
    os.umask(0o022)
    request = _request(options, operands)
    if request.rsh and not request.host:
        warn("rsh is set but not used for a local copy")
    if request.host and not _resolves(request.host):
        warn(f"{request.host} does not resolve into an IP address")
    guestcopy.copy(request, tell, warn)


def _request(options: dict[str, str], operands: list[str]) -> Request:
    """What is asked for; VserverError for words that cannot be meant."""
    source, destination = operands
    host, colon, name = destination.rpartition(":")
    name = name or source
    if (colon and not _HOST.fullmatch(host)) or not _NAME.fullmatch(name):
        raise VserverError('Second argument must be of the form "[host:]name" or "host:"')
    request = Request(source, host, name)
    request.root = options.get("vsroot", "")
    if request.root and not request.root.startswith("/"):
        raise VserverError(f'Directory "{request.root}" is not absolute')
    request.address, request.domain = options.get("ip", ""), options.get("domain", "")
    if ("ip" in options) != ("domain" in options):
        raise VserverError("Both IP address and domain must be specified together")
    if "ip" in options and not ipv4.is_dotted(request.address):
        raise VserverError(f'"{request.address}" is not a valid IP address')
    if "domain" in options and not _HOST.fullmatch(request.domain):
        raise VserverError(f'"{request.domain}" is not a valid domain')
    for option in ("rsh", "verbose", "quiet"):
        setattr(request, option, option in options)
    request.restart = "stopstart" in options
    return request


def _resolves(host: str) -> bool:
    import socket

    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True
