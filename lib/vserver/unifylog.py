"""How a unification speaks, is stopped, and what is said of the part that a helper does."""

from __future__ import annotations

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Message = tuple[str, str, str]

_SAY, _NOTICE, _WARN = "say", "notice", "warn"


class StoppedError(Exception):
    """The run is to end between two files."""


class Log:
    """How a unification speaks, and what has come of it.

    ``say`` gets what is to be read, ``complain`` what failed (``failed`` remembers that), and
    ``debug`` is the level up to which details are said. ``pause`` is called with the number of
    files to come: it shows progress, and raises what is to end the run there unless it is told
    ``may_end=False``. ``is_stopped`` tells whether it would raise.
    """

    __slots__ = (
        "_complain",
        "_noticed",
        "_pause",
        "_record",
        "_say",
        "debug",
        "failed",
        "is_stopped",
    )

    def __init__(
        self,
        say: Callable[[str], None],
        complain: Callable[[str], None],
        pause: Callable[..., None],
        debug: int = 0,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._say = say
        self._complain = complain
        self._noticed: set[str] = set()
        self._pause = pause
        self._record: Record | None = None
        self.debug = debug
        self.failed = False
        self.is_stopped = is_stopped

    def say(self, text: str) -> None:
        """Say what is to be read in any case."""
        self._tell(_SAY, text)

    def detail(self, level: int, text: str) -> None:
        """Say what is only for who wants to know that much."""
        if self.debug >= level:
            self._tell(_SAY, text)

    def notice(self, text: str) -> None:
        """Say what is no failure beside the failures."""
        self._tell(_NOTICE, text)

    def notice_once(self, text: str) -> None:
        """Say it the first time only."""
        self._tell(_NOTICE, text, text)

    def warn(self, text: str) -> None:
        """Say that something failed; the run goes on."""
        self._tell(_WARN, text)

    def warn_once(self, text: str, subject: str) -> None:
        """Say it if nothing has been said of ``subject`` before."""
        self._tell(_WARN, text, subject)

    def pause(self, files: int = 1) -> None:
        """To be called between two files, with the number of those to come."""
        if not self._record:
            self._pause(files)
        elif self.is_stopped():
            raise StoppedError
        else:
            self._record.files += files

    def count(self, files: int) -> None:
        """Show progress by ``files`` that are done."""
        self._pause(files, may_end=False)

    def replay(self, messages: Iterable[Message]) -> None:
        """Say what was recorded."""
        for message in messages:
            self._tell(*message)

    def _tell(self, kind: str, text: str, subject: str = "") -> None:
        if self._record:
            self._record.messages.append((kind, text, subject))
            return
        if subject:
            if subject in self._noticed:
                return
            self._noticed.add(subject)
        if kind == _WARN:
            self.failed = True
        (self._say if kind == _SAY else self._complain)(text)


class Record:
    """A block in which a log speaks to nobody: what is said, and the number of files.

    It ends silently between two files when the run is stopped.
    """

    __slots__ = ("_log", "files", "messages")

    def __init__(self, log: Log) -> None:
        self._log = log
        self.messages: list[Message] = []
        self.files = 0

    def __enter__(self) -> Record:
        self._log._record = self
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> bool:
        self._log._record = None
        return isinstance(error, StoppedError)
