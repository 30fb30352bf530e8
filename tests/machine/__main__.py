"""Prepare the package for the test hosts, and keep them."""

from __future__ import annotations

import os
import signal
import socket
import sys

TESTS = os.path.realpath(f"{__file__}/../..")
sys.path += [TESTS, os.path.dirname(TESTS) + "/lib"]

from machine import KEEPER_DIR, LAYER, REPOSITORY, STAGE, call, send  # noqa: E402
from machine.keeper import Keeper, sweep  # noqa: E402
from vserver.kernel import syscalls  # noqa: E402


def install_package() -> None:
    """`make install` into the layer between the machine's root and every test host's own."""
    os.makedirs("build", exist_ok=True)
    where = (f"IMAGE={KEEPER_DIR}/image", f"DESTDIR={LAYER}")
    call("flock", "build/.lock", "make", "-s", "build", "install", *where)
    copy_programs()
    for directory in ("/etc/vservers", "/etc/vservices", "/usr/lib/vserver"):
        os.makedirs(LAYER + directory, exist_ok=True)
        # nothing that the machine itself has there shall shine through
        os.setxattr(LAYER + directory, "trusted.overlay.opaque", b"y")


def copy_programs() -> None:
    """Put the programs that tests use, `listen`, `ask` and `attack`, on every test host.

    They are static: a guest can have copies.
    """
    target = f"{LAYER}/usr/local/bin"
    os.makedirs(target)
    for name, source in (("listen", "endpoint"), ("attack", "attack")):
        words = ("-static", "-Os", "-s", "-Wall", "-Wextra", "-o", f"{target}/{name}")
        call("gcc", *words, f"tests/programs/{source}.c")
    os.link(f"{target}/listen", f"{target}/ask")


def main() -> None:
    """Prepare the layer, say so, and serve."""
    os.chdir(REPOSITORY)
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end of the test run is what ends us
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sweep()
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)
    syscalls.mount("none", KEEPER_DIR, "tmpfs", 0, "mode=755")
    os.mkdir(LAYER)
    os.mkdir(STAGE)
    try:
        install_package()
    except RuntimeError as error:
        send(control, {"error": str(error)})
        return
    send(control, {"ready": True, "layer": LAYER})
    Keeper(control).serve()


if __name__ == "__main__":
    main()
