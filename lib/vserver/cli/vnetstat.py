"""vnetstat: the sockets of virtual servers, in the format of netstat."""

from __future__ import annotations

from vserver import config, contextnames, observer, state
from vserver.cli import complain
from vserver.cli.sockettable import (
    InetRow,
    UnixRow,
    inet_fields,
    print_inet,
    print_unix,
    unix_fields,
)
from vserver.cli.usage import CommandLine, usage
from vserver.errors import VserverError
from vserver.kernel import context, sockdiag
from vserver.sockets import Ownership, inet_sockets, is_waiting, unix_sockets

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.kernel.sockdiag import InetSocket, UnixSocket

USAGE = """\
vnetstat [ options ] vserver ...

Show the sockets of virtual servers, each given by its name or the number of its
context; ALL stands for the root server and all that are running.

-t, --tcp        TCP sockets; without any of these four options all are shown
-u, --udp        UDP sockets
-w, --raw        raw sockets
-x, --unix       Unix sockets
-l, --listening  only sockets that wait for connections or datagrams
-p, --program    also the process that has the socket
-n, -a           nothing: numbers are shown, and all sockets, anyway
--json           the same as JSON"""

ALL = "ALL"
SHORT = {"t": "tcp", "u": "udp", "w": "raw", "x": "unix", "l": "listening", "p": "program"}
IGNORED = ("n", "a")
PROTOCOLS = {"tcp": sockdiag.TCP, "udp": sockdiag.UDP, "raw": sockdiag.RAW}
FAMILIES = {"": sockdiag.AF_INET, "6": sockdiag.AF_INET6}


class Options:
    """The command line: ``chosen`` has the words of SHORT that were given."""

    __slots__ = ("chosen", "json", "operands")

    def __init__(self) -> None:
        self.chosen: set[str] = set()
        self.json = False
        self.operands: list[str] = []

    def wants(self, *kinds: str) -> bool:
        """Is any of ``kinds`` of sockets to be shown?"""
        given = self.chosen & {"tcp", "udp", "raw", "unix"}
        return not given or bool(given & set(kinds))

    def shows(self, socket: InetSocket | UnixSocket) -> bool:
        """Is ``socket`` to be shown, as far as its state goes?"""
        return not self.waiting or is_waiting(socket)

    @property
    def waiting(self) -> bool:
        """Only sockets that wait?"""
        return "listening" in self.chosen

    @property
    def program(self) -> bool:
        """The processes too?"""
        return "program" in self.chosen


class Block:
    """What is shown of one virtual server."""

    __slots__ = ("inet", "name", "number", "unix")

    def __init__(self, name: str, number: int, inet: list[InetRow], unix: list[UnixRow]) -> None:
        self.name = name
        self.number = number
        self.inet = inet
        self.unix = unix


def main() -> int:
    """Print a block for each virtual server; 255 when any of them could not be shown."""
    options = _parse()
    observer.require_for("vnetstat")
    servers, status = _resolve(options.operands)
    blocks = _blocks(options, servers)
    if options.json:
        _print_json(blocks)
    else:
        _print(options, blocks)
    return status


def _parse() -> Options:
    options = Options()
    line = CommandLine("vnetstat", USAGE)
    for option in line.options():
        if option == "--json":
            options.json = True
        else:
            options.chosen |= _choices(option)
    options.operands = line.operands
    if not options.operands:
        raise line.usage()
    return options


def _choices(word: str) -> set[str]:
    """What ``word`` asks for; short options may be bundled."""
    if word.startswith("--"):
        chosen = {word[2:]}
        valid = chosen <= set(SHORT.values())
    else:
        chosen = {SHORT.get(letter, letter) for letter in word[1:] if letter not in IGNORED}
        valid = len(word) > 1 and chosen <= set(SHORT.values())
    if not valid:
        raise usage("vnetstat", USAGE)
    return chosen


def _resolve(operands: list[str]) -> tuple[list[tuple[str, int]], int]:
    """The name and context of each operand, and the status: 255 if one is not to be had."""
    servers: list[tuple[str, int]] = []
    status = 0
    for operand in operands:
        try:
            servers += _all() if operand == ALL else [_find(operand)]
        except VserverError as error:
            complain(f"vnetstat: {error.text}")
            status = 255
    return servers, status


def _all() -> list[tuple[str, int]]:
    running = (n for n in context.numbers() if n > context.OBSERVER and context.is_running(n))
    return [_named(number) for number in (0, *running)]


def _named(number: int) -> tuple[str, int]:
    return contextnames.known().get(number, str(number)), number


def _find(operand: str) -> tuple[str, int]:
    if config.valid_name(operand):
        number = state.running_context(operand)
        if number:
            return operand, number
        if config.exists(operand):
            raise VserverError(f"Server {operand} is not running")
    if not (operand.isascii() and operand.isdecimal()):
        raise VserverError(config.missing(operand))
    number = int(operand)
    if number > context.OBSERVER and not context.is_running(number):
        raise VserverError(f"Server {operand} is not running")
    return _named(number)


def _blocks(options: Options, servers: list[tuple[str, int]]) -> list[Block]:
    owners = Ownership()
    inet = _inet_rows(options, owners)
    unix = _unix_rows(options, owners) if options.wants("unix") else []
    return [
        Block(
            name,
            number,
            [row for row in inet if owners.has_inet(number, row.socket)],
            [row for row in unix if owners.has_unix(number, row.socket)],
        )
        for name, number in servers
    ]


def _inet_rows(options: Options, owners: Ownership) -> list[InetRow]:
    return [
        InetRow(word + suffix, socket, owners.holder(socket.inode) if options.program else None)
        for word, protocol in PROTOCOLS.items()
        if options.wants(word)
        for suffix, family in FAMILIES.items()
        for socket in inet_sockets(family, protocol)
        if options.shows(socket)
    ]


def _unix_rows(options: Options, owners: Ownership) -> list[UnixRow]:
    return [
        UnixRow(socket, owners.holder(socket.inode))
        for socket in unix_sockets()
        if options.shows(socket)
    ]


def _print(options: Options, blocks: list[Block]) -> None:
    headed = len(options.operands) > 1 or options.operands == [ALL]
    for position, block in enumerate(blocks):
        if headed:
            blank = "\n" if position else ""
            print(f"{blank}Server {block.name} (context {block.number})")
        if options.wants("tcp", "udp", "raw"):
            print_inet(block.inet, waiting=options.waiting, program=options.program)
        if options.wants("unix"):
            print_unix(block.unix, waiting=options.waiting, program=options.program)


def _print_json(blocks: list[Block]) -> None:
    import json

    shown = [
        {
            "server": block.name,
            "context": block.number,
            "sockets": [inet_fields(row) for row in block.inet]
            + [unix_fields(row) for row in block.unix],
        }
        for block in blocks
    ]
    print(json.dumps(shown, indent=1))
