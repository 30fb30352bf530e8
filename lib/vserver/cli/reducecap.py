"""reducecap: lower the capability ceiling for a command, in the current context."""

from __future__ import annotations

from vserver import execute, session
from vserver.cli import complain, say
from vserver.cli.contextoptions import flag
from vserver.cli.usage import CommandLine
from vserver.errors import VserverError, reason
from vserver.kernel import caps, context, seccomp

USAGE = """\
reducecap [ options ] [ command [ arguments ... ] ]

Lower the capability ceiling and run a command.

--secure      take away what a virtual server must not have
--flag name   set a flag of the current context: lock sched nproc private
              fakeinit hideinfo ulimit; repeatable
--CAPABILITY  take this capability away; in any case, with or without CAP_
--show        show the capabilities as they are before that"""


class Options:
    """The command line of reducecap."""

    __slots__ = ("command", "flags", "removed", "secure", "show")

    def __init__(self) -> None:
        self.removed = self.flags = 0
        self.secure = self.show = False
        self.command: list[str] = []


def main() -> int:
    """Show and lower as asked; the status of the command, 255 for a failure of our own."""
    options = _parse()
    if options.show:
        _show()
    if not options.command:
        return 0
    _lower(options)
    complain("Executing")
    try:
        execute.become(options.command)
    except OSError:
        raise VserverError(f"Can't execute command {options.command[0]}", 255) from None


def _parse() -> Options:
    options = Options()
    line = CommandLine("reducecap", USAGE)
    for option in line.options():
        if option in ("--secure", "--show"):
            setattr(options, option[2:], True)
        elif option == "--flag":
            options.flags |= flag(line.value())
        elif option.startswith("--") and (bit := caps.parse(option[2:])) is not None:
            options.removed |= bit
        else:
            raise line.usage()
    options.command = line.operands
    if not options.command and not options.show:
        raise line.usage()
    return options


def _lower(options: Options) -> None:
    """Filter first, then ceiling: the filter needs rights that the ceiling may take."""
    allowed = caps.ceiling(secure=options.secure, removed=options.removed, kept=0)
    try:
        _set_flags(options.flags)
        if allowed != caps.ALL:
            caps.lower(allowed)
    except OSError as error:
        raise VserverError(f"new_s_context -2: {reason(error)}", 255) from None


def _set_flags(flags: int) -> None:
    here = context.of_process() if flags else 0
    if here:
        session.set_flags(here, flags)
    if flags & context.LOCK:
        seccomp.load(seccomp.lock_filter())


def _show() -> None:
    """The table of the old tool, "%22s %9s %9s %9s", and what the kernel knows beyond it."""
    sets = caps.own_sets()
    say(_row("Capability", "Effective", "Permitted", "Inheritable"))
    for number in range(caps.CLASSIC):
        say(_marks(f"CAP_{caps.NAMES[number]}", number, sets))
    say(_row("CAP_QUOTACTL", " ", " ", " "))
    for number in range(caps.CLASSIC, caps.last() + 1):
        say(_marks(caps.name(number), number, sets))


def _marks(name: str, number: int, sets: tuple[int, int, int]) -> str:
    return _row(name, *("X    " if one >> number & 1 else " " for one in sets))


def _row(*columns: str) -> str:
    return "{:>22} {:>9} {:>9} {:>9}".format(*columns)
