"""The state directory, in which only root has something to read, to write or to lock."""

from __future__ import annotations

import os

from vserver.paths import STATE_DIR, STATE_DIR_ALIAS


def make() -> None:
    """Make the state directory, closed to others, and its other spelling (0.22)."""
    try:
        os.mkdir(STATE_DIR, 0o700)
    except FileExistsError:
        return
    if not os.path.lexists(STATE_DIR_ALIAS):
        os.symlink(os.path.basename(STATE_DIR), STATE_DIR_ALIAS)
