"""vunify: the packages that servers have in common are on the disk once (0.4, 0.6, 0.14)."""

from __future__ import annotations

from vserver import packages
from vserver.errors import VserverError, reason
from vserver.kernel.helper import is_worthwhile
from vserver.messages import visible
from vserver.unify import Sharer
from vserver.unifyactions import Action, Parting, Preview, Sharing
from vserver.unifypieces import Piece, Pieces, no_counts
from vserver.unifyteam import Team
from vserver.unifytree import Tree

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vserver.packages import Packages
    from vserver.unify import Wish
    from vserver.unifylock import UnifyLock
    from vserver.unifylog import Log
    from vserver.unifypieces import Outcome

ALL = "ALL"
_PIECE = 16384  # bytes of a package's list: with dpkg some 250 files
_WORTH_A_HELPER = 65536


class Server:
    """A server in a unification: what the command line calls it, its tree and its packages."""

    __slots__ = ("name", "packages", "tree")

    def __init__(self, name: str, directory: str) -> None:
        """VserverError (255) when the directory, or the package database, cannot be read."""
        self.name = name
        self.tree = Tree(directory)
        self.packages: Packages = packages.installed(self.tree.root, name)

    def identity(self, package: str) -> list[tuple[str, str, str]]:
        """What of ``package`` must be equal in two servers; empty where it is not installed."""
        return [one.identity for one in self.packages.instances(package)]


class Excluded:
    """The directories whose files are not shared, and those below that are nevertheless."""

    __slots__ = ("_excluded", "_included")

    def __init__(self, excluded: Sequence[str], included: Sequence[str] = ()) -> None:
        """VserverError (255) for a directory that is empty or relative."""
        self._excluded = tuple(map(_prefix, excluded))
        self._included = tuple(map(_prefix, included))

    def __contains__(self, path: str) -> bool:
        return path.startswith(self._excluded) and not path.startswith(self._included)


def _prefix(directory: str) -> str:
    if not directory.startswith("/"):
        raise VserverError(f"Directory {directory or repr('')} is not absolute", 255)
    return directory.rstrip("/") + "/"


class Request:
    """What vunify was asked for: ``names`` of packages, ALL alone for all in common."""

    __slots__ = ("excluded", "names", "overwrite", "test", "undo", "wish")

    def __init__(self, names: list[str], wish: Wish, excluded: Excluded) -> None:
        self.names = names
        self.wish = wish
        self.excluded = excluded
        self.test = False
        self.undo = False
        self.overwrite = False


class Unification:
    """One run with one reference server, over any number of others."""

    __slots__ = ("_lock", "_log", "_reference", "_request", "_saved", "_work", "counts")

    def __init__(self, request: Request, reference: Server, lock: UnifyLock, log: Log) -> None:
        self._request = request
        self._reference = reference
        self._lock = lock
        self._log = log
        self._work: Pieces | None = None  # in hand, or the last
        self._saved = 0
        self.counts = no_counts()

    @property
    def bytes_saved(self) -> int:
        """The size of what was on the disk twice before."""
        return self._saved + (self._work.bytes_saved if self._work else 0)

    def wanted(self) -> list[str]:
        """The packages that are asked for; one that the reference server lacks is told."""
        if self._request.names == [ALL]:
            return self._reference.packages.names()
        known, wanted = self._reference.packages.names(), []
        for name in self._request.names:
            if name in known:
                wanted.append(name)
            else:
                self._log.warn(f"package {name} is not installed in {self._reference.name}")
        return wanted

    def run(self, target: Server, names: list[str]) -> None:
        """Let ``target`` share the packages ``names``, or take that back."""
        action = self._action(target.tree)
        try:
            self._packages(action, target, names)
        finally:
            self._reference.tree.leave()
            target.tree.leave()
            self._sync(target.tree)

    def _packages(self, action: Action, target: Server, names: list[str]) -> None:
        common = self._common(target, names)
        pieces = self._divided(common) if isinstance(action, Sharing) else []
        servers = self._reference, target
        work = Pieces(pieces or [*map(Piece, common)], action, servers, self._request, self._log)
        self._work = work
        if isinstance(action, Sharing) and pieces:
            Team(action.sharer, self._lock, self._log).do(len(pieces), work, self._take)
            return
        try:
            for number in range(len(common)):
                work.do(number)
        finally:
            self._take(work.collect())

    def _take(self, outcome: Outcome) -> None:
        counts, bytes_saved = outcome
        for name in counts:
            self.counts[name] += counts[name]
        self._saved += bytes_saved

    def _divided(self, names: list[str]) -> list[Piece]:
        """The work on packages for two processes, none when it is for one.

        That is the case with details to tell: they are for who wants to see what it is at.
        """
        if self._log.debug or not is_worthwhile():
            return []
        sizes = self._reference.packages.sizes(names)
        if sum(sizes) < _WORTH_A_HELPER:
            return []
        return [
            Piece(name, part, 1 + size // _PIECE)
            for name, size in zip(names, sizes, strict=True)
            for part in range(1 + size // _PIECE)
        ]

    def _sync(self, tree: Tree) -> None:
        try:
            tree.sync()
        except OSError as error:
            self._log.warn(f"Can't write directory {visible(tree.top)} ({reason(error)})")

    def _common(self, target: Server, names: list[str]) -> list[str]:
        """Those of the packages that the target has in the same version."""
        common = []
        for name in names:
            there = target.identity(name)
            if there == self._reference.identity(name):
                common.append(name)
            elif self._request.test:
                package = f"{name}-{self._reference.packages.version(name)}"
                where = f"in server {target.name}"
                rest = f"exist {where} not unified" if there else f"does not exist {where}"
                self._log.say(f"{package} {rest}")
        return common

    def _action(self, target: Tree) -> Action:
        request, reference = self._request, self._reference.tree
        if request.test:
            return Preview(reference, target, request.wish, self._log, undo=request.undo)
        if request.undo:
            return Parting(reference, target, self._lock)
        sharer = Sharer(reference, target, request.wish, self._lock, self._log)
        sharer.overwrite = request.overwrite
        return Sharing(sharer)
