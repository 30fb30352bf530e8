"""distrib-info: package information on a virtual server, for any packaging system (0.26)."""

from __future__ import annotations

import sys

from vserver import packages, servers
from vserver.cli import complain, namer
from vserver.errors import VserverError
from vserver.kernel.rooted import Root
from vserver.packages import UNSUPPORTED

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vserver.packages import Package, Packages

    Lister = Callable[[Packages, Package], Iterable[str]]

USAGE = """\
distrib-info vserver-name command [ args ... ]
Commands are:
dumpfiles: every file of the packages, configuration and directories included
pkgversion: all packages with their version
unifiles: the files of the packages that virtual servers may share"""

FAILED = 1


def main() -> int:
    """Answer one request; 1 when anything could not be answered."""
    words = sys.argv[1:]
    if words == ["--help"]:
        raise VserverError(USAGE, 0)
    if len(words) < 2:
        raise VserverError(USAGE, FAILED)
    server, request, *names = words
    if request == "pkgversion":
        return _answer(server, _print_versions)
    if request not in LISTERS:
        raise VserverError(f"unknown request {request}", FAILED)
    if not names:
        raise VserverError(USAGE, FAILED)
    return _answer(server, lambda known: _print_files(known, names, LISTERS[request]))


def _answer(server: str, answer: Callable[[Packages], int]) -> int:
    """The status of ``answer`` to the packages of ``server``; every error has the status 1."""
    try:
        with Root.open_dir(servers.directory(server)) as root:
            known = packages.installed(root, server)
            if not known.kind:
                raise VserverError(UNSUPPORTED)
            return answer(known)
    except VserverError as error:
        raise VserverError(error.text, FAILED) from None


def _print_versions(known: Packages) -> int:
    shown = namer()
    for package in known.all():
        sys.stdout.write(shown(f"{package.name}={package.version}") + "\n")
    return 0


def _print_files(known: Packages, names: list[str], lister: Lister) -> int:
    status, shown = 0, namer()
    for name in names:
        found = known.find(name)
        if not found:
            complain(f"package {name} is not installed")
            status = FAILED
        for package in found:
            for path in lister(known, package):
                sys.stdout.write(shown(path) + "\n")
    return status


def _all_files(known: Packages, package: Package) -> list[str]:
    return [file.path for file in known.records(package)]


def _shareable_files(known: Packages, package: Package) -> list[str]:
    return known.shareable(package)


LISTERS: dict[str, Lister] = {"dumpfiles": _all_files, "unifiles": _shareable_files}
