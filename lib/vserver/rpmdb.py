"""The database of rpm of a virtual server, read by the root server's rpm from a copy.

The content is a stranger's and rpm's library parses it: so it gets a private copy of the
database, a user id of its own without any rights, and limits. Nothing is locked, written or
executed in the virtual server's tree.
"""

from __future__ import annotations

import os
from errno import EFBIG, EIO, ENOENT

from vserver import command, scratch
from vserver.errors import VserverError
from vserver.kernel.rooted import Descriptor, reopen_regular
from vserver.packages import RPM, File, Package, Packages, reading

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from vserver.kernel.rooted import Root

VERIFY_DIGEST = 1  # RPMVERIFY_FILEDIGEST, rpm/rpmvf.h

# rpm/rpmfiles.h
_CONFIG, _DOC, _GHOST = 1 << 0, 1 << 1, 1 << 6
_STATE_NORMAL = "0"

_ALGORITHMS = {
    "(none)": "md5",
    "1": "md5",
    "2": "sha1",
    "8": "sha256",
    "9": "sha384",
    "10": "sha512",
}

# a package is a line with a mark, then a line for each file; a missing tag says (none)
_MARK = "="
_HEADER = "=%{NAME}\\t%{EPOCH}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{FILEDIGESTALGO}\\n"
_FILE = "\\t".join(
    f"%{{{tag}}}"
    for tag in (
        "FILESTATES",
        "FILEMODES:octal",
        "FILESIZES",
        "FILEMTIMES",
        "FILEDIGESTS",
        "FILEUSERNAME",
        "FILEGROUPNAME",
        "FILERDEVS",
        "FILEFLAGS",
        "FILEVERIFYFLAGS",
        "FILECAPS",
        "FILELINKTOS",
        "FILENAMES",
    )
)
_QUERY = f"{_HEADER}[{_FILE}\\n]"
_HEADER_FIELDS = 5
_FILE_FIELDS = 13

_COPIED = ("Packages", "Packages.db", "rpmdb.sqlite", "rpmdb.sqlite-wal")
_COPY_LIMIT = 1 << 30
_LIMITS = ("--cpu=120", f"--as={4 << 30}", f"--fsize={1 << 30}")
# of the ids that are for processes which need one for a moment (systemd.exec(5), DynamicUser)
_FIRST_ID, _IDS = 61184, 4336
_ENVIRONMENT = ("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=/")


class RpmPackages(Packages):
    """The packages of a virtual server with rpm."""

    kind = RPM

    def __init__(self, root: Root, directory: str, server: str) -> None:
        """Read the database in ``directory`` of the tree; OSError when that is impossible."""
        self._server = server
        self._listing = _query(root, directory)
        self._places: dict[Package, tuple[int, str]] = {}
        super().__init__(self._read_index())

    def _read_index(self) -> Iterator[Package]:
        """The packages; where their files stand in the listing is kept for later."""
        offset = 0
        for raw in self._listing:
            offset += len(raw)
            fields = _decode(raw).split("\t")
            if not fields[0].startswith(_MARK) or len(fields) != _HEADER_FIELDS:
                continue
            name, epoch, version, arch, algorithm = fields
            package = Package(name.removeprefix(_MARK), version, _known(arch), _known(epoch))
            self._places[package] = offset, _ALGORITHMS.get(algorithm, "")
            yield package

    def sizes(self, names: list[str]) -> list[int]:
        """As of Packages; of the listing."""
        begins = sorted(offset for offset, _ in self._places.values())
        ends = [*begins[1:], os.fstat(self._listing.fileno()).st_size]
        sizes = {begin: end - begin for begin, end in zip(begins, ends, strict=False)}
        return [sum(sizes[self._places[one][0]] for one in self.instances(name)) for name in names]

    def part(self) -> None:
        """With an offset of its own in the listing."""
        self._listing = open(f"/proc/self/fd/{self._listing.fileno()}", "rb")  # noqa: SIM115

    def records(self, package: Package) -> list[File]:
        """The files of ``package``, without those that were left out when it was installed."""
        offset, algorithm = self._places[package]
        files = []
        with reading(self._server):
            self._listing.seek(offset)
            for raw in self._listing:
                line = _decode(raw)
                if line.startswith(_MARK):
                    break
                if file := _file(line.split("\t", _FILE_FIELDS - 1), algorithm):
                    files.append(file)
        return files

    def _changes(self, file: File) -> bool:
        return bool(file.unverified & VERIFY_DIGEST)


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape").rstrip("\n")


def _known(value: str) -> str:
    return "" if value == "(none)" else value


def _file(fields: list[str], algorithm: str) -> File | None:
    """The record in one line, None when that is none or the file was not installed."""
    if len(fields) != _FILE_FIELDS or fields[0] not in (_STATE_NORMAL, "(none)"):
        return None
    _state, mode, size, mtime, digest, user, group, rdev, flags, verify, caps, link, path = fields
    try:
        file = File(path, int(mode, 8))
        file.size, file.mtime, file.device = int(size), int(mtime), int(rdev)
        kind, verified = int(flags), int(verify)
    except ValueError:
        return None
    file.unverified = ~verified & 0xFFFFFFFF
    file.is_configuration, file.is_documentation = bool(kind & _CONFIG), bool(kind & _DOC)
    file.is_ghost = bool(kind & _GHOST)
    file.digest, file.algorithm = digest, algorithm if digest else ""
    file.user, file.group = user, group
    file.link, file.capabilities = _known(link), _known(caps)
    return file


def _query(root: Root, directory: str) -> IO[bytes]:
    """What rpm says of the database in ``directory`` of the tree: a file, at its beginning."""
    if not command.exists("rpm"):
        raise OSError(ENOENT, "rpm is not installed on this host")
    listing = os.fdopen(os.memfd_create("packages"), "w+b")
    with scratch.directory() as copy:
        owner = _FIRST_ID + os.getpid() % _IDS if os.geteuid() == 0 else -1
        _copy_database(root, directory, copy, owner)
        words = [*_confined(owner), "rpm", "--noplugins", "--dbpath", copy]
        try:
            command.save([*words, "-qa", "--queryformat", _QUERY], listing.fileno())
        except VserverError as error:
            raise OSError(EIO, error.text) from None
    listing.seek(0)
    return listing


def _confined(owner: int) -> list[str]:
    """The words in front of a program that run it as ``owner``, -1 for the caller, with limits."""
    words = ["prlimit", *_LIMITS, "env", "-i", *_ENVIRONMENT]
    if owner < 0:
        return words
    identity = [f"--reuid={owner}", f"--regid={owner}", "--clear-groups", "--no-new-privs"]
    return [*words, "setpriv", *identity, "--inh-caps=-all", "--bounding-set=-all"]


def _copy_database(root: Root, directory: str, copy: str, owner: int) -> None:
    for name in _COPIED:
        path = f"{directory}/{name}"
        if root.is_file(path):
            with Descriptor(root.open(path, os.O_PATH)) as found:
                _copy_file(found, f"{copy}/{name}", owner)
    os.chown(copy, owner, owner)


def _copy_file(found: int, path: str, owner: int) -> None:
    """Copy the regular file that O_PATH descriptor ``found`` names to the new file ``path``."""
    with Descriptor(reopen_regular(found, os.O_RDONLY)) as source, open(path, "xb") as target:
        os.fchown(target.fileno(), owner, owner)
        copied = 0
        while block := os.sendfile(target.fileno(), source, None, 1 << 20):
            copied += block
            if copied > _COPY_LIMIT:
                raise OSError(EFBIG, os.strerror(EFBIG), path)
