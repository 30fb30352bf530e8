"""The command line of chcontext."""

from __future__ import annotations

from vserver.cli import complain
from vserver.cli.usage import CommandLine
from vserver.errors import VserverError
from vserver.kernel import caps, context

USAGE = """\
chcontext [ options ] command [ arguments ... ]

Run a command in a new security context, or in one that exists.

--ctx num         join or make this context instead of a new one; repeatable
--flag name       set a context flag: lock sched nproc private fakeinit hideinfo
                  ulimit; repeatable
--cap name        keep this capability in spite of --secure; repeatable
--cap !name       take this capability away; repeatable
--secure          take away what a virtual server must not have
--hostname name   host name of the context
--domainname name NIS domain name of the context; none stands for no domain
--disconnect      run the command in the background
--silent          do not tell what is done"""

MAX_CONTEXTS = 16


class Options:
    """The command line of chcontext."""

    __slots__ = (
        "command",
        "disconnect",
        "domainname",
        "flags",
        "hostname",
        "kept",
        "numbers",
        "removed",
        "secure",
        "silent",
    )

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.flags = self.kept = self.removed = 0
        self.secure = self.disconnect = self.silent = False
        self.hostname: str | None = None
        self.domainname: str | None = None
        self.command: list[str] = []

    @property
    def allowed(self) -> int:
        """The ceiling of the command."""
        return caps.ceiling(secure=self.secure, removed=self.removed, kept=self.kept)


def parse() -> Options:
    """The command line; unknown names are told and left out, as ever."""
    options = Options()
    takers = {
        "--ctx": _add_number,
        "--flag": _add_flag,
        "--cap": _add_capability,
        "--hostname": _set_hostname,
        "--domainname": _set_domainname,
    }
    line = CommandLine("chcontext", USAGE)
    for option in line.options():
        if option in ("--secure", "--disconnect", "--silent"):
            setattr(options, option[2:], True)
        elif option in takers:
            takers[option](options, line.value())
        else:
            raise line.usage()
    options.command = line.operands
    if not options.command:
        raise line.usage()
    return options


def _add_number(options: Options, text: str) -> None:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        raise VserverError(f"Invalid context number: {text}", 255)
    if len(options.numbers) == MAX_CONTEXTS:
        complain("Too many context, max 16, ignored.")
    else:
        options.numbers.append(int(text))


def _add_flag(options: Options, text: str) -> None:
    options.flags |= flag(text)


def flag(name: str) -> int:
    """The bit of context flag ``name``; 0 for an unknown one, which is told."""
    if name not in context.FLAGS:
        complain(f"Unknown flag {name}")
    return context.FLAGS.get(name, 0)


def _add_capability(options: Options, text: str) -> None:
    bit = caps.parse(text.removeprefix("!"))
    if bit is None:
        complain(f"Unknown capability {text.removeprefix('!')}")
    elif text.startswith("!"):
        options.removed |= bit
    else:
        options.kept |= bit


def _set_hostname(options: Options, text: str) -> None:
    options.hostname = text


def _set_domainname(options: Options, text: str) -> None:
    options.domainname = "" if text == "none" else text
