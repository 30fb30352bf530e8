"""The work of vunify on one server: the files of packages, one after the other (0.4, 0.14)."""

from __future__ import annotations

from errno import EINVAL, EXDEV

from vserver.errors import reason
from vserver.kernel.sharing import BusyError
from vserver.messages import visible
from vserver.unify import ABSENT, ALREADY, DIFFERENT, FAILED, LINKED, SKIPPED
from vserver.unifytree import ChangedError

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.unification import Request, Server
    from vserver.unifyactions import Action
    from vserver.unifylog import Log

    Outcome = tuple[dict[str, int], int]


class Piece:
    """Some of the files of a package: one of ``parts`` in a row."""

    __slots__ = ("package", "part", "parts")

    def __init__(self, package: str, part: int = 0, parts: int = 1) -> None:
        self.package, self.part, self.parts = package, part, parts

    def of(self, paths: list[str]) -> list[str]:
        """Those that belong to it."""
        begin, end = (len(paths) * part // self.parts for part in (self.part, self.part + 1))
        return paths[begin:end]


class Pieces:
    """The pieces of work on one server, numbered from 0."""

    __slots__ = (
        "_action",
        "_listed",
        "_log",
        "_pieces",
        "_reference",
        "_request",
        "_target",
        "bytes_saved",
        "counts",
    )

    def __init__(
        self,
        pieces: list[Piece],
        action: Action,
        servers: tuple[Server, Server],
        request: Request,
        log: Log,
    ) -> None:
        """``servers``: the reference server and the one to work on."""
        self._pieces = pieces
        self._action = action
        self._reference, self._target = servers
        self._request = request
        self._log = log
        self._listed: tuple[str, list[str]] = "", []
        self.counts = no_counts()
        self.bytes_saved = 0

    def join(self) -> None:
        """Get ready to do pieces in a helper."""
        self._reference.packages.part()

    def collect(self) -> Outcome:
        """What came of them since the last time; 0 from now on."""
        outcome = self.counts, self.bytes_saved
        self.counts, self.bytes_saved = no_counts(), 0
        return outcome

    def do(self, number: int) -> None:
        """Do one; VserverError when the database cannot be read."""
        piece, log = self._pieces[number], self._log
        name, reference = piece.package, self._reference
        if piece.part == 0:
            package = f"{name}-{reference.packages.version(name)}"
            log.say(f"Unify pkg {package} from {reference.name} to {self._target.name}")
        log.detail(1, f"Loading files for package {name}")
        paths = self._paths(name)
        log.detail(1, "Done")
        for path in piece.of(paths):
            log.pause()
            if path in self._request.excluded:
                log.detail(1, f"Package {name} exclude {visible(path)}")
            else:
                self._file(path)

    def _paths(self, package: str) -> list[str]:
        """The files to share of a package, sorted; those of the last one are remembered."""
        if self._listed[0] != package:
            paths = sorted(self._reference.packages.shareable_files(package))
            self._listed = package, paths
        return self._listed[1]

    def _file(self, path: str) -> None:
        """Treat one file. Who changes it meanwhile gets a second chance to be done with that."""
        try:
            try:
                outcome = self._treat(path)
            except ChangedError:
                outcome = self._treat(path)
        except OSError as error:
            outcome = self._failed(error, path)
        self.counts[outcome] += 1
        self.bytes_saved += self._action.take_saved()
        if outcome == DIFFERENT or self._log.debug:
            self._tell(
                outcome, self._reference.tree.host_path(path), self._target.tree.host_path(path)
            )

    def _failed(self, error: OSError, path: str) -> str:
        """What became of a file by ``error``, which is told."""
        paths = self._reference.tree.host_path(path), self._target.tree.host_path(path)
        if isinstance(error, BusyError):
            return self._failure(f"File {error.filename} is open for writing, not unified")
        if isinstance(error, ChangedError):
            return self._failure(f"File {paths[1]} changed while reading, not unified")
        if error.errno == EXDEV:  # on another mount
            return SKIPPED
        if error.errno == EINVAL:
            self._log.notice(f"File {paths[1]} is no regular file, not unified")
            return SKIPPED
        return self._failure(
            f"Can't {self._action.verb} file {paths[0]} to {paths[1]} ({reason(error)})"
        )

    def _treat(self, path: str) -> str:
        outcome = self._action.glance(path)
        if outcome and outcome != ABSENT:
            return outcome
        source = self._reference.tree.open(path) if not outcome else None
        if source is None:
            if self._log.debug:
                where = self._reference.tree.host_path(path)
                self._log.detail(1, f"File {where} does not exist, ignored")
            return SKIPPED
        with source:
            return self._action(source)

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


def no_counts() -> dict[str, int]:
    """The number of files for each outcome."""
    return dict.fromkeys((LINKED, ALREADY, SKIPPED, DIFFERENT, FAILED), 0)
