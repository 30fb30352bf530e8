"""chbind: hold a command and its children to a set of IP addresses."""

from __future__ import annotations

import os
from errno import EAGAIN, EPERM

from vserver.addresses import Builder
from vserver.cli import complain, say
from vserver.cli.usage import CommandLine, usage
from vserver.errors import VserverError, reason
from vserver.execute import become

USAGE = """
chbind [--silent] [--ip address]... [--bcast address] command [argument]...

Run a command that can use the given addresses of this machine and no others.

--ip ADDRESS     an IP number, a host name, one of these with /netmask, or a network device;
                 up to 16, the first is the main one; 0.0.0.0 stands for all addresses
--bcast ADDRESS  the broadcast address: an IP number, a host name or a network device
--silent         do not tell the addresses"""

CAP_NET_ADMIN = 12  # linux/capability.h
MORE_GROUPS = "it takes a higher cgroup.max.descendants or cgroup.max.depth there or above"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vserver.kernel.addressset import AddressSet


def main() -> int:
    """Check the whole command line, restrict this process, become the command."""
    addresses, command, silent = _parse()
    if addresses:
        _restrict(addresses)
    if not silent:
        listed = addresses.addresses if addresses else ()
        say(" ".join(("ipv4root is now", *(address for address, _ in listed))))
    _become(command)


def _parse() -> tuple[AddressSet | None, list[str], bool]:
    """The set (None when no --ip was given), the command and whether to be silent."""
    builder = Builder()
    given = silent = False
    line = CommandLine("chbind", USAGE)
    for option in line.options():
        if option == "--silent":
            silent = True
        elif option in ("--ip", "--bcast"):
            given = given or option == "--ip"
            _take(builder, option, line.value())
        else:
            raise line.usage()
    if not line.operands:
        raise line.usage()
    return builder.result() if given else None, line.operands, silent


def _take(builder: Builder, option: str, value: str) -> None:
    try:
        if option == "--bcast":
            builder.set_broadcast(value)
        elif not builder.add(value):
            complain("Too many IP numbers, max 16, ignored")
    except VserverError as error:
        raise VserverError(f"{error.text}\n{usage('chbind', USAGE).text}", 255) from None


def _restrict(addresses: AddressSet) -> None:
    from vserver.kernel import cgroup, ipv4root

    try:
        here = cgroup.current()
        if not addresses.within(ipv4root.addresses_of(here)):
            _release(here, addresses)
        elif not addresses.unrestricted:
            _join(here, addresses)
    except PermissionError:
        raise _refusal(os.strerror(EPERM), "" if os.geteuid() == 0 else "it takes root") from None
    except OSError as error:
        # what mkdir(2) says of these limits
        raise _refusal(_describe(error), MORE_GROUPS if error.errno == EAGAIN else "") from None
    except VserverError as error:
        raise _refusal(error.text, error.remedy) from None


def _join(here: str, addresses: AddressSet) -> None:
    from vserver.kernel import ipv4root

    try:
        complaints = ipv4root.join(here, addresses)
    except PermissionError as error:
        if os.geteuid():
            raise
        remedy = "it takes root, outside of containers"
        raise VserverError(_describe(error), 255, remedy=remedy) from None
    for complaint in complaints:
        complain(f"chbind: {complaint}")


def _describe(error: OSError) -> str:
    return f"{error.filename}: {reason(error)}" if error.filename else reason(error)


def _release(here: str, addresses: AddressSet) -> None:
    """Leave the set that holds here, which the root login of a restricted service asks for.

    Only for all addresses, by root of the root server; everybody else can but narrow a set.
    """
    from vserver.kernel import cgroup, context, ipv4root, syscalls

    may_administer = syscalls.capget()[0] & 1 << CAP_NET_ADMIN
    if not addresses.unrestricted or context.of_process() or not may_administer:
        raise OSError(EPERM, os.strerror(EPERM))
    cgroup.join(ipv4root.outside(here))


def _become(command: list[str]) -> NoReturn:
    try:
        become(command)
    except OSError as error:
        raise VserverError(f"Can't exec {command[0]} ({reason(error)})", 255) from None


def _refusal(why: str, remedy: str = "") -> VserverError:
    return VserverError(f"Can't set the ipv4 root ({why})", 255, remedy=remedy)
