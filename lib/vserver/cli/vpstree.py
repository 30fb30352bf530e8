"""vpstree: the tree of all processes of the machine, by pstree in context 1."""

from __future__ import annotations

import sys

from vserver.observer import become_observer


def main() -> int:
    """Become pstree with all our arguments."""
    become_observer(["pstree", *sys.argv[1:]])
