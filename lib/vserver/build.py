"""``vserver NAME build``: a new guest as a copy of the root server (0.1, 0.4, 0.10, 0.11).

The tree carries a mark until everything is done. A build that fails takes its own work away
again; one that was killed leaves the mark, by which the next one knows that it may start over.
"""

from __future__ import annotations

import fcntl
import os
from errno import EEXIST, EWOULDBLOCK
from stat import S_IFCHR

from vserver import barrier, config, default_conf, guest, inside, paths, runlevel, users
from vserver.errors import VserverError, reason
from vserver.kernel import treecopy
from vserver.kernel.isolation import Command
from vserver.kernel.rooted import Descriptor, Root, remove_tree
from vserver.kernel.rootfs import DEVICES
from vserver.kernel.treecopy import CopyError, TreeCopy
from vserver.messages import Messages, visible

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.guest import Guest

MARK = ".vserver-build"

_COPIED = ("sbin", "bin", "etc", "usr", "var", "lib", "lib32", "lib64", "libx32")
_EMPTY = ("lib/modules", "var/lock/subsys")
_WITHOUT_FILES = ("var/run", "var/log", "var/spool/mail")
_MADE = {
    "proc": 0o755,
    "tmp": 0o1777,
    "home": 0o755,
    "root": 0o750,
    "boot": 0o755,
    "dev/pts": 0o755,
}
_FSTAB = b"/dev/hdv1 / ext2 defaults 1 1\n"
_MTAB = b"/dev/hdv1 / ext2 rw 0 0\n"
_SHELL_FILES = (".bashrc", ".bash_profile")
_LEVELS = "2345"


class OccupiedError(VserverError):
    """There is a guest already; the line belongs on standard output."""


def build(name: str, messages: Messages, source: str = "/") -> None:
    """Make the tree of guest ``name`` from ``source``, and its configuration if it has none.

    VserverError when that cannot be done: nothing new is left then. OccupiedError when the
    tree holds something.
    """
    if not config.valid_name(name):
        raise VserverError(f"vserver: invalid vserver name: {visible(name)}")
    directory = _directory(name)
    try:
        made = _make_directory(directory, messages)
    except OSError as error:
        raise _failure(name, error) from None
    with Root(os.open(directory, os.O_RDONLY | os.O_DIRECTORY)) as root:
        _lock(root, directory)
        _start_over(root, directory)
        before = root.names("/")
        try:
            _build(name, directory, root, source, messages)
        except BaseException as error:
            _undo(root, before, directory if made else "")
            if isinstance(error, OSError):
                raise _failure(name, error) from None
            raise


def _directory(name: str) -> str:
    """VSERVERDIR of the configuration, or where a new guest's tree belongs (0.29)."""
    known = config.exists(name)
    directory = config.read(name)["VSERVERDIR"] if known else config.default_directory(name)
    config.check_usable(directory)
    return directory


def _make_directory(directory: str, messages: Messages) -> bool:
    """The directory and the one above, of mode 000 when it is new (0.10); false if it is there."""
    above = os.path.dirname(directory.rstrip("/"))
    is_new = not os.path.isdir(above)
    if is_new:
        os.makedirs(os.path.dirname(above), exist_ok=True)
        os.mkdir(above)
        os.chmod(above, 0)
        messages.inform(f"Directory {above} was created with permissions 000")
    try:
        os.mkdir(directory)
        os.chmod(directory, 0o755)
        made = True
    except FileExistsError:
        made = False
    if warning := "" if is_new else barrier.warning(directory):
        messages.caution(warning.removesuffix("\n"))
    return made


def _lock(root: Root, directory: str) -> None:
    """Two builds of one tree would take each other's work away."""
    try:
        fcntl.flock(root.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != EWOULDBLOCK:
            raise
        raise VserverError(f"vserver: {directory} is being built already") from None


def _start_over(root: Root, directory: str) -> None:
    """Remove what a killed build has left; OccupiedError for anything else."""
    names = root.names("/")
    occupants = [n for n in names if not n.startswith(".") and n not in ("lost+found", "dev")]
    if occupants and MARK not in names:
        raise OccupiedError(f"Virtual server {directory} already exist")
    for occupant in occupants:
        remove_tree(root.fd, occupant)
    root.unlink(MARK)


def _undo(root: Root, before: list[str], directory: str) -> None:
    """Remove what is not in ``before``, the mark at last, and ``directory`` if it is ours."""
    for name in sorted(set(root.names("/")) - {*before, MARK}):
        remove_tree(root.fd, name)
    root.unlink(MARK)
    if directory:
        os.rmdir(directory)


def _failure(name: str, error: OSError) -> VserverError:
    what = error.filename
    if isinstance(error, CopyError):
        what = f"/{error.filename}"
    named = f"{os.fsdecode(what)}: " if what else ""
    return VserverError(f"vserver: cannot build '{name}': {named}{reason(error)}")


def _build(name: str, directory: str, root: Root, source: str, messages: Messages) -> None:
    root.write(MARK, b"", 0o600)
    _copy(root, source, directory)
    _furnish(root)
    messages.inform(f"Directory {directory} has been populated")
    _configure(name, messages)
    quiet = Messages(lambda line: None, messages.warn)
    _turn_services_off(guest.load(name, quiet, nodev=True), root)
    root.write("etc/mtab", _MTAB)
    for links in ("etc/rc.d/rc6.d", "etc/rc6.d"):
        for link in root.names(links):
            if link.startswith("S") and link.endswith("reboot"):
                root.unlink(f"{links}/{link}")
    root.unlink(MARK)


def _copy(root: Root, source: str, directory: str) -> None:
    with Root.open_dir(source) as origin:
        copying = TreeCopy(origin.fd, root.fd, _special(source, directory))
        for name in _COPIED:
            copying.copy(name)
        for name, mode in _MADE.items():
            root.make_dirs(name, mode)
        _copy_some(f"{source}/root", root, "root", _SHELL_FILES)
    _copy_some(paths.USR_LIB_VSERVER, root, "sbin", ("vreboot",))


def _copy_some(source: str, root: Root, target: str, names: tuple[str, ...]) -> None:
    """Copy the files ``names`` from one directory to another, replacing those there."""
    for name in names:
        root.unlink(f"{target}/{name}")
    flags = os.O_PATH | os.O_DIRECTORY
    with Descriptor(os.open(source, flags)) as origin, Descriptor(root.open(target, flags)) as to:
        copying = TreeCopy(origin, to, {})
        for name in names:
            copying.copy(name)


def _special(source: str, directory: str) -> dict[tuple[int, int], str]:
    """The directories that are not copied as they are, by device and inode.

    Other guests, their configuration and their state are nothing for this guest to know.
    """
    trees = [directory, config.system_defaults()["VSERVERS_ROOT"], *_other_trees()]
    emptied = [f"{source}/{name}" for name in _EMPTY]
    treatments = (
        (treecopy.OMIT, trees),
        (treecopy.EMPTY, [paths.CONF_DIR, paths.STATE_DIR, *emptied]),
        (treecopy.NO_FILES, [f"{source}/{name}" for name in _WITHOUT_FILES]),
    )
    special = {}
    for treatment, places in treatments:
        for place in places:
            if os.path.isdir(place):
                found = os.stat(place)
                special[found.st_dev, found.st_ino] = treatment
    return special


def _other_trees() -> list[str]:
    """As far as that is known: not of a configuration that is broken."""
    return [settings["VSERVERDIR"] for settings in config.read_all(lambda _line: None)]


def _furnish(root: Root) -> None:
    """What differs from the root server."""
    root.unlink("etc/cron.d/kmod")
    if not root.is_dir("var/run"):  # a link to /run, which is no part of the copy
        root.make_dirs("run")
        root.make_dirs("run/lock", 0o1777)
    root.write("var/log/wtmp", b"", 0o664, gid=users.group_id(root, "utmp") or 0)
    for name, (mode, major, minor) in DEVICES.items():
        root.unlink(f"dev/{name}")
        root.mknod(f"dev/{name}", S_IFCHR | mode, os.makedev(major, minor))
    root.write("dev/hdv1", b"")
    root.write("etc/fstab", _FSTAB)
    if root.is_file("sbin/vreboot"):
        root.unlink("sbin/vhalt")
        root.symlink("vreboot", "sbin/vhalt")


def _configure(name: str, messages: Messages) -> None:
    try:
        os.mkdir(paths.CONF_DIR, 0o600)
        messages.inform(f"Directory {paths.CONF_DIR} has been created")
    except OSError as error:
        if error.errno != EEXIST:
            raise
    path = paths.guest_conf(name)
    if not os.path.lexists(path):
        with Root.open_dir(paths.CONF_DIR) as directory:
            directory.write(os.path.basename(path), default_conf.text().encode())
        messages.inform(f"{path} has been created. Look at it!")


def _turn_services_off(one: Guest, root: Root) -> None:
    """Turn every service off with the guest's own tools, in a context made for that (0.4)."""
    try:
        commands = [
            words
            for service in runlevel.services(root)
            for words in runlevel.chkconfig_commands(root, ["--level", _LEVELS, service, "off"])
        ]
        if commands:
            _run_quietly(one, root, commands)
    except VserverError as error:
        one.messages.warn(f"vserver: services of '{one.name}' are not turned off: {error.text}")


def _run_quietly(one: Guest, root: Root, commands: list[list[str]]) -> None:
    """Run ``commands`` in a context that ends with the last; what they say is dropped."""
    place = inside.open_place(one, root, 0, [])
    try:
        for words in commands:
            os.waitpid(inside.enter_quietly(place, Command(words, one.environment())), 0)
    finally:
        place.abandon()
