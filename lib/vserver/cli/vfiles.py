"""vfiles: the files of a server that cannot be shared with a reference server."""

from __future__ import annotations

import os
import sys

from vserver import servers
from vserver.cli import complain, namer
from vserver.cli.unifyoptions import Options
from vserver.cli.usage import usage
from vserver.moving import Listing
from vserver.packages import UNSUPPORTED
from vserver.unification import Server
from vserver.unifylog import Log

USAGE = """
vfiles [ options ] reference-server vserver

List the files of the vserver that another machine needs, beside an identical reference server,
to have this vserver as well: vunify makes all others again.

--debug               say on standard error where it is
--ignorelink          leave symbolic links out
--null                end each name with a null character, not a newline"""


def main() -> int:
    """Print the list; 255 when something cannot be read."""
    options = Options("vfiles", USAGE, ("--ignorelink", "--null"), ())
    if len(options.words) != 2:
        raise usage("vfiles", USAGE)
    reference, server = (Server(name, servers.directory(name)) for name in options.words)
    shown = namer()
    end = b"\0" if "--null" in options.switches else b"\n"

    def tell(path: str) -> None:
        try:
            sys.stdout.buffer.write(os.fsencode(shown(path)) + end)
        except OSError as error:
            raise _OutputError from error

    log = Log(complain, complain, lambda _files: None, options.debug)
    if not reference.packages.kind:
        log.warn(UNSUPPORTED)
    listing = Listing(reference, server, log, tell)
    listing.with_links = "--ignorelink" not in options.switches
    try:
        listing.list()
    except _OutputError as lost:
        raise lost.__cause__ or lost from None
    sys.stdout.buffer.flush()
    return 255 if log.failed else 0


class _OutputError(Exception):
    """The list cannot be written: that is no error of the file that comes next."""
