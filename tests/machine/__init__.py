"""The far side of a test host: what runs as root between the real machine and the test.

Started once per test run by testhost.py as `python3 -IS machine/__main__.py FD`. This process,
the keeper, installs the package into a tmpfs that nobody else sees and then makes machines
on request: it clones a maker into a cgroup of its own, the maker leaves all namespaces,
mounts the machine's root, and clones process 1 of the new machine, which then runs commands
for the test until it is killed. Everything dies with these processes: no mount and no
interface of theirs ever exists in the namespaces of the real machine.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any

REPOSITORY = os.path.realpath(f"{__file__}/../../..")
KEEPER_DIR = "/mnt"  # exists everywhere; covered by our tmpfs in the keeper's mount namespace only
LAYER = KEEPER_DIR + "/layer"
STAGE = KEEPER_DIR + "/machine"
V1_CONTROLLERS = ("cpu", "cpuacct", "devices", "freezer", "memory", "pids")

Request = dict[str, Any]


def send(sock: socket.socket, message: Request, fds: list[int] | None = None) -> None:
    """Send one message with the descriptors ``fds``."""
    socket.send_fds(sock, [json.dumps(message).encode()], fds or [])


def receive(sock: socket.socket) -> tuple[Request, list[int]] | None:
    """The next message and its descriptors; None when the other side has gone."""
    data, fds, _flags, _address = socket.recv_fds(sock, 1 << 20, 8)
    return (json.loads(data), fds) if data else None


def call(*argv: str) -> None:
    """Run a program to its end; RuntimeError when it fails."""
    _pid, status = os.waitpid(os.posix_spawnp(argv[0], argv, os.environ), 0)
    if status:
        raise RuntimeError(f"{' '.join(argv)}: status {os.waitstatus_to_exitcode(status)}")


def write(path: str, text: str) -> None:
    """Write ``text`` to ``path``."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
