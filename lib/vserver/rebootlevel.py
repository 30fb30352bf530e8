"""What the run level of a guest with an init of its own (fakeinit) asks for.

reboot, halt and shutdown of sysvinit have init go to run level 6 or 0, whose scripts end with
reboot(2). That is refused in a guest: init stays there, with no other process.
"""

from __future__ import annotations

from vserver import guestlock
from vserver.kernel import cgroup, context, utmp
from vserver.kernel.rooted import Root
from vserver.rebootchannel import RESTART, STOP

LOOK_SECONDS = 2.0
SCRIPT_SECONDS = 300.0  # what the scripts of the run level get
STILL_SECONDS = 30.0  # without a process that comes or goes: what is left is no script
_LEVELS = {"6": RESTART, "0": STOP}
_RECORD = "var/run/utmp"


class OwnInit:
    """Guest ``name`` in its context ``number``, to be looked at every LOOK_SECONDS."""

    __slots__ = ("_began", "_changed", "_directory", "_members", "_name", "_number", "_seen")

    def __init__(self, name: str, number: int, directory: str) -> None:
        self._name = name
        self._number = number
        self._directory = directory
        self._seen = (0, 0)  # the record that says nothing of interest: its inode and time
        self._began = self._changed = 0.0
        self._members: list[int] | None = None

    def request(self, now: float) -> str:
        """RESTART or STOP once the guest has shut itself down, else empty.

        Not while a command stops it. ProcessLookupError when the context has ended.
        """
        command = self._command()
        if not command:
            return ""
        if context.name_of(self._number) != self._name or not self._lives():
            raise ProcessLookupError
        if guestlock.is_held(self._name):
            self._began = 0.0
            return ""
        return command if self._is_down(now) else ""

    def _is_down(self, now: float) -> bool:
        """Have the scripts ended? There may be services that they leave alone."""
        self._began = self._began or now
        members = sorted(context.services(self._number))
        if members != self._members:
            self._members, self._changed = members, now
        still = now - self._changed
        return (
            still >= STILL_SECONDS
            or (still > 0 and not members)
            or now - self._began > SCRIPT_SECONDS
        )

    def _lives(self) -> bool:
        return cgroup.is_populated(context.directory(self._number))

    def _command(self) -> str:
        """What the recorded run level asks for. The file is the guest's: errors are its loss."""
        try:
            with Root.open_dir(self._directory) as root:
                state = root.stat(_RECORD)
                place = state.st_ino, state.st_mtime_ns
                if place == self._seen:
                    return ""
                level = utmp.run_level(root.read(_RECORD))
        except OSError:
            return ""
        command = _LEVELS.get(level, "")
        self._seen = (0, 0) if command else place
        return command


def own_init(name: str, number: int, directory: str) -> OwnInit | None:
    """What is to be looked at for guest ``name``, running in context ``number`` if it is not 0;
    None when it has no init of its own there."""
    init = context.init_of(number) if number else None
    if init is None or not init.is_guest or context.name_of(number) != name:
        return None
    return OwnInit(name, number, directory)
