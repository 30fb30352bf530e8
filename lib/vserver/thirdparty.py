"""The distribution's Python packages, which the programs start without (see CONTRIBUTING)."""

from __future__ import annotations

import sys

_SUFFIXES = ("site-packages", "dist-packages")


def enable() -> None:
    """Make the packages that the distribution installed importable, once.

    The programs run with ``-S``, since looking through site-packages takes 2 ms that most
    of them do not need.
    """
    if any(folder.endswith(_SUFFIXES) for folder in sys.path):
        return
    import site

    site.addsitepackages(None)
