"""vunify: the packages that servers have in common are on the disk once (0.4, 0.6, 0.14)."""

from __future__ import annotations

import marshal
from errno import EINVAL, EXDEV

from vserver import packages
from vserver.errors import VserverError, reason
from vserver.kernel.helper import Helper, is_worthwhile
from vserver.kernel.sharing import BusyError
from vserver.messages import visible
from vserver.unify import ABSENT, ALREADY, DIFFERENT, FAILED, LINKED, SKIPPED, Sharer
from vserver.unifyactions import Parting, Preview, Sharing
from vserver.unifytree import ChangedError, Tree

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vserver.packages import Packages
    from vserver.unify import Log, Wish
    from vserver.unifylock import UnifyLock

    Action = Sharing | Parting | Preview
    Found = tuple[dict[str, int], list[str]]

ALL = "ALL"
_PLAIN = (ALREADY, SKIPPED)  # outcomes of which nothing is told


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

    __slots__ = ("_lock", "_log", "_reference", "_request", "_sharers", "counts")

    def __init__(self, request: Request, reference: Server, lock: UnifyLock, log: Log) -> None:
        self._request = request
        self._reference = reference
        self._lock = lock
        self._log = log
        self._sharers: list[Sharer] = []
        self.counts = dict.fromkeys((LINKED, ALREADY, SKIPPED, DIFFERENT, FAILED), 0)

    @property
    def bytes_saved(self) -> int:
        """The size of what was on the disk twice before."""
        return sum(sharer.bytes_saved for sharer in self._sharers)

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
        ahead = None
        if action.glances and not self._log.debug and len(common) > 1 and is_worthwhile():
            ahead = Helper(lambda: self._look_ahead(action, common[1::2]))
        try:
            for number, name in enumerate(common):
                package = f"{name}-{self._reference.packages.version(name)}"
                self._log.say(f"Unify pkg {package} from {self._reference.name} to {target.name}")
                found = _answer(ahead) if number % 2 else None
                if found:
                    self._take(found, action, target.tree)
                else:
                    self._package(name, action, target.tree)
        finally:
            if ahead:
                ahead.end()

    def _package(self, name: str, action: Action, target: Tree) -> None:
        self._log.detail(1, f"Loading files for package {name}")
        paths = sorted(self._reference.packages.shareable_files(name))
        self._log.detail(1, "Done")
        for path in paths:
            self._log.pause()
            if path in self._request.excluded:
                self._log.detail(1, f"Package {name} exclude {visible(path)}")
            else:
                self._file(action, target, path)

    def _look_ahead(self, action: Action, names: list[str]) -> Iterator[bytes]:
        """For each package: the number of files of each plain outcome, and all other paths.

        This is what a helper does, while its parent works on the packages between these.
        """
        excluded = self._request.excluded
        self._reference.packages.part()
        for name in names:
            counts, paths = dict.fromkeys(_PLAIN, 0), []
            for path in sorted(self._reference.packages.shareable_files(name)):
                if path in excluded:
                    continue
                outcome = self._glance(action, path)
                if outcome in counts:
                    counts[outcome] += 1
                else:
                    paths.append(path)
            yield marshal.dumps((counts, paths))

    def _glance(self, action: Action, path: str) -> str:
        try:
            outcome = action.glance(path)
            return SKIPPED if outcome == ABSENT else outcome
        except OSError:
            return ""  # to be told when it is tried for good

    def _take(self, found: Found, action: Action, target: Tree) -> None:
        """What ``_look_ahead`` found, and the rest of the work on that package."""
        counts, paths = found
        for outcome, number in counts.items():
            self.counts[outcome] += number
            self._log.pause(number)
        for path in paths:
            self._log.pause()
            self._file(action, target, path)

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
        self._sharers.append(sharer)
        return Sharing(sharer)

    def _file(self, action: Action, target: Tree, path: str) -> None:
        """Treat one file. Who changes it meanwhile gets a second chance to be done with that."""
        try:
            try:
                outcome = self._treat(action, path)
            except ChangedError:
                outcome = self._treat(action, path)
        except OSError as error:
            outcome = self._failed(error, action, target, path)
        self.counts[outcome] += 1
        if outcome == DIFFERENT or self._log.debug:
            self._tell(outcome, self._reference.tree.host_path(path), target.host_path(path))

    def _failed(self, error: OSError, action: Action, target: Tree, path: str) -> str:
        """What became of a file by ``error``, which is told."""
        paths = self._reference.tree.host_path(path), target.host_path(path)
        if isinstance(error, BusyError):
            return self._failure(f"File {error.filename} is open for writing, not unified")
        if isinstance(error, ChangedError):
            return self._failure(f"File {paths[1]} changed while reading, not unified")
        if error.errno == EXDEV:  # on another mount
            return SKIPPED
        if error.errno == EINVAL:
            self._log.notice(f"File {paths[1]} is no regular file, not unified")
            return SKIPPED
        return self._failure(f"Can't {action.verb} file {paths[0]} to {paths[1]} ({reason(error)})")

    def _treat(self, action: Action, path: str) -> str:
        outcome = action.glance(path)
        if outcome and outcome != ABSENT:
            return outcome
        source = self._reference.tree.open(path) if not outcome else None
        if source is None:
            if self._log.debug:
                where = self._reference.tree.host_path(path)
                self._log.detail(1, f"File {where} does not exist, ignored")
            return SKIPPED
        with source:
            return action(source)

    def _failure(self, text: str) -> str:
        self._log.warn(text)
        return FAILED

    def _tell(self, outcome: str, source: str, target: str) -> None:
        if outcome == DIFFERENT:
            self._log.notice(f"File {target} differs from {source}, not unified")
        elif outcome == ALREADY:
            self._log.detail(1, f"Already unified {target}")
        elif outcome == LINKED and not self._request.test:
            self._log.detail(1, f"Unify {source} -> {target}")


def _answer(helper: Helper | None) -> Found | None:
    """What a helper found in its next package, None when there is no helper any more."""
    try:
        return marshal.loads(helper.answer()) if helper else None
    except ChildProcessError:  # what stopped it is told when it is met once more
        return None
