"""vtop: the busiest of all processes of the machine, by top in context 1."""

from __future__ import annotations

import sys

from vserver.observer import become_observer


def main() -> int:
    """Become top with all our arguments."""
    become_observer(["top", *sys.argv[1:]])
