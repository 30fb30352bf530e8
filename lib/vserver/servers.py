"""Which tree a command means by a server: a virtual server's name, or a directory."""

from __future__ import annotations

import os

from vserver import config
from vserver.errors import VserverError


def directory(server: str) -> str:
    """The directory of ``server``: itself if there is a slash in it, else VSERVERDIR (0.29).

    A name without a configuration is a directory in the vservers' root, or at last in the
    current one. VserverError (255) when it is none of that.
    """
    path = _candidate(server)
    if not path or not os.path.isdir(path):
        raise VserverError(f"Unknown vserver {server}", 255)
    return path


def new_directory(server: str) -> str:
    """Where the tree of the new ``server`` belongs; errors as ``directory``."""
    if "/" in server:
        return server
    if config.exists(server):
        return config.read(server)["VSERVERDIR"]
    if not config.valid_name(server):
        raise VserverError(f"Unknown vserver {server}", 255)
    return config.default_directory(server)


def _candidate(server: str) -> str:
    if "/" in server or config.exists(server):
        return new_directory(server)
    if config.valid_name(server) and os.path.isdir(path := config.default_directory(server)):
        return path
    return server
