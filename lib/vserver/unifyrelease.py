"""Shared files that a package manager is about to replace or remove: they are parted first.

What guards a shared file against its servers would keep the root server's rpm from it, too.
"""

from __future__ import annotations

from vserver import packages
from vserver.errors import reason
from vserver.kernel import guard
from vserver.unifyactions import Parting
from vserver.unifylock import UnifyLock
from vserver.unifytree import Tree

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Iterator


def release(directory: str, words: list[str]) -> Iterator[str]:
    """Part the guarded files of the packages among ``words``, as `vunify --undo` does.

    ``words`` are names, with or without the version; what is no installed package is left
    out. Yields a line for each file that stays guarded. VserverError (255) when the package
    database cannot be read, or another unification does not end.
    """
    tree = Tree(directory)
    try:
        known = packages.installed(tree.root)
        named = [package for word in words for package in known.find(word)]
        paths = [path for package in named for path in known.shareable(package)]
        guarded = [path for path in paths if _is_guarded(tree, path)]
        if guarded:
            with UnifyLock() as lock:
                parting = Parting(tree, tree, lock)
                yield from filter(None, (_part(tree, path, parting) for path in guarded))
    finally:
        tree.close()


def _is_guarded(tree: Tree, path: str) -> bool:
    try:
        file = tree.open(path)
    except OSError:
        return False
    if file is None:
        return False
    with file:
        return bool(guard.of_file(file.fd))


def _part(tree: Tree, path: str, parting: Parting) -> str:
    """Make ``path`` a file of its own; what went wrong, if anything."""
    try:
        file = tree.open(path)
        if file is not None:
            with file:
                parting(file)
    except OSError as error:
        return f"Can't release file {tree.host_path(path)} ({reason(error)})"
    return ""
