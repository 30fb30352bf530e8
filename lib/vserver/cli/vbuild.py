"""vbuild: make a new server as a copy of another one, sharing what can be shared."""

from __future__ import annotations

import os

from vserver import servers
from vserver.cli import say
from vserver.cli.unifyoptions import FLAG_USAGE, Options, Run, require_rights
from vserver.cli.usage import usage
from vserver.clone import Clone
from vserver.clonefiles import Statistics
from vserver.errors import VserverError, reason
from vserver.packages import UNSUPPORTED
from vserver.unification import Excluded, Server
from vserver.unify import COPY, Sharer
from vserver.unifyactions import link_command
from vserver.unifylock import UnifyLock
from vserver.unifytree import Tree

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.unify import Wish
    from vserver.unifylog import Log
    from vserver.unifytree import Paths

USAGE = f"""
vbuild [ options ] reference-server new-vservers ...

Make each new vserver a copy of the reference server. Files of packages are shared, except
configuration; all else is copied.

--test                say what would be done, and do nothing
--debug               say which directories are copied; twice: files, three times: links
--stats               say how many files were linked, copied and so on
--excldir DIR         of what is below DIR, make the directories only; may be repeated
{FLAG_USAGE}"""

SWITCHES = ("--test", "--stats", "--noflags", "--immutable", "--immutable-mayunlink")


def main() -> int:
    """Build each new server; 255 when anything failed."""
    options = Options("vbuild", USAGE, SWITCHES, ("--excldir", "--method"))
    if len(options.words) < 2:
        raise usage("vbuild", USAGE)
    wish, excluded = options.wish(), Excluded(options.lists["--excldir"])
    is_test = "--test" in options.switches
    if not is_test:
        require_rights("vbuild")
    name, *new = options.words
    reference = Server(name, servers.directory(name))
    places = [(one, servers.new_directory(one)) for one in new]
    os.umask(0)
    run = Run(options)
    shareable = _shareable(reference, run.log)
    for one, top in places:
        _check_apart(reference.tree, one, top)
    if is_test:
        from vserver.clonepreview import Preview

        for _, top in places:
            preview = Preview(reference.tree, top, shareable, excluded, run.log)
            preview.link_command = link_command(reference.tree, wish)
            preview.show()
        return run.finish()
    statistics = Statistics()
    with UnifyLock() as lock:
        for one, top in places:
            target = _make_top(reference.tree, name, one, top, wish)
            sharer = Sharer(reference.tree, target, wish, lock, run.log)
            Clone(sharer, shareable, excluded, run.log, statistics).build(lock)
    status = run.finish()
    if "--stats" in options.switches:
        for line in statistics.lines():
            say(line)
    return status


def _shareable(reference: Server, log: Log) -> Paths:
    """The files of all packages that may be shared."""
    if not reference.packages.kind:
        log.notice(UNSUPPORTED)
    return reference.tree.resolved(
        path
        for name in reference.packages.names()
        for path in reference.packages.shareable_files(name)
    )


def _check_apart(source: Tree, new: str, top: str) -> None:
    """VserverError (255) when one tree would lie in the other."""
    here, there = os.path.realpath(source.top or "/"), os.path.realpath(top)
    if (here + "/").startswith(there.rstrip("/") + "/") or (there + "/").startswith(
        here.rstrip("/") + "/"
    ):
        raise VserverError(f"Can't vbuild {new} from itself", 255)


def _make_top(source: Tree, name: str, new: str, top: str, wish: Wish) -> Tree:
    """The new server's tree, made if need be; VserverError (255) when it is on another disk."""
    try:
        os.mkdir(top, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise VserverError(f"Can't mkdir {top} ({reason(error)})", 255) from None
    target = Tree(top)
    if source.identity[0] != target.identity[0] and wish.method != COPY:
        text = f"Can't vbuild {new} because it is not on the same volume as {name}"
        raise VserverError(text, 255)
    return target
