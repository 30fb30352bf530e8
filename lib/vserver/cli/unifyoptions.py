"""What vunify, vbuild and vfiles have in common: options, messages, and how they are stopped."""

from __future__ import annotations

import os
import sys
import time
from _signal import SIG_IGN, SIGHUP, SIGINT, SIGIO, SIGTERM, signal

from vserver import VERSION
from vserver.cli import complain, say
from vserver.cli.usage import usage
from vserver.errors import VserverError
from vserver.kernel import caps
from vserver.unify import METHODS, Wish
from vserver.unifylog import Log

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

METHOD_VARIABLE = "VSERVER_UNIFY_METHOD"

FLAG_USAGE = f"""\
--noflags             neither of the flags below: links without protection
--immutable           what is shared cannot be changed (default)
--immutable-mayunlink  what is shared can be removed and replaced in each vserver (default)
--method METHOD       share by {", ".join(METHODS)} and by nothing else, or auto"""

_PROGRESS_INTERVAL = 0.2  # seconds
_PROGRESS_FILES = 64  # so often at most the time is looked at


class Options:
    """The options before the reference server. ``words`` is what follows them."""

    def __init__(self, name: str, text: str, switches: tuple[str, ...], lists: tuple[str, ...]):
        """``switches`` and ``lists`` are the command's own options, without and with an argument.

        VserverError: the usage for --help, one line for what is no option or lacks its argument.
        """
        self.name = name
        self.usage = text
        self.debug = 0
        self.switches: set[str] = set()
        self.lists: dict[str, list[str]] = {option: [] for option in lists}
        self.immutable = self.may_unlink = True
        self.words = sys.argv[1:]
        self._allowed = switches
        while self.words and self.words[0].startswith("-") and self.words[0] != "--":
            self._take(self.words.pop(0))

    def _take(self, word: str) -> None:
        if word == "--help":
            raise usage(self.name, self.usage, 0)
        if word == "--version":
            raise VserverError(f"{self.name} version {VERSION}", 0)
        if word == "--debug":
            self.debug += 1
        elif word in self.lists:
            if not self.words:
                raise usage(self.name, self.usage)
            self.lists[word].append(self.words.pop(0))
        elif word in self._allowed:
            self.switches.add(word)
            self._take_flag(word)
        else:
            complain(f"Invalid option {word}")
            raise usage(self.name, self.usage)

    def _take_flag(self, word: str) -> None:
        if word == "--noflags":
            self.immutable = self.may_unlink = False
        elif word == "--immutable":
            self.immutable = True
        elif word == "--immutable-mayunlink":
            self.may_unlink = True

    def wish(self) -> Wish:
        """How files are to be shared; VserverError (255) for an unknown method."""
        method = (self.lists["--method"] or [os.environ.get(METHOD_VARIABLE, "auto")])[-1]
        if method not in (*METHODS, "auto"):
            raise VserverError(f"Invalid method {method}", 255)
        known = "" if method == "auto" else method
        return Wish(known, immutable=self.immutable, may_unlink=self.may_unlink)


def require_rights(name: str) -> None:
    """VserverError (255) unless the caller is root and may change immutable files."""
    if os.geteuid() != 0:
        raise VserverError(f"{name}: only root can do that", 255)
    effective, _permitted, _inheritable = caps.own_sets()
    if not effective & caps.mask("LINUX_IMMUTABLE"):
        raise VserverError(f"{name}: CAP_LINUX_IMMUTABLE is required", 255)


class Run:
    """A run that can be stopped between two files, and that shows progress on a terminal.

    ``saved`` tells how many bytes are on the disk once less.
    """

    def __init__(self, options: Options) -> None:
        """Signals that end the run wait for the file in hand from now on."""
        self._name = options.name
        self._stopped = False
        self._files = 0
        self._next = _PROGRESS_FILES
        self._began = time.monotonic()
        self._shown = 0.0
        self.saved: Callable[[], int] = lambda: 0
        self._is_watched = sys.stderr.isatty() and not options.debug
        self.log = Log(self._say, self._complain, self._pause, options.debug, lambda: self._stopped)
        signal(SIGIO, SIG_IGN)  # somebody waits for a file that is being linked
        for number in (SIGINT, SIGTERM, SIGHUP):
            signal(number, self._stop)

    @property
    def status(self) -> int:
        """255 when anything failed."""
        return 255 if self.log.failed else 0

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopped = True

    def _pause(self, files: int = 1, *, may_end: bool = True) -> None:
        if self._stopped and may_end:
            self._wipe()
            text = f"{self._name}: interrupted after {self._progress()}; run it again to finish"
            raise VserverError(text, 255)
        self._files += files
        if self._is_watched and self._files >= self._next:
            self._next = self._files + _PROGRESS_FILES
            self._show()

    def _show(self) -> None:
        now = time.monotonic()
        if now - self._shown >= _PROGRESS_INTERVAL:
            self._shown = now
            rate = self._files / (now - self._began)
            text = f"{self._name}: {self._progress()}, {rate:.0f} files/s"
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()

    def _progress(self) -> str:
        saved = self.saved()
        return f"{self._files} files" + (f", {saved >> 20} MiB saved" if saved else "")

    def _wipe(self) -> None:
        if self._shown:
            self._shown = 0.0
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def _say(self, text: str) -> None:
        self._wipe()
        say(text)

    def _complain(self, text: str) -> None:
        self._wipe()
        complain(text)

    def finish(self) -> int:
        """Take the progress off the terminal; the exit status."""
        self._wipe()
        return self.status
