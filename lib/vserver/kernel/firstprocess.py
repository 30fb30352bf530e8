"""Process 1 of a context: it makes the namespaces, and holds them.

It is our reaper or, under fakeinit, the guest's own init. It assembles everything while nobody
else is in there, and has no more rights in the end than those who come later.
"""

from __future__ import annotations

import os

from vserver import paths
from vserver.kernel import confine, context, limits, rootfs, spawn, syscalls
from vserver.kernel.isolation import SIGUSR1, join_limits, redirect_to_null, settle
from vserver.kernel.rooted import Descriptor
from vserver.kernel.spawn import Report, Step

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from typing import NoReturn

    from vserver.kernel.isolation import Command, Names, Setting
    from vserver.kernel.netns import Network
    from vserver.kernel.pty import Terminal

_NEW = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWIPC | syscalls.CLONE_NEWUTS
_REAPER = "init"
_SIGCHLD = 17
_HINTS = (SIGUSR1, _SIGCHLD)  # what the reaper waits for (see stub.c)


def create(
    number: int,
    leaf: str,
    setting: Setting,
    names: Names,
    *,
    init: Command | None = None,
    device_files: tuple[str, ...] = (),
    network: Network | None = None,
    users: int = -1,
    terminal: Terminal | None = None,
) -> tuple[int, list[str]]:
    """Start process 1 of context ``number`` in cgroup ``leaf``; its pid, and complaints.

    It is our reaper, or ``init`` (fakeinit). With ``setting.own_root`` the caller's working
    directory becomes the root of the context. ``network`` None is the caller's; ``users``
    is a descriptor of the context's user namespace, -1 for the caller's. Failure names the
    step that could not be done; nothing is left running then.
    """
    if setting.own_root:
        rootfs.share_mounts_below(".")
    dev = _make_dev(setting, device_files)
    joins = limits.directories_to_join(number)

    def prepare(report: Report) -> NoReturn:
        join_limits(joins, setting)
        complaints = _leave_network(number, network)
        complaints += _assemble(setting, names, dev, device_files)
        for complaint in complaints:
            os.write(report.writer, f"C{complaint}\n".encode())
        if init:
            _become_init(setting, init, report, users, terminal)
        _become_reaper(setting, stub, report, users)

    try:
        start = setting.spawn if init else spawn.spawn
        with (
            Descriptor(spawn.sealed_copy(paths.STUB)) as stub,
            Descriptor(os.open(leaf, os.O_RDONLY | os.O_DIRECTORY)) as leaf_fd,
        ):
            pid, said = start(prepare, flags=_NEW, cgroup_fd=leaf_fd)
    finally:
        if dev >= 0:
            os.close(dev)
    context.set_init(number, pid, is_guest=init is not None, has_own_users=users >= 0)
    return pid, [line[1:] for line in said.decode().splitlines() if line.startswith("C")]


def _leave_network(number: int, network: Network | None) -> list[str]:
    if network is None:
        return []
    from vserver.kernel import netns  # loaded by who made ``network``

    return netns.leave(number, network)


def _make_dev(setting: Setting, device_files: tuple[str, ...]) -> int:
    """The /dev of a guest whose quota is handled, -1 for others: the device control of the
    context would not let process 1 make the block devices in there."""
    if setting.quota is None:
        return -1
    return rootfs.make_dev(device_files, setting.quota.device)


def _assemble(setting: Setting, names: Names, dev: int, device_files: tuple[str, ...]) -> list[str]:
    if setting.armoured:
        with Step("cannot hide the cgroup"):
            syscalls.unshare(syscalls.CLONE_NEWCGROUP)
    if names.host is not None:
        with Step("host name"):
            syscalls.sethostname(os.fsencode(names.host))
    if names.domain is not None:
        with Step("domain name"):
            syscalls.setdomainname(os.fsencode(names.domain))
    os.umask(0)
    with Step("cannot set up the file systems"):
        if setting.own_root:
            return rootfs.enter_working_directory(dev, device_files)
        rootfs.keep_root(paths.VSERVERS_ROOT, sealed=setting.armoured)
        return []


def _become_reaper(setting: Setting, stub: int, report: Report, users: int) -> NoReturn:
    os.setsid()
    redirect_to_null()
    report.writer, stub, users = spawn.keep_descriptors(report.writer, stub, users)
    spawn.reset_signals(_HINTS)  # process 1 loses what comes before it waits, unless blocked
    confine.reset_surroundings()
    setting.confinement.apply(namespace=users)
    with Step("cannot start process 1"):
        nothing: dict[str, str] = {}
        os.execve(stub, [_REAPER], nothing)


def _become_init(
    setting: Setting, init: Command, report: Report, users: int, terminal: Terminal | None
) -> NoReturn:
    """The context's process 1 is the command itself; it has stayed in nobody's sight."""
    os.setsid()
    if terminal:
        terminal.take(control=True)
    if setting.strict:
        redirect_to_null()
        report.writer, users = setting.keep_descriptors(report.writer, users)
    settle(setting, init, users)
    environment = dict(init.environment)  # which may be os.environ itself
    os.environ.clear()
    os.environ.update(environment)
    try:
        syscalls.execvp(init.words)
    except OSError as error:
        report.fail(error, "")
    raise AssertionError("exec returned")
