"""vserver-copy: a virtual server copied to another name or machine, by rsync and ssh (0.26).

A copy that was interrupted is completed by making it again: rsync replaces each file when it
is complete, and the configuration comes last. Until then the file lies in a directory beside
the copy, so that nothing of an interrupted run is left in the copy itself.
"""

from __future__ import annotations

import os
import shlex

from vserver import command, confedit, config, paths, scratch, state
from vserver.errors import VserverError, reason
from vserver.kernel.rooted import Root

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

_TREE = ("--archive", "--hard-links", "--acls", "--xattrs", "--sparse", "--one-file-system")
_VANISHED = 24  # rsync(1): files were removed while they were copied

# What a destination is asked, in one session; NAME is quoted already.
_PROBE = """\
PATH=$PATH:/usr/sbin:/usr/local/sbin
command -v vserver >/dev/null || { echo missing; exit 0; }
if vserver NAME running >/dev/null 2>&1; then echo running; else echo stopped; fi
[ ! -f /etc/vservers.conf ] || . /etc/vservers.conf >/dev/null
echo "${VSERVERS_ROOT:-/vservers}"
[ -e /etc/vservers/NAME.sh ] && echo script || echo none
"""
# How the destination starts rsync, whose new files are put together in PREFIX~RUN. What an
# interrupted run has left is removed; were that one still at work, it would fail now.
_RECEIVE = """\
rm -rf PREFIX~* && d=PREFIX~RUN && mkdir -m 700 "$d" && trap 'rm -rf "$d"' EXIT && rsync"""
_START = """\
PATH=$PATH:/usr/sbin:/usr/local/sbin
vserver NAME start >&2
vserver NAME running >/dev/null && echo running || echo stopped
"""
_HOSTS = """\
# written by vserver-copy
127.0.0.1 localhost
{address} {name}.{domain} {name}

::1 localhost ip6-localhost ip6-loopback
fe00::0 ip6-localnet
ff00::0 ip6-mcastprefix
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
"""


class Request:
    """What is to be copied, where to, and how. ``host`` is empty for this machine.

    ``address`` and ``domain`` are both empty, or both given. ``root`` is the directory of the
    virtual servers, here and there; empty for those of the configurations.
    """

    def __init__(self, source: str, host: str, name: str) -> None:
        self.source = source
        self.host = host
        self.name = name
        self.address = self.domain = self.root = ""
        self.rsh = self.restart = self.verbose = self.quiet = False

    @property
    def place(self) -> str:
        """The host's name, for messages."""
        return self.host or "localhost"


class Shell:
    """Runs programs here, and scripts at the destination."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    def run(self, words: list[str]) -> int:
        """Run a program; what it prints is shown as far as it was asked for. Its status."""
        if self._request.quiet:
            return command.run(["sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh", *words])
        if self._request.verbose:
            return command.run(words)
        return command.run(["sh", "-c", 'exec "$@" >/dev/null', "sh", *words])

    def ask(self, script: str) -> list[str]:
        """The lines that ``script`` prints at the destination; none when that is unreachable.

        It keeps the terminal, since ssh may ask for a password there.
        """
        errors = "2>/dev/null" if self._request.quiet else ""
        words = ["sh", "-c", script]
        if self._request.host:
            words = [*self.remote_shell(), self._request.host, script]
        redirect = f'answer=$1; shift; exec "$@" >"$answer" {errors}'
        memory = os.memfd_create("answer")
        with open(memory, encoding="utf-8", errors="surrogateescape") as answer:
            place = f"/proc/{os.getpid()}/fd/{memory}"
            command.run(["sh", "-c", redirect, "sh", place, *words])
            return answer.read().splitlines()

    def remote_shell(self) -> list[str]:
        """The program that runs a command on another host."""
        if self._request.rsh:
            return ["rsh"]
        return ["ssh", "-o", "BatchMode=yes"] if self._request.quiet else ["ssh"]

    def sync(self, options: list[str], source: str, target: str, receive: str = "rsync") -> int:
        """Copy by rsync to the destination, where ``receive`` starts it; its status."""
        words = [*options, "--verbose"] if self._request.verbose else options
        if self._request.host:
            rsh = " ".join(self.remote_shell())
            remote = ["--compress", "--rsh", rsh, "--rsync-path", receive]
            return self.run(
                ["rsync", *words, *remote, "--", source, f"{self._request.host}:{target}"]
            )
        return self.run(["sh", "-c", f'{receive} "$@"', "sh", *words, "--", source, target])


class Copy:
    """One run. ``inform`` and ``warn`` say a line; what ends the run is a VserverError."""

    def __init__(
        self,
        request: Request,
        inform: Callable[[str], None],
        warn: Callable[[str], None],
        prepared: str,
    ) -> None:
        """Everything that can be checked, and made in directory ``prepared``, before anything
        is changed."""
        self._request = request
        self._inform = inform
        self._warn = warn
        self._prepared = prepared
        self._shell = Shell(request)
        self._directory = self._source_directory()
        self._check_programs()
        self._root, self._has_script = self._check_destination()
        self._prepare()

    def _source_directory(self) -> str:
        request = self._request
        root = request.root or config.system_defaults()["VSERVERS_ROOT"]
        directory = f"{root.rstrip('/')}/{request.source}"
        if not request.root and config.exists(request.source):
            directory = config.read(request.source)["VSERVERDIR"]
        if not os.path.isdir(directory):
            raise VserverError(f'Directory "{directory}" does not exist')
        file = paths.guest_conf(request.source)
        if not config.exists(request.source):
            raise VserverError(f'Vserver file "{file}" does not exist')
        if not request.host and request.source == request.name:
            raise VserverError("Source and destination names cannot be the same on the localhost")
        return directory

    def _check_programs(self) -> None:
        needed = ["rsync", self._shell.remote_shell()[0]] if self._request.host else ["rsync"]
        for program in needed:
            if not command.exists(program):
                raise VserverError(f"{program} is not installed on this host")

    def _check_destination(self) -> tuple[str, bool]:
        """The root of the virtual servers there, and whether a hook script is there already."""
        request = self._request
        answer = self._shell.ask(_PROBE.replace("NAME", request.name))
        if answer[:1] == ["running"]:
            self._warn(f'destination vserver "{request.name}" is running')
            raise VserverError("Cannot copy over a running vserver")
        if answer[:1] == ["missing"]:
            raise VserverError(f"there is no vserver command on {request.place}")
        if len(answer) != 3:
            raise VserverError(f"{request.place} cannot be reached")
        return request.root or answer[1], answer[2] == "script"

    def _prepare(self) -> None:
        """Write what the destination gets under the name and the address of the copy."""
        request = self._request
        file, copy = paths.guest_conf(request.source), f"{self._prepared}/{request.name}.conf"
        _write(copy, self._configuration(_read(file)))
        os.chmod(copy, os.stat(file).st_mode & 0o7777)
        if request.address:
            etc = f"{self._prepared}/tree/etc"
            os.makedirs(etc)
            _write(f"{etc}/hostname", f"{request.name}\n")
            names = {"address": request.address, "name": request.name, "domain": request.domain}
            _write(f"{etc}/hosts", _HOSTS.format(**names))

    def run(self) -> None:
        """Copy the tree, then the configuration; stop here and start there if asked for."""
        request = self._request
        self._inform(f"Attempting to copy {request.source} to {request.place}:{request.name}")
        was_running = bool(state.running_context(request.source))
        if request.restart:
            self._stop()
        try:
            self._copy_tree()
            self._copy_configuration()
        except VserverError:
            if request.restart and was_running:
                self._shell.run([f"{paths.USR_SBIN}/vserver", request.source, "start"])
            raise
        if request.restart:
            self._start()

    def _stop(self) -> None:
        name = self._request.source
        self._inform(f'Stopping virtual server "{name}" on localhost')
        self._shell.run([f"{paths.USR_SBIN}/vserver", name, "stop"])
        if state.running_context(name):
            raise VserverError(f'Virtual server "{name}" failed to stop')

    @property
    def _target(self) -> str:
        return f"{self._root.rstrip('/')}/{self._request.name}"

    def _copy_tree(self) -> None:
        self._inform("Syncing directories")
        prefix, run = f"{self._root.rstrip('/')}/.{self._request.name}", os.urandom(4).hex()
        status = self._shell.sync(
            [*_TREE, "--numeric-ids", f"--temp-dir={prefix}~{run}"],
            f"{self._directory.rstrip('/')}/",
            f"{self._target}/",
            _RECEIVE.replace("RUN", run).replace("PREFIX", shlex.quote(prefix)),
        )
        if status == _VANISHED:
            self._warn("some files vanished while they were copied")
        elif status:
            raise VserverError("rsync failed")
        if self._request.address:
            self._name_tree()

    def _name_tree(self) -> None:
        """Give the copy its name and address; a link in the place of /etc is replaced."""
        self._inform("Creating hostname file")
        self._inform("Creating /etc/hosts")
        self._deliver(["--recursive"], f"{self._prepared}/tree/", f"{self._target}/")

    def _copy_configuration(self) -> None:
        name = self._request.name
        if self._request.address:
            self._inform(f"Modifying {paths.guest_conf(name)}")
        self._deliver(["--perms"], f"{self._prepared}/{name}.conf", paths.guest_conf(name))
        self._copy_script()

    def _configuration(self, text: str) -> str:
        """The configuration of the copy. One and the same server never starts at boot twice."""
        request = self._request
        text = confedit.remove(text, "VSERVERDIR")
        change = confedit.assign if request.root else confedit.replace
        text = change(text, "VSERVERS_ROOT", self._root)
        if request.address:
            text = confedit.assign_in_profile(text, "S_HOSTNAME", request.name)
            return confedit.assign_in_profile(text, "IPROOT", request.address)
        return text if request.restart else confedit.assign(text, "ONBOOT", "no")

    def _copy_script(self) -> None:
        request = self._request
        script = paths.guest_hook(request.source)
        if not os.path.exists(script):
            return
        if request.source == request.name and not self._has_script:
            self._deliver(["--perms"], script, script)
        else:
            self._warn(f"{script} was not copied")

    def _deliver(self, options: list[str], source: str, target: str) -> None:
        if self._shell.sync([*options, "--times", "--omit-dir-times"], source, target):
            raise VserverError("rsync failed")

    def _start(self) -> None:
        request = self._request
        self._inform(f'Starting virtual server "{request.name}" on {request.place}')
        if self._shell.ask(_START.replace("NAME", request.name))[-1:] != ["running"]:
            text = f'Virtual server "{request.name}" failed to start on {request.place}'
            raise VserverError(text)
        self._forget_at_boot(paths.guest_conf(request.source))

    def _forget_at_boot(self, file: str) -> None:
        """The source is not the one to be started at boot any more."""
        entry = os.stat(file)
        data = confedit.assign(_read(file), "ONBOOT", "no").encode("utf-8", "surrogateescape")
        above, name = os.path.split(os.path.realpath(file))
        try:
            with Root.open_dir(above) as directory:
                mode = entry.st_mode & 0o7777
                directory.write(name, data, mode, uid=entry.st_uid, gid=entry.st_gid)
        except OSError as error:
            raise _cannot_write(file, error) from None


def copy(request: Request, inform: Callable[[str], None], warn: Callable[[str], None]) -> None:
    """Copy a virtual server. VserverError says what keeps it from being done.

    The target is never one that runs; the source may run, without promise that what is
    copied then fits together.
    """
    try:
        with scratch.directory() as prepared:
            Copy(request, inform, warn, prepared).run()
    except OSError as error:
        path = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        raise VserverError(f"{path}{reason(error)}") from None


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
    except OSError as error:
        raise _cannot_write(path, error) from None


def _cannot_write(path: str, error: OSError) -> VserverError:
    return VserverError(f"Can't write {path} ({reason(error)})")
