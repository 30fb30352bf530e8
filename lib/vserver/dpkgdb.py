"""The database of dpkg, read from the files in /var/lib/dpkg of a virtual server's tree.

The formats: deb-control(5), dpkg-divert(1), and the files in info/ as dpkg writes them.
"""

from __future__ import annotations

import os
from stat import S_ISREG

from vserver.kernel.rooted import Descriptor
from vserver.packages import DEB, File, Package, Packages, reading

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vserver.kernel.rooted import Root

_DATABASE = "var/lib/dpkg"
_INFO = f"{_DATABASE}/info"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
_INSTALLED = " ok installed"  # the first word is what is wanted: install, or hold
_LIMIT = 64 << 20
_MD5_DIGITS = 32


class DebPackages(Packages):
    """The packages of a virtual server with dpkg."""

    kind = DEB

    def __init__(self, root: Root, server: str) -> None:
        """OSError when the status file cannot be read."""
        self._root = root
        self._server = server
        self._conffiles: dict[str, dict[str, str]] = {}  # by package name: path, digest
        self._files: frozenset[str] | None = None  # the names in info/
        status = _text(root, "status")
        self._native = _native_architecture(root, status)
        self._diversions = _read_diversions(root)
        super().__init__(self._read_status(status))

    def _read_status(self, status: str) -> Iterator[Package]:
        for fields in _paragraphs(status):
            if not fields.get("Status", "").endswith(_INSTALLED) or "Package" not in fields:
                continue
            arch = fields.get("Architecture", "")
            foreign = arch not in ("all", self._native)
            name = f"{fields['Package']}:{arch}" if foreign else fields["Package"]
            self._conffiles[name] = _conffiles(fields.get("Conffiles", ""))
            yield Package(name, fields.get("Version", ""), arch)

    def sizes(self, names: list[str]) -> list[int]:
        """As of Packages."""
        with reading(self._server), Descriptor(self._root.open(_INFO, _DIRECTORY)) as info:
            return [
                sum(_size(info, self._file(one, "list")) for one in self.instances(name))
                for name in names
            ]

    def records(self, package: Package) -> list[File]:
        """The files of ``package`` under the names they have after diversions."""
        with reading(self._server):
            digests = self._digests(package)
            own = self._own(package)
            paths = [path for path in self._lines(package, "list") if path != "/."]
        files = []
        for path in paths:
            file = File(self._diverted(package, path))
            file.is_configuration = path in own
            if digest := digests.get(path):
                file.digest, file.algorithm = digest, "md5"
            files.append(file)
        return files

    def regular(self, package: Package) -> list[File]:
        """The files that have a digest; of a package without digests those that are files."""
        files = self.records(package)
        if any(file.digest and not file.is_configuration for file in files):
            return [file for file in files if file.digest]
        with reading(self._server):
            return [file for file in files if S_ISREG(self._root.mode(file.path, follow=False))]

    def shareable(self, package: Package) -> list[str]:
        """As of Packages; without a record for each file where the package has digests."""
        with reading(self._server):
            digests, own = self._digests(package), self._own(package)
            paths = self._lines(package, "list")
        files = [path for path in paths if path in digests and path not in own]
        if not files:
            return super().shareable(package)
        return [path for path in self._all_diverted(package, files) if self._is_shareable(path)]

    def _all_diverted(self, package: Package, paths: list[str]) -> Iterable[str]:
        if self._diversions.keys().isdisjoint(paths):
            return paths
        return (self._diverted(package, path) for path in paths)

    def _diverted(self, package: Package, path: str) -> str:
        other, owner = self._diversions.get(path, (path, package.name))
        return path if owner == package.name.partition(":")[0] else other

    def _own(self, package: Package) -> set[str]:
        """The paths of the configuration files."""
        return {*self._conffiles[package.name], *self._lines(package, "conffiles")}

    def _digests(self, package: Package) -> dict[str, str]:
        """The digests of the files by their path; a new conffile has none yet."""
        lines = [line.partition("  ") for line in self._lines(package, "md5sums")]
        digests = {f"/{path}": digest for digest, _, path in lines if len(digest) == _MD5_DIGITS}
        for path, digest in self._conffiles[package.name].items():
            if len(digest) == _MD5_DIGITS:
                digests[path] = digest
        return digests

    def _lines(self, package: Package, kind: str) -> list[str]:
        """The lines of a file in info/, none when it is not there."""
        name = self._file(package, kind)
        try:
            return _text(self._root, f"info/{name}").splitlines() if name else []
        except FileNotFoundError:
            return []

    def _file(self, package: Package, kind: str) -> str:
        """The name of a file in info/, empty when there is none."""
        if self._files is None:
            self._files = frozenset(self._root.names(_INFO))
        stem = package.name.partition(":")[0]
        names = (f"{stem}:{package.arch}.{kind}", f"{stem}.{kind}")
        return next((name for name in names if name in self._files), "")


def _size(directory: int, name: str) -> int:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False).st_size if name else 0
    except FileNotFoundError:
        return 0


def _text(root: Root, name: str) -> str:
    return root.read(f"{_DATABASE}/{name}", _LIMIT).decode("utf-8", "surrogateescape")


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    """The paragraphs of a control file; lines that go on are joined with newlines."""
    for paragraph in text.split("\n\n"):
        fields: dict[str, str] = {}
        field = ""
        for line in paragraph.split("\n"):
            if line.startswith((" ", "\t")):
                if field:
                    fields[field] += f"\n{line.strip()}"
            else:
                field, _, value = line.partition(":")
                fields[field] = value.strip()
        yield fields


def _conffiles(value: str) -> dict[str, str]:
    """Path and digest of the configuration files, without those of older versions."""
    found = {}
    for line in value.splitlines():
        words = line.split(" ")
        if len(words) >= 2 and words[-1] not in ("obsolete", "remove-on-upgrade"):
            found[" ".join(words[:-1])] = words[-1]
    return found


def _native_architecture(root: Root, status: str) -> str:
    """The architecture of dpkg itself, as dpkg takes it for its own."""
    for fields in _paragraphs(status):
        if fields.get("Package") == "dpkg":
            return fields.get("Architecture", "")
    try:
        return _text(root, "arch-native").strip()
    except FileNotFoundError:
        return ""


def _read_diversions(root: Root) -> dict[str, tuple[str, str]]:
    """By path: where others' file went, and the package that may keep the path."""
    try:
        lines = _text(root, "diversions").splitlines()
    except FileNotFoundError:
        return {}
    triples = zip(lines[::3], lines[1::3], lines[2::3], strict=False)
    return {path: (other, owner) for path, other, owner in triples}
