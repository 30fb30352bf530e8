"""The directory above a guest's tree, whose mode 000 keeps other guests out (0.10)."""

from __future__ import annotations

import os

_LINE = "*" * 58


def warning(vserverdir: str) -> str:
    """What to tell the administrator about the directory above ``vserverdir``.

    Empty when its mode is 000. Nothing is changed: it is the administrator's directory.
    """
    if os.stat(f"{vserverdir}/..").st_mode & 0o777 == 0:
        return ""
    return (
        f"\n{_LINE}\n"
        f"{vserverdir}/.. has insecure permissions.\n"
        "A vserver administrator may be able to visit the root server.\n"
        "To fix this, do\n"
        f"\t chmod 000 {vserverdir}/..\n"
        "do it anytime you want, even if vservers are running.\n"
        f"{_LINE}\n"
    )
