"""A unification by two processes: each does some pieces, one speaks and counts for both."""

from __future__ import annotations

import os

from vserver.errors import VserverError
from vserver.kernel.sharedwork import NO_OTHERS, SharedWork, Turns
from vserver.unifylog import Record

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from vserver.unify import Sharer
    from vserver.unifylock import UnifyLock
    from vserver.unifylog import Log, Message

    class Work(Protocol):
        """What is to be done, in pieces that are numbered from 0."""

        def join(self) -> None:
            """Get ready to do pieces as a helper."""

        def do(self, number: int) -> None:
            """Do a piece."""

        def collect(self) -> Any:
            """What came of them since the last time, for marshal."""

    # what is said, number of files, outcome, directories with changes, what ends the run
    Report = tuple[list[Message], int, Any, list[str], tuple[str, int] | None]


class Team:
    """This process and, while there is something to do, a helper."""

    __slots__ = ("_lock", "_log", "_sharer")

    def __init__(self, sharer: Sharer, lock: UnifyLock, log: Log) -> None:
        self._sharer = sharer
        self._lock = lock
        self._log = log

    def do(self, count: int, work: Work, take: Callable[[Any], None]) -> None:
        """Do all of ``work``, which has ``count`` pieces. What is said comes in their order.

        ``take`` is told what was collected after each. VserverError when it is stopped, or when
        a piece cannot be done.
        """
        turns = self._sharer.turns = Turns()
        shared = SharedWork(
            count,
            lambda number: self._report(work, number),
            self._log.is_stopped,
            lambda: self._join(work),
            self._clean_up,
        )
        try:
            for report in shared.results():
                self._take(report, take)
        finally:
            for report in shared.end():
                self._take(report, take)
            self._sharer.turns = NO_OTHERS
            turns.close()
        self._log.pause(0)

    def _join(self, work: Work) -> None:
        self._lock.join()
        work.join()

    def _clean_up(self) -> None:
        """Remove what a helper has left that was killed, before who is left does its piece."""
        self._lock.clean_up()
        os.sync()  # nobody knows what it has changed
        self._log.warn("A helper process ended unexpectedly, its work was done again")

    def _report(self, work: Work, number: int) -> Report:
        """Do a piece, in either process, and tell what came of it."""
        failure = None
        with Record(self._log) as record:
            try:
                work.do(number)
            except VserverError as error:
                failure = error.text, error.status
        changes = self._sharer.target.take_changes()
        return record.messages, record.files, work.collect(), changes, failure

    def _take(self, report: Report, take: Callable[[Any], None]) -> None:
        messages, files, outcome, changes, failure = report
        self._log.replay(messages)
        take(outcome)
        for directory in changes:
            self._sharer.target.note_change(directory)
        self._log.count(files)
        if failure:
            raise VserverError(*failure)
