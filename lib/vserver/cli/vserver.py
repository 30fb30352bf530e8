"""vserver: build, start, enter and stop virtual servers."""

from __future__ import annotations

import sys

from vserver import config, state
from vserver.cli import complain, inform, mention, say
from vserver.errors import VserverError
from vserver.kernel import context
from vserver.messages import Messages, visible

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

    from vserver.config import Config, Reading
    from vserver.guest import Guest

USAGE = """\
vserver [ options ] server-name command ...

server-name is a directory in {root}

build   : Create a virtual server by copying the packages
          of the root server
enter   : Enter the virtual server context and start a shell
          Same as "vserver name exec /bin/bash -login"
exec    : Exec a command in the virtual server context
suexec  : Exec a command in the virtual server context uid
          vserver name suexec user command [ args ... ]
service : Control a service inside a vserver
          vserver name service service-name start/stop/restart/status
start   : Starts the services of the vserver, in its default runlevel
stop    : Ends all services and kills the remaining processes
restart : Stops a running virtual server and starts it again
running : Tells if a vserver is running
          It returns proper exit code, so you can use it in scripts
status  : Tells some information about a vserver
chkconfig : Turns a service on or off in a vserver
          vserver name chkconfig [ --level nnn ] service on|off

--nodev   : Do not configure the IP aliases of the vserver
            Useful to enter a vserver without enabling its network
            and avoiding conflicts with another server running it
--silent  : No informative messages about vserver context and IP numbers
            Useful when you want to redirect the output
--verbose : Shows the commands that would configure the network"""

_MODULES = ("vserver.guest", "vserver.inside", "vserver.kernel.ipv4root")

MISSING_USER = "Missing user!\nvserver vserver-name suexec user command [ args ... ]"
MISSING_COMMAND = (
    "Missing command and arguments!\nvserver vserver-name suexec user command [ args ... ]"
)


class Options:
    """The options before the name of the guest."""

    __slots__ = ("hands_over", "nodev", "silent", "verbose")

    def __init__(self) -> None:
        self.nodev = self.silent = self.verbose = False
        self.hands_over = False  # do we become a command of the guest's?

    def messages(self) -> Messages:
        """How the work speaks under these options."""
        network = say if self.verbose and not self.silent else None
        return Messages(self.inform, complain, network, complain if self.silent else self.inform)

    def inform(self, line: str) -> None:
        """Print a line of progress, unless --silent."""
        if not self.silent:
            (mention if self.hands_over else inform)(line)


def main() -> int:
    """Check the words in the order that scripts know, and do what they say."""
    options, words = _parse(sys.argv[1:])
    if not words:
        return _show_usage(0)
    if len(words) == 1:
        return _show_usage(1)
    name, command, arguments = words[0], words[1], words[2:]
    return _tell_refusal(lambda: _dispatch(name, command, arguments, options))


def start(settings: Config) -> int:
    """``vserver NAME start`` of a guest whose configuration is at hand already."""

    def begin() -> int:
        from vserver import guest, lifecycle

        config.check_directory(settings)
        return lifecycle.start(guest.Guest(settings, Options().messages()))

    return _tell_refusal(begin)


def _tell_refusal(work: Callable[[], int]) -> int:
    try:
        return work()
    except (_PlainRefusalError, config.NoDirectoryError) as refusal:
        say(refusal.text)
        return refusal.status


class _PlainRefusalError(VserverError):
    """A refusal that the old tool printed on standard output."""


def _parse(words: list[str]) -> tuple[Options, list[str]]:
    options = Options()
    position = 0
    while position < len(words) and words[position].startswith("-"):
        word = words[position]
        position += 1
        if word == "--help":
            raise SystemExit(_show_usage(0))
        if word not in ("--nodev", "--silent", "--verbose"):
            raise VserverError(f"vserver: invalid option: {word}")
        setattr(options, word[2:], True)
    return options, words[position:]


def _show_usage(status: int) -> int:
    say(USAGE.format(root=config.system_defaults()["VSERVERS_ROOT"]))
    return status


def _dispatch(name: str, command: str, arguments: list[str], options: Options) -> int:
    if command == "build":
        return _build(name, options)
    if not config.exists(name):
        raise _PlainRefusalError(config.missing(name))
    reading = _begin_reading(name, command)
    if command in QUESTIONS:
        config.check_directory(reading.result())
        return QUESTIONS[command](name, options)
    one = _guest(reading, options)
    if command not in COMMANDS:
        say(f"Command unknown {visible(command)}\n")
        return _show_usage(1)
    options.hands_over = command not in WITHOUT_COMMAND
    try:
        return COMMANDS[command](one, arguments, options)
    except VserverError as error:
        if command in WITHOUT_COMMAND:
            error.status = 1
        raise


def _begin_reading(name: str, command: str) -> Reading:
    """The configuration under the profile that the command sees (0.22): the recorded one while
    the guest runs."""
    profile = "" if command == "start" else _recorded_profile(name, command)
    return config.Reading(name, forced_profile=profile)


def load_modules(*others: str) -> None:
    """Load what most commands need, and ``others``, in what would else be idle time, or once
    for many forks."""
    for module in (*_MODULES, *others):
        __import__(module)


def _guest(reading: Reading, options: Options) -> Guest:
    load_modules()  # while the shell is at work
    from vserver.guest import Guest

    settings = reading.result()
    config.check_directory(settings)
    return Guest(settings, options.messages(), nodev=options.nodev)


def _recorded_profile(name: str, command: str) -> str:
    recorded = state.read(name)
    if command in ("stop", "restart") or state.running_context(name):
        return recorded.profile
    return ""


def _start(one: Guest, _arguments: list[str], _options: Options) -> int:
    from vserver import lifecycle

    return lifecycle.start(one)


def _stop(one: Guest, _arguments: list[str], _options: Options) -> int:
    from vserver import lifecycle

    return lifecycle.stop(one)


def _restart(one: Guest, _arguments: list[str], options: Options) -> int:
    """Nothing happens to a stopped guest; the recorded profile ends with the stop (0.2)."""
    if not _tell_running(one.name, options):
        return 0
    from vserver import lifecycle

    return lifecycle.restart(one, lambda: _guest(_begin_reading(one.name, "start"), options))


def _running(name: str, options: Options) -> int:
    return 0 if _tell_running(name, options) else 1


def _tell_running(name: str, options: Options) -> int:
    number = state.running_context(name)
    options.inform(state.running_line(name, number))
    return number


def _status(name: str, _options: Options) -> int:
    """Always the whole report: it is what was asked for (0.19)."""
    import time

    from vserver.cli.filetime import age

    number = state.running_context(name)
    say(state.running_line(name, number))
    if number:
        say(f"{len(context.processes(number))} processes running")
        say(f"Vserver uptime: {age(time.time() - state.read(name).written)}")
    return 0


def _enter(one: Guest, _arguments: list[str], _options: Options) -> int:
    from vserver import inside

    one.warn_of_permissions()
    return inside.suexec(one, "root", ["/bin/bash", "-login"])


def _exec(one: Guest, arguments: list[str], options: Options) -> int:
    return _suexec(one, ["root", *arguments], options)


def _suexec(one: Guest, arguments: list[str], _options: Options) -> int:
    if not arguments or not arguments[0]:
        raise VserverError(MISSING_USER)
    if len(arguments) < 2 or not arguments[1]:
        raise VserverError(MISSING_COMMAND)
    from vserver import inside

    return inside.suexec(one, arguments[0], arguments[1:])


def _service(one: Guest, arguments: list[str], _options: Options) -> int:
    from vserver import inside, runlevel

    with one.open_tree() as root:
        words = runlevel.service_command(root, arguments)
    return inside.suexec(one, "root", words)


def _chkconfig(one: Guest, arguments: list[str], options: Options) -> int:
    from vserver import inside, runlevel

    options.silent = True
    one.messages = options.messages()
    try:
        return inside.chkconfig(one, arguments)
    except runlevel.ChkconfigError as error:
        raise _PlainRefusalError(error.text, error.status) from None


def _build(name: str, options: Options) -> int:
    from vserver import build

    try:
        build.build(name, options.messages())
    except build.OccupiedError as error:
        raise _PlainRefusalError(error.text, error.status) from None
    return 0


# those that need no more than the name of a guest whose configuration is in order
QUESTIONS: dict[str, Callable[[str, Options], int]] = {"running": _running, "status": _status}

# those whose status is never that of a command inside, which 255 would be taken for
WITHOUT_COMMAND = ("start", "stop", "restart")

COMMANDS: dict[str, Callable[[Guest, list[str], Options], int]] = {
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "enter": _enter,
    "exec": _exec,
    "suexec": _suexec,
    "service": _service,
    "chkconfig": _chkconfig,
}
