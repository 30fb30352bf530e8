"""vdu: how much disk space directories occupy for themselves, without what they share."""

from __future__ import annotations

from vserver.cli import complain, namer, say
from vserver.cli.usage import operands, usage
from vserver.errors import reason
from vserver.kernel import diskusage
from vserver.messages import visible

USAGE = """
vdu directory ...

Print the size of the files below each directory that have one name only, in kilobytes."""


def main() -> int:
    """Print a line for each directory; 255 when anything could not be read."""
    directories = operands("vdu", USAGE)
    if not directories:
        raise usage("vdu", USAGE)
    status = 0
    shown = namer()

    def failed(path: str, error: OSError) -> None:
        nonlocal status
        complain(f"Can't open directory {visible(path)} ({reason(error)})")
        status = 255

    for directory in directories:
        try:
            size = diskusage.unshared_bytes(directory, failed)
        except OSError as error:
            failed(directory, error)
        else:
            say(f"{shown(directory)}\t{size // 1024}K")
    return status
