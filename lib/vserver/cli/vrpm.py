"""vrpm: one rpm command for several virtual servers."""

from __future__ import annotations

import os
import sys

from vserver import command, config, paths, servers
from vserver.cli import complain, say
from vserver.errors import VserverError
from vserver.messages import Messages
from vserver.rpmcommand import Rpm, Target

USAGE = """\
vrpm [--unify] vservers ... -- rpm options and packages
vrpm [--unify] ALL -- rpm options and packages

Run rpm on each vserver, or on all. With --unify the first one then shares the files of the
packages with the others."""

ALL = "ALL"
FAILED = 1

_OWN_DIRECTORIES = ("/etc", "/var/log")  # never unified (0.22, 0.31)


def main() -> int:
    """Run rpm on each server; 1 when that failed anywhere."""
    words = sys.argv[1:]
    if words == ["--help"]:
        raise VserverError(USAGE, 0)
    unify = words[:1] == ["--unify"]
    names, arguments = _split(words[1:] if unify else words)
    if os.geteuid() != 0:
        raise VserverError("vrpm: only root can do that")
    _keep_descriptors_here()
    rpm = Rpm(arguments)
    done = [name for name in names if _run(rpm, name)]
    status = 0 if len(done) == len(names) else FAILED
    if unify:
        say("Unification")
        status |= _unify(names, rpm.package_names)
    return status


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """The servers, each once, and the arguments of rpm."""
    if "--" not in words or words[-1:] == ["--"]:
        raise VserverError(USAGE, FAILED)
    at = words.index("--")
    names = [name for word in words[:at] for name in (_all() if word == ALL else [word])]
    if not names:
        complain("no server specified\n")
        raise VserverError(USAGE, FAILED)
    return list(dict.fromkeys(names)), words[at + 1 :]


def _all() -> list[str]:
    """The virtual servers that have a configuration and a tree (0.9, 0.29)."""
    return [name for name in config.names() if os.path.isdir(config.read(name)["VSERVERDIR"])]


def _keep_descriptors_here() -> None:
    """Nothing that the caller had open is for scripts of packages."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                os.set_inheritable(int(name), False)
            except OSError:  # the descriptor of the listing itself
                pass


def _run(rpm: Rpm, name: str) -> bool:
    """Whether rpm succeeded on server ``name``."""
    try:
        target = Target(name, servers.directory(name))
        say(f"Updating server {name}")
        return rpm.run(target, Messages(say, complain)) == 0
    except VserverError as error:
        complain(error.text)
        return False


def _unify(names: list[str], packages: list[str]) -> int:
    if len(names) < 2 or not packages:
        complain("Nothing to unify")
        return 0
    options = [word for directory in _OWN_DIRECTORIES for word in ("--excldir", directory)]
    vunify = f"{paths.USR_LIB_VSERVER}/vunify"
    status = command.run([vunify, *options, *names, "--", *packages])
    return FAILED if status else 0
