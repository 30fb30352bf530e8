"""The one error that a user is expected to see."""

from __future__ import annotations


class VserverError(Exception):
    """Something that the user must be told in one line.

    ``text`` is the whole line without the final newline (the caller puts ``command: `` in
    front where the old tool did); ``status`` is the exit status, 1 or 255 by the contract
    of the command; ``remedy`` is an optional second line for the few failures everybody
    meets.
    """

    def __init__(self, text: str, status: int = 1, *, remedy: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.remedy = remedy


def incomplete(path: str) -> VserverError:
    """The error for a file of the package itself that is not there, to be raised."""
    return VserverError(f"{path} is missing", 255, remedy="install vserver again")


def reason(error: OSError) -> str:
    """What strerror(3) says about ``error``, as the old tools showed it in parentheses."""
    return error.strerror or str(error)
