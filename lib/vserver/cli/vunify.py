"""vunify: servers share the files of the packages that they have in common."""

from __future__ import annotations

import os

from vserver import servers
from vserver.cli import say
from vserver.cli.unifyoptions import FLAG_USAGE, Options, Run, require_rights
from vserver.cli.usage import usage
from vserver.errors import VserverError
from vserver.packages import UNSUPPORTED
from vserver.unification import Excluded, Request, Server, Unification
from vserver.unify import ALREADY, LINKED
from vserver.unifylock import UnifyLock

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.unifylog import Log

USAGE = f"""
vunify [ options ] reference-server vservers ... -- packages
vunify [ options ] reference-server vservers ... -- ALL

Let the vservers share the files of the packages that they have in the same version as the
reference server. ALL means all packages in common.

--test                say what would be done, and do nothing
--undo                give the vservers files of their own again
--debug               say what is done; more with each --debug
--stats               say how many files were shared
--overwrite           replace files that differ from those of the reference server, too
--excldir DIR         leave the files below DIR alone; may be repeated
--incldir DIR         but not those below DIR; may be repeated
{FLAG_USAGE}"""

SWITCHES = (
    "--test",
    "--undo",
    "--stats",
    "--overwrite",
    "--noflags",
    "--immutable",
    "--immutable-mayunlink",
)


def main() -> int:
    """Unify each server; 255 when anything failed."""
    options = Options("vunify", USAGE, SWITCHES, ("--excldir", "--incldir", "--method"))
    names, packages = _operands(options)
    request = Request(packages, options.wish(), _excluded(options))
    request.test = "--test" in options.switches
    request.undo = "--undo" in options.switches
    request.overwrite = "--overwrite" in options.switches
    if not request.test:
        require_rights("vunify")
    directories = [servers.directory(name) for name in names]
    os.umask(0)
    run = Run(options)
    reference = Server(names[0], directories[0])
    if not reference.packages.kind:
        raise VserverError(UNSUPPORTED, 255)
    targets = _targets(reference, names[1:], directories[1:], run.log)
    for target in targets:
        say(f"vservers {target.name}")
    with UnifyLock() as lock:
        unification = Unification(request, reference, lock, run.log)
        run.saved = lambda: unification.bytes_saved
        wanted = unification.wanted()
        for target in targets:
            unification.run(target, wanted)
    status = run.finish()
    if "--stats" in options.switches:
        _show_statistics(unification)
    return status


def _operands(options: Options) -> tuple[list[str], list[str]]:
    """The servers and the packages."""
    if "--" not in options.words:
        raise usage("vunify", USAGE)
    at = options.words.index("--")
    names, packages = options.words[:at], options.words[at + 1 :]
    if len(names) < 2 or not packages:
        raise usage("vunify", USAGE)
    return names, packages


def _excluded(options: Options) -> Excluded:
    return Excluded(options.lists["--excldir"], options.lists["--incldir"])


def _targets(reference: Server, names: list[str], directories: list[str], log: Log) -> list[Server]:
    """The servers that can be unified, each once."""
    seen = {reference.tree.identity}
    targets = []
    for name, directory in zip(names, directories, strict=True):
        target = Server(name, directory)
        if target.tree.identity == reference.tree.identity:
            log.warn(f"vunify: {name} is the reference server, ignored")
        elif not target.packages.kind:
            log.warn(f"{UNSUPPORTED}: {name}")
        elif target.tree.identity not in seen:
            seen.add(target.tree.identity)
            targets.append(target)
    return targets


def _show_statistics(unification: Unification) -> None:
    counts = unification.counts
    say(f"Files linked     : {counts[LINKED]}")
    say(f"Already unified  : {counts[ALREADY]}")
    say(f"Files skipped    : {sum(counts.values()) - counts[LINKED] - counts[ALREADY]}")
    say(f"Bytes saved      : {unification.bytes_saved}")
