"""Files that several servers share: by what means, and one file at a time (0.4, 0.6).

At every moment each name holds its old file or the shared one, both complete: a file is put
together under a temporary name, and renamed when that is done.
"""

from __future__ import annotations

import os
from errno import EAGAIN, EINVAL, ENOSYS, ENOTSUP, ENOTTY, EXDEV
from stat import S_ISREG

from vserver.errors import reason
from vserver.kernel import guard, mountinfo, seal, sharing
from vserver.kernel.guard import Held, Released
from vserver.kernel.inodeflags import immutable_inode
from vserver.kernel.sharedwork import NO_OTHERS
from vserver.kernel.sharing import Lease
from vserver.messages import visible
from vserver.unifytree import ChangedError, have_same_owner

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from vserver.kernel.guard import Metadata
    from vserver.kernel.sharedwork import Turns
    from vserver.unifylock import UnifyLock
    from vserver.unifylog import Log
    from vserver.unifytree import File, Tree

    Action = Callable[[str, File, Any], str]

# The means, in no order
REFLINK, SEAL, IMMUTABLE, HARDLINK, COPY = "reflink", "seal", "immutable", "hardlink", "copy"
METHODS = (REFLINK, SEAL, IMMUTABLE, HARDLINK, COPY)

# What became of a file
LINKED, ALREADY, SKIPPED, DIFFERENT, FAILED = "linked", "already", "skipped", "different", "failed"
ABSENT = "absent"  # not in the reference server

_SOON_READ = 1 << 24  # bytes: what takes no time worth a word, holes or not
_HOLLOW = 16  # times as large as what it holds

_UNSUPPORTED = (ENOTSUP, ENOTTY, ENOSYS, EINVAL, EXDEV)


class Wish:
    """How files are to be guarded: the two flags of the old kernel, and a method if one is set.

    ``immutable``: nobody changes the file, nor removes its name; ``may_unlink`` takes the
    second part back. Neither: links without any protection (0.6).
    """

    __slots__ = ("immutable", "may_unlink", "method")

    def __init__(self, method: str = "", *, immutable: bool = True, may_unlink: bool = True):
        self.method = method
        self.immutable = immutable
        self.may_unlink = may_unlink

    def methods(self) -> list[str]:
        """The methods to try, best first by what a hostile server could do."""
        if self.method:
            return [self.method]
        if self.immutable:
            return [REFLINK, SEAL, IMMUTABLE, COPY] if self.may_unlink else [IMMUTABLE]
        return [SEAL, REFLINK, COPY] if self.may_unlink else [HARDLINK, COPY]

    def guards(self, method: str) -> int:
        """The guards of a file that is shared by ``method``."""
        if method == IMMUTABLE:
            return guard.IMMUTABLE
        if method == SEAL:
            return guard.SEALED | (guard.ALSO_IMMUTABLE if self.immutable else 0)
        return 0


class Sharer:
    """Lets one tree share files of another.

    What a file system cannot do is found out with the first file and not tried again.
    """

    def __init__(self, source: Tree, target: Tree, wish: Wish, lock: UnifyLock, log: Log) -> None:
        self.source = source
        self.target = target
        self.overwrite = False
        self.bytes_saved = 0
        self.turns: Turns = NO_OTHERS
        self._wish = wish
        self._lock = lock
        self._log = log
        self._methods = wish.methods()
        self._has_noticed = False
        self._told_method = ""
        if SEAL in self._methods:
            self._prepare_seal()

    def glance(self, path: str) -> str:
        """What can be told without opening a file: ALREADY, SKIPPED or DIFFERENT.

        ABSENT when the source has no such file, "" when nothing can be told.

        Errors as of Tree.look.
        """
        source = self.source.look(path)
        if not source:
            return ABSENT
        target = self.target.look(path)
        if not (target and S_ISREG(source.st_mode) and S_ISREG(target.st_mode)):
            return ""
        if source.st_ino == target.st_ino and source.st_dev == target.st_dev:
            return ALREADY if self._is_immutable(path, source.st_ino) else ""
        if _is_hollow(source):
            return SKIPPED
        method = self._methods[0]
        if self.overwrite or method == COPY:
            return ""
        same = source.st_size == target.st_size and (
            method == REFLINK or have_same_owner(source, target)
        )
        return "" if same else DIFFERENT

    def _is_immutable(self, path: str, inode: int) -> bool:
        """Whether ``path`` of the source is that inode, and guarded as files here are to be."""
        if self._guards != guard.IMMUTABLE:
            return False
        above, _, name = path.rpartition("/")
        return immutable_inode(self.source.directory(above), name) == inode

    def unify(self, source: File, target: File) -> str:
        """Let ``target`` share the file ``source``; LINKED, ALREADY, SKIPPED or DIFFERENT.

        BusyError when somebody has either open for writing, ChangedError when somebody has
        changed either. Other OSErrors: the target is as it was.
        """
        if source.inode == target.inode:
            return self.keep(source)
        if _is_hollow(source.entry):
            return SKIPPED
        with self.turns.of(source.entry.st_ino, target.entry.st_ino):
            if target.entry.st_nlink > 1:  # or was that before our turn?
                target.entry = os.fstat(target.fd)
            return self._attempt(self._unify_by, source, target) or SKIPPED

    def create(self, source: File, directory: int, name: str) -> str:
        """Make ``name`` in ``directory`` of the target share ``source``.

        LINKED, or SKIPPED when it became a copy of its own. FileExistsError when the name is
        taken; other errors as of ``unify``. The caller has called ``prepare``.
        """

        def create_by(method: str, source: File, _path: str) -> str:
            if method == REFLINK:
                source.copy_to(directory, name, replace=False, must_clone=True)
            else:
                self._link_new(method, source, directory, name)
            return LINKED

        with self.turns.of(source.entry.st_ino):
            if source.entry.st_size and self._attempt(create_by, source, source.path):
                return LINKED
        source.copy_to(directory, name, replace=False)
        return SKIPPED

    def keep(self, source: File) -> str:
        """The file is shared already: give it back what guards it lacks. ALREADY."""
        guards = self._guards
        if guards is None:
            return ALREADY
        with self.turns.of(source.entry.st_ino):
            if guard.of_file(source.fd) != guards:
                with Held(source.fd, guards, self._source_path(source)):
                    pass
        return ALREADY

    @property
    def gives_names(self) -> bool:
        """Whether, for all that is known so far, what is shared gets further names."""
        return self._methods[0] != COPY and self._told_method != REFLINK

    def prepare(self, directory: str) -> None:
        """Get ready to change a name in ``directory`` of the target."""
        self._lock.note(self.target.top, directory)

    def _prepare_seal(self) -> None:
        """See whether files can be sealed here, and leave it out if not."""
        fd = self.target.root.fd
        if seal.is_usable(fd):
            seal.record()
            return
        self._methods.remove(SEAL)
        if self._wish.method:
            point = mountinfo.of_file(fd).point
            self._log.warn(f"Files on {point} can't be sealed (Operation not supported)")

    def _attempt(self, action: Action, source: File, target: Any) -> str:
        """Do ``action`` by the best method that works here; "" when there is none."""
        for method in list(self._methods):
            if method == COPY:
                break
            try:
                outcome = action(method, source, target)
            except OSError as error:
                if error.errno not in _UNSUPPORTED:
                    raise
                self._leave_out(method, error, source)
                continue
            if method != self._told_method and outcome == LINKED:
                self._told_method = method
                self._log.detail(1, f"Files of {visible(self.target.top)} are shared by {method}")
            return outcome
        return ""

    def _leave_out(self, method: str, error: OSError, source: File) -> None:
        """Do not try ``method`` again. Told, unless there is another that shares as well."""
        if error.errno == EINVAL:  # only this file cannot be (btrfs: no copy on write)
            return
        self._methods.remove(method)
        if error.errno == EXDEV and method != REFLINK:
            self._methods = [m for m in self._methods if m in (REFLINK, COPY)]
        if any(m != COPY for m in self._methods):
            return
        path = self.target.host_path(source.path)
        if method == IMMUTABLE and error.errno != EXDEV:
            text = f"Can't set immutable flag on file {path} ({reason(error)})"
        else:
            text = (
                f"Can't link file {self.source.host_path(source.path)} to {path} ({reason(error)})"
            )
        self._log.warn_once(text, f"{method} {self.target.top}")

    def _unify_by(self, method: str, source: File, target: File) -> str:
        if method == REFLINK:
            return self._reflink(source, target)
        if not self.overwrite and not have_same_owner(source.entry, target.entry):
            return DIFFERENT
        try:
            self._link_over(method, source, target)
        except _DifferentError:
            return DIFFERENT
        self._notice(method)
        self.bytes_saved += target.entry.st_size if target.entry.st_nlink == 1 else 0
        return LINKED

    def _reflink(self, source: File, target: File) -> str:
        size, shared = source.entry.st_size, target.entry.st_nlink > 1
        where = self.target.host_path(target.path)
        if sharing.share_all(source.fd, target.fd):
            return ALREADY
        if size == target.entry.st_size:
            with Released(target.fd, where, shared=shared):
                if sharing.dedupe(source.fd, target.fd, size):
                    self.bytes_saved += size
                    return LINKED
        if not self.overwrite:
            return DIFFERENT
        self._prepare_change(target.path)
        with Released(target.fd, where, shared=shared):
            source.copy_to(target.directory, target.name, replace=True, must_clone=True)
        return LINKED

    def _link_over(self, method: str, source: File, target: File) -> None:
        """Put a link to ``source`` in the place of ``target``.

        They are compared when nobody can change the source any more: its server might do that
        between the comparison and the link, and give the file its old times again.
        """
        where = self.target.host_path(target.path)
        with Held(source.fd, self._wish.guards(method), self._source_path(source)) as held:
            metadata = source.refresh()
            if not self.overwrite and not _are_same(metadata, source, target):
                raise _DifferentError
            with Lease(target.fd, where):
                if not target.has_its_name() or source.has_changed() or target.has_changed():
                    raise ChangedError(EAGAIN, "changed", target.path)
                self._prepare_change(target.path)
                shared = target.entry.st_nlink > 1
                with Released(target.fd, where, shared=shared), held.linkable(metadata):
                    source.link_to(target.directory, target.name, held)

    def _link_new(self, method: str, source: File, directory: int, name: str) -> None:
        guards = self._wish.guards(method)
        with (
            Held(source.fd, guards, self._source_path(source)) as held,
            held.linkable(source.refresh()),
        ):
            sharing.link(source.fd, directory, name)
        self._notice(method)

    def _source_path(self, source: File) -> str:
        return self.source.host_path(source.path)

    def _prepare_change(self, path: str) -> None:
        directory = path.rpartition("/")[0]
        self.prepare(directory)
        self.target.note_change(directory)

    @property
    def _guards(self) -> int | None:
        """The guards of files that are one inode; None when there shall be none such."""
        for method in self._methods:
            if method not in (REFLINK, COPY):
                return self._wish.guards(method)
        return None

    def _notice(self, method: str) -> None:
        """Say once that the servers cannot remove what they share, if that was wished."""
        wish = self._wish
        if self._has_noticed or method != IMMUTABLE or wish.method or not wish.may_unlink:
            return
        self._has_noticed = True
        point = mountinfo.of_file(self.target.root.fd).point
        self._log.notice_once(
            f"Files on {point} can't be removed or upgraded inside the vservers (use vunify --undo)"
        )


def _is_hollow(entry: os.stat_result) -> bool:
    """Whether a file is empty or, by far, mostly holes: nothing to save, for ever to read."""
    held = entry.st_blocks * 512  # stat(2) counts in units of that
    return not entry.st_size or entry.st_size > max(_SOON_READ, _HOLLOW * held)


def _are_same(metadata: Metadata, source: File, target: File) -> bool:
    """Whether one inode can stand for both."""
    return (
        have_same_owner(metadata.entry, target.entry)
        and metadata.attributes == sharing.attributes(target.fd)
        and target.has_content_of(source)
    )


class _DifferentError(Exception):
    """The files have different contents."""
