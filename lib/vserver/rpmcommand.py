"""vrpm: the host's rpm on virtual servers, each in its own context (0.9, 0.19).

Scripts of packages act in the context of the virtual server, under its capability ceiling and
with its tree as all that there is.
"""

from __future__ import annotations

import os
import shutil

from vserver import command, config, guest, inside, packages, session, state
from vserver.errors import VserverError, reason
from vserver.kernel import caps, collector, confine, context
from vserver.kernel.hostprogram import HostProgram
from vserver.kernel.isolation import Command
from vserver.kernel.rooted import Root
from vserver.kernel.spawn import Failure
from vserver.session import Request
from vserver.unifyrelease import release

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.guest import Guest
    from vserver.messages import Messages
    from vserver.session import Place

_OPTIONAL = ("/etc/ld.so.cache", "/etc/rpm", "/usr/lib/rpm")
_PACKAGE, _KEY = b"\xed\xab\xee\xdb", b"-----BEGIN PGP"  # how files for rpm begin
_ENVIRONMENT = {"HOME": "/", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_CHANGING = frozenset("iUFe")
_CHANGING_LONG = frozenset(("--install", "--upgrade", "--freshen", "--erase", "--reinstall"))
_PASSED = ("LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TERM")


class Target:
    """A virtual server for rpm: its name, its directory, and where its database is."""

    __slots__ = ("database", "directory", "name")

    def __init__(self, name: str, directory: str) -> None:
        """VserverError when there is no RPM database."""
        self.name = name
        self.directory = os.path.realpath(directory)
        with Root.open_dir(self.directory) as root:
            self.database = f"/{packages.rpm_directory(root)}"
        if self.database == "/" or self.directory == "/":
            raise VserverError(f"Server {name} has no RPM database, skipped")


class Rpm:
    """The host's rpm with its arguments, to be run on any number of virtual servers."""

    __slots__ = ("_needed", "_words", "files", "package_names")

    def __init__(self, words: list[str]) -> None:
        """VserverError when the host has no rpm."""
        program = shutil.which("rpm")
        if not program:
            raise VserverError("vrpm: rpm is not installed on this host")
        self._words = words
        self.files = [os.path.abspath(word) for word in words if _is_for_rpm(word)]
        self.package_names = [name for file in self.files if (name := _package_name(file))]
        optional = filter(os.path.exists, _OPTIONAL)
        self._needed = [program, *_libraries(program), *optional, *self.files]

    def run(self, target: Target, messages: Messages) -> int:
        """Run it on one virtual server; its status. VserverError when it cannot be started."""
        if _changes_packages(self._words):
            for failure in release(target.directory, [*self.package_names, *self._words]):
                messages.warn(failure)
        words = ["rpm", "--root", target.directory, "--dbpath", target.database, *self._words]
        here = os.getcwd()
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        task = Command(words, _ENVIRONMENT | passed)

        with HostProgram(self._needed) as program:

            def prepare() -> None:
                confine.reset_surroundings()
                program.make_root(target.directory, here)

            task.prepare = prepare
            try:
                return _run_in(_obtain(target, messages), task)
            finally:
                os.chdir(here)


def _is_for_rpm(word: str) -> bool:
    return not word.startswith("-") and _beginning(word).startswith((_PACKAGE, _KEY))


def _changes_packages(words: list[str]) -> bool:
    """Whether rpm is asked to install or erase, and not to query or verify (rpm(8))."""
    short = "".join(word for word in words if word.startswith("-") and word[1:2] != "-")
    if "q" in short or "V" in short or {"--query", "--verify"} & set(words):
        return False
    return not _CHANGING.isdisjoint(short) or not _CHANGING_LONG.isdisjoint(words)


def _package_name(file: str) -> str:
    """The name of the package in ``file``, empty when it holds something else."""
    if not _beginning(file).startswith(_PACKAGE):
        return ""
    query = ["rpm", "-qp", "--nodigest", "--nosignature", "--queryformat", "%{name}\\n", file]
    return command.output(query).strip()


def _beginning(path: str) -> bytes:
    """How the regular file ``path`` begins; nothing for anything else."""
    try:
        if not os.path.isfile(path):
            return b""
        with open(path, "rb") as file:
            return file.read(len(_KEY))
    except OSError:
        return b""


def _libraries(program: str) -> list[str]:
    """What the dynamic linker loads for ``program``, the linker included."""
    words = command.output(["ldd", program]).split()
    return [word for word in words if word.startswith("/")]


def _obtain(target: Target, messages: Messages) -> Place:
    """The context of the virtual server if it runs, else one for the time being."""
    os.chdir(target.directory)
    try:
        return session.obtain(_request(target, messages))
    except Failure as error:
        text = f"vrpm: {error.step or 'cannot start'} in '{target.name}': {reason(error)}"
        raise VserverError(text) from None
    except OSError as error:
        raise VserverError(f"Can't set the new security context ({reason(error)})") from None


def _request(target: Target, messages: Messages) -> Request:
    if not config.exists(target.name):
        ceiling = caps.ceiling(secure=True, removed=0, kept=0)
        return Request(allowed=ceiling, armoured=True, own_root=True)
    one: Guest = guest.load(target.name, messages)
    running = state.running_context(target.name)
    request = one.request(running, one.limits())
    request.strict = False  # the mounts have to arrive
    if not running:
        request.number, request.guest = None, ""
    return request


def _run_in(place: Place, task: Command) -> int:
    """Run ``task``; a context that was made for it is gone then."""
    try:
        status = inside.run(place, task)
    except VserverError:
        if place.created:
            place.abandon()
        else:
            place.close()
        raise
    if place.created:
        _end(place)
    return status


def _end(place: Place) -> None:
    """End what scripts have left in a context that was made for them, if it is still that."""
    try:
        held = context.lock(place.number)
    except FileNotFoundError:
        return
    try:
        init = context.init_of(place.number)
        if init and init.pid == place.init:
            collector.destroy(place.number, seconds=5.0)
    finally:
        os.close(held)
