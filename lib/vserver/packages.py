"""What package systems know of a virtual server: the one place that reads their databases (0.26).

RPM and DEB databases are read from the root server; no program of the virtual server runs,
and nothing is written into its tree. A database is the virtual server's own and may lie: what
it says of a file has to be seen on the disk.
"""

from __future__ import annotations

import posixpath
from stat import S_ISREG

from vserver.errors import VserverError, reason
from vserver.kernel.rooted import READ_LIMIT

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterable

    from vserver.kernel.rooted import Root

RPM, DEB, NONE = "rpm", "deb", ""
UNSUPPORTED = "Distribution not supported yet"

# where rpm keeps its database, then what the database itself is called
_RPM_DIRECTORIES = ("usr/lib/sysimage/rpm", "var/lib/rpm")
_RPM_DATABASES = ("Packages", "Packages.db", "rpmdb.sqlite")
_DPKG_STATUS = "var/lib/dpkg/status"
_RPM_RELEASES = (
    "etc/redhat-release",
    "etc/mandrake-release",
    "etc/fedora-release",
    "etc/SuSE-release",
)

# never shared by virtual servers, whatever the package says (0.22, 0.31)
_OWN_FILES = {RPM: ("/etc/", "/var/log/"), DEB: ("/etc/", "/var/")}


class Package:
    """A package that is installed completely. ``version`` has the release in it.

    ``epoch`` is empty where there is none or ``version`` has it (DEB).
    """

    __slots__ = ("arch", "epoch", "name", "version")

    def __init__(self, name: str, version: str, arch: str = "", epoch: str = "") -> None:
        self.name = name
        self.version = version
        self.arch = arch
        self.epoch = epoch

    @property
    def identity(self) -> tuple[str, str, str]:
        """What must be equal in two servers for the package to be the same."""
        return self.epoch, self.version, self.arch

    def is_meant_by(self, argument: str) -> bool:
        """Whether ``argument`` is the name, or name and version, with or without the arch."""
        names = (self.name, f"{self.name}:{self.arch}")
        versions = (f"-{self.version}", f"={self.version}")
        exact = {*names, *(name + version for name in names for version in versions)}
        return argument in exact or argument.removesuffix(f".{self.arch}") in exact


class File:
    """A file as its package recorded it. Empty or 0 is what the database does not tell.

    ``mode`` is as of stat(2); ``digest`` in hexadecimal digits, by algorithm ``algorithm`` of
    hashlib; ``link`` what a symbolic link says. ``unverified`` are the flags of rpmvf.h that
    the package took out of verification, ``RPMVERIFY_*``.
    """

    __slots__ = (
        "algorithm",
        "capabilities",
        "device",
        "digest",
        "group",
        "is_configuration",
        "is_documentation",
        "is_ghost",
        "link",
        "mode",
        "mtime",
        "path",
        "size",
        "unverified",
        "user",
    )

    def __init__(self, path: str, mode: int = 0) -> None:
        self.path = path
        self.mode = mode
        self.size = self.mtime = self.device = self.unverified = 0
        self.digest = self.algorithm = self.user = self.group = ""
        self.link = self.capabilities = ""
        self.is_configuration = self.is_documentation = self.is_ghost = False


class Packages:
    """The packages of one virtual server. This class: those of a server without a database.

    A package name may have several instances (kernels, architectures): what is asked by name
    is about all of them. Files are read from the database when they are asked for; an
    unreadable database is a VserverError then, too.
    """

    kind = NONE

    def __init__(self, packages: Iterable[Package] = ()) -> None:
        self._instances: dict[str, list[Package]] = {}
        for package in sorted(packages, key=lambda one: (one.name, one.version, one.arch)):
            self._instances.setdefault(package.name, []).append(package)

    def names(self) -> list[str]:
        """The names of all installed packages, sorted."""
        return list(self._instances)

    def all(self) -> list[Package]:
        """All instances of all packages, sorted."""
        return [one for instances in self._instances.values() for one in instances]

    def instances(self, name: str) -> list[Package]:
        """The instances of package ``name``, none when it is not installed."""
        return self._instances.get(name, [])

    def version(self, name: str) -> str:
        """The version and release of package ``name``; of all instances, with commas between."""
        return ",".join(package.version for package in self._instances[name])

    def find(self, argument: str) -> list[Package]:
        """What is meant by a name, or by NAME-VERSION, NAME=VERSION, with .ARCH or :ARCH."""
        if argument in self._instances:
            return self._instances[argument]
        return [
            package
            for name, instances in self._instances.items()
            if argument.startswith(name)
            for package in instances
            if package.is_meant_by(argument)
        ]

    def sizes(self, names: list[str]) -> list[int]:
        """How long the lists of the files of packages are, in bytes; 0 where nothing tells."""
        return [0] * len(names)

    def part(self) -> None:
        """Get ready to be used in a child while its parent uses them, too."""

    def records(self, package: Package) -> list[File]:
        """The files that ``package`` owns, directories included."""
        raise NotImplementedError

    def files(self, name: str) -> list[str]:
        """The paths of all files of package ``name``, directories included."""
        return [file.path for file in self._records_of(name)]

    def configuration_files(self, name: str) -> set[str]:
        """The paths of the configuration files of package ``name`` (0.4)."""
        return {file.path for file in self._records_of(name) if file.is_configuration}

    def shareable_files(self, name: str) -> list[str]:
        """The paths of the files of package ``name`` that servers may share."""
        return [path for one in self._instances[name] for path in self.shareable(one)]

    def shareable(self, package: Package) -> list[str]:
        """The paths of the files of ``package`` that virtual servers may share.

        Regular files by what the package says, no configuration, nothing that the package
        declares changeable, nothing below /etc and /var/log, and with DEB, which does not tell
        what changes, nothing below /var (0.4, 0.6, 0.22, 0.31).
        """
        return [
            file.path
            for file in self.regular(package)
            if not (file.is_configuration or file.is_ghost or self._changes(file))
            and self._is_shareable(file.path)
        ]

    def _is_shareable(self, path: str) -> bool:
        return not path.startswith(_OWN_FILES[self.kind]) and is_plain_path(path)

    def regular(self, package: Package) -> list[File]:
        """The regular files among the records of ``package``."""
        return [file for file in self.records(package) if S_ISREG(file.mode)]

    def _changes(self, file: File) -> bool:
        """Whether the package expects the content of ``file`` to change."""
        return False

    def _records_of(self, name: str) -> list[File]:
        return [file for one in self._instances[name] for file in self.records(one)]


def is_plain_path(path: str) -> bool:
    """Whether a path of a database is absolute and says what it means."""
    return path.startswith("/") and posixpath.normpath(path) == path


def installed(root: Root, server: str = "") -> Packages:
    """The packages of the virtual server at ``root``; ``kind`` is empty without a database.

    ``root`` has to stay open as long as files are asked for. ``server`` is what it is called
    in messages. VserverError (255) when there is a database that cannot be read.
    """
    with reading(server):
        directory = rpm_directory(root)
        has_dpkg = root.is_file(_DPKG_STATUS)
        if directory and not (has_dpkg and _is_debian(root)):
            from vserver.rpmdb import RpmPackages

            return RpmPackages(root, directory, server)
        if has_dpkg:
            from vserver.dpkgdb import DebPackages

            return DebPackages(root, server)
    return Packages()


class reading:  # noqa: N801 - a ``with`` block, as contextlib's
    """What cannot be read inside becomes a VserverError (255) about the database of ``server``."""

    __slots__ = ("_server",)

    def __init__(self, server: str) -> None:
        self._server = server

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, OSError):
            of_server = f" of {self._server}" if self._server else ""
            text = f"Can't read package database{of_server} ({reason(error)})"
            raise VserverError(text, 255) from None


def rpm_directory(root: Root) -> str:
    """The directory of the RPM database, empty when there is none."""
    for directory in _RPM_DIRECTORIES:
        if any(root.is_file(f"{directory}/{name}") for name in _RPM_DATABASES):
            return directory
    return ""


def _is_debian(root: Root) -> bool:
    """Which package system is the server's own, where there is a database of both."""
    if root.is_file("etc/debian_version"):
        return True
    if any(root.is_file(release) for release in _RPM_RELEASES):
        return False
    if not root.is_file("etc/os-release"):
        return False
    text = root.read("etc/os-release", READ_LIMIT).decode("utf-8", "replace")
    words = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    likes = f"{words.get('ID', '')} {words.get('ID_LIKE', '')}".replace('"', " ").split()
    return "debian" in likes
