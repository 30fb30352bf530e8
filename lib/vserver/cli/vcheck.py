"""vcheck: virtual servers against the package database of a reference server."""

from __future__ import annotations

from vserver import packages, servers, verification
from vserver.cli import complain, say
from vserver.cli.unifyoptions import Options
from vserver.cli.usage import usage
from vserver.errors import VserverError, reason
from vserver.kernel.rooted import Root
from vserver.messages import visible
from vserver.verification import Verifier

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.packages import Packages

USAGE = """
vcheck [ options ] reference-server chk-vserver ...

Check vservers by what the package database of the reference server says. No program of any
vserver is run.

--diffpkgs   show which packages one has and the other has not, or in another version
--verify     check the files of the packages that both have, as rpm -V does
--debug      say what is done"""

SWITCHES = ("--diffpkgs", "--diffpkg", "--verify")

CLEAN, DIFFERENT, FAILED = 0, 1, 255


def main() -> int:
    """Check each server; 1 when anything differs, 255 when anything failed."""
    options = Options("vcheck", USAGE, SWITCHES, ())
    names = [word for word in options.words if word != "--"]
    if len(names) < 2:
        raise usage("vcheck", USAGE)
    if not options.switches:
        complain("Nothing to do !!!\n")
        raise usage("vcheck", USAGE)
    reference = Server(names[0])
    statuses = []
    for name in names[1:]:
        if len(names) > 2:
            say(f"Server {name}:")
        try:
            statuses.append(_check(options, reference, Server(name)))
        except VserverError as error:
            complain(error.text)
            statuses.append(FAILED)
    return max(statuses)


class Server:
    """A server: what the command line calls it, its tree and its packages."""

    def __init__(self, name: str) -> None:
        """VserverError (255): there is no such server, or no package database in it."""
        self.name = name
        directory = servers.directory(name)
        try:
            self.root = Root.open_dir(directory)
        except OSError as error:
            text = f"Can't open directory {directory} ({reason(error)})"
            raise VserverError(text, FAILED) from None
        self.packages: Packages = packages.installed(self.root, name)
        if not self.packages.kind:
            raise VserverError(f"{name}: {packages.UNSUPPORTED}", FAILED)


def _check(options: Options, reference: Server, checked: Server) -> int:
    status = CLEAN
    if options.switches - {"--verify"}:
        status = _show_differences(reference, checked)
    if "--verify" in options.switches:
        status |= _verify(reference, checked, debug=bool(options.debug))
    checked.root.close()
    return status


def _show_differences(reference: Server, checked: Server) -> int:
    status = CLEAN
    for mark, name in verification.differences(reference.packages, checked.packages):
        say(f"{mark} {visible(name)}")
        status = DIFFERENT
    return status


def _verify(reference: Server, checked: Server, *, debug: bool) -> int:
    status = CLEAN
    common, rest = verification.split(reference.packages, checked.packages)
    for package in rest:
        complain(visible(f"{package.name}-{package.version} not verified"))
        status = DIFFERENT
    verifier = Verifier(reference.root, checked.root)
    for package in common:
        if debug:
            say(f"Verifying {package.name}-{package.version}")
        for file in reference.packages.records(package):
            if line := verifier.verify(file):
                say(line)
                status = DIFFERENT
    return status
