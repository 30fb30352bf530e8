"""What vunify does with one file of the reference server: share it, part it, or tell of it."""

from __future__ import annotations

from errno import EAGAIN

from vserver.kernel import guard, mountinfo, sharing
from vserver.kernel.diskusage import WITH_SHARED_BLOCKS
from vserver.kernel.guard import Released
from vserver.unify import ALREADY, DIFFERENT, LINKED, REFLINK, SKIPPED
from vserver.unifytree import ChangedError

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.unify import Sharer, Wish
    from vserver.unifylock import UnifyLock
    from vserver.unifylog import Log
    from vserver.unifytree import File, Tree

_MAKING_DIRECTORIES = 0  # whose turn it is; no inode has that number


class Action:
    """Something that is done with the files of the reference server, one by one."""

    __slots__ = ()
    verb = ""

    def glance(self, _path: str) -> str:
        """What can be told of a file without opening it, as of Sharer; here nothing."""
        return ""

    def take_saved(self) -> int:
        """The bytes that are on the disk once less since the last time."""
        return 0

    def __call__(self, source: File) -> str:
        """What became of the file in the other server: LINKED and so on."""
        raise NotImplementedError


class Sharing(Action):
    """The target gets the file of the reference server, if it has the same one or none (0.14)."""

    __slots__ = ("sharer",)
    verb = "link"

    def __init__(self, sharer: Sharer) -> None:
        self.sharer = sharer

    def take_saved(self) -> int:
        """As of Action."""
        saved, self.sharer.bytes_saved = self.sharer.bytes_saved, 0
        return saved

    def glance(self, path: str) -> str:
        """As of Sharer."""
        return self.sharer.glance(path)

    def __call__(self, source: File) -> str:
        """Errors as of Sharer.unify and Sharer.create."""
        target = self.sharer.target.open(source.path)
        if target is None:
            return self._create(source)
        with target:
            return self.sharer.unify(source, target)

    def _create(self, source: File) -> str:
        sharer, (above, _, name) = self.sharer, source.path.rpartition("/")
        with sharer.turns.of(_MAKING_DIRECTORIES):
            directory = sharer.target.make_directory(above, sharer.source)
        sharer.prepare(above)
        sharer.target.note_change(above)
        try:
            return sharer.create(source, directory, name)
        except FileExistsError:
            raise ChangedError(EAGAIN, "appeared meanwhile", source.path) from None


class Parting(Action):
    """--undo: the target gets a file of its own, of what it has now (0.4)."""

    __slots__ = ("_lock", "_reference", "_target")
    verb = "copy"

    def __init__(self, reference: Tree, target: Tree, lock: UnifyLock) -> None:
        self._reference = reference
        self._target = target
        self._lock = lock

    def __call__(self, source: File) -> str:
        """LINKED for what was parted, SKIPPED for what was private already."""
        above, _, name = source.path.rpartition("/")
        target = self._target.open(source.path)
        if target is None:
            directory = self._target.make_directory(above, self._reference)
            self._prepare(above)
            source.copy_to(directory, name, replace=False)
            return LINKED
        with target:
            if target.entry.st_nlink == 1:
                return self._free(target)
            self._prepare(above)
            where = self._target.host_path(target.path)
            with Released(target.fd, where, shared=target.entry.st_nlink > 2):
                target.copy_to(target.directory, name, replace=True)
            return LINKED

    def _free(self, target: File) -> str:
        if not guard.of_file(target.fd):
            return SKIPPED
        guard.put(target.fd, 0)
        return LINKED

    def _prepare(self, directory: str) -> None:
        self._lock.note(self._target.top, directory)
        self._target.note_change(directory)


class Preview(Action):
    """--test: the command that would do it, as a detail; nothing is changed."""

    __slots__ = ("_command", "_log", "_reference", "_target", "_undo")
    verb = "link"

    def __init__(self, reference: Tree, target: Tree, wish: Wish, log: Log, *, undo: bool) -> None:
        self._reference = reference
        self._target = target
        self._log = log
        self._undo = undo
        self._command = "cp -a" if undo else link_command(target, wish)

    def __call__(self, source: File) -> str:
        """What the real run would answer."""
        target = self._target.open(source.path)
        if target is None:
            return self._tell(source)
        with target:
            if self._undo:
                private = target.entry.st_nlink == 1 and not guard.of_file(target.fd)
                return SKIPPED if private else self._tell(source)
            if target.inode == source.inode or sharing.share_all(source.fd, target.fd):
                return ALREADY
            if not source.entry.st_size:
                return SKIPPED
            return self._tell(source) if target.has_content_of(source) else DIFFERENT

    def _tell(self, source: File) -> str:
        paths = self._reference.host_path(source.path), self._target.host_path(source.path)
        self._log.detail(1, f"{self._command} {paths[0]} {paths[1]}")
        return LINKED


def link_command(target: Tree, wish: Wish) -> str:
    """The program that shares a file as ``wish`` would on the file system of ``target``."""
    first = wish.methods()[0]
    if first == REFLINK and mountinfo.of_file(target.root.fd).type in WITH_SHARED_BLOCKS:
        return "cp --reflink=always"
    return "cp -a" if wish.methods() == ["copy"] else "ln"
