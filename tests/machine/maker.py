"""The maker: leaves all namespaces and becomes a new machine."""

from __future__ import annotations

import os
import traceback
from typing import NoReturn

from machine import STAGE, Request, call, write
from machine.init import Init
from machine.root import enter_root, make_root
from vserver.kernel import syscalls

HOST_NETWORK = """\
link add eth0 type veth peer name eth0 netns {lan}
link set lo up
addr add 192.0.2.10/24 brd 192.0.2.255 dev eth0
addr add 2001:db8::10/64 dev eth0 nodad
link set eth0 up
route add default via 192.0.2.1
route add default via 2001:db8::1
"""
LAN_NETWORK = """\
link set lo up
addr add 192.0.2.1/24 brd 192.0.2.255 dev eth0
addr add 2001:db8::1/64 dev eth0 nodad
link set eth0 up
"""


class Maker:
    """Builds one machine around itself and leaves it to a new process 1."""

    def __init__(self, request: Request, directories: list[str], report: int, fds: list[int]):
        self.request = request
        self.directories = directories
        self.report = report
        self.agent, *self.network = fds
        self.lan = -1

    def run(self) -> NoReturn:
        """Never returns; writes the pid of process 1, or a traceback, to the report pipe."""
        try:
            self._make()
        except BaseException:
            os.write(self.report, traceback.format_exc().encode())
        os._exit(0)

    def _make(self) -> None:
        for directory in self.directories[1:]:
            write(directory + "/cgroup.procs", "0")
        self._leave_namespaces()
        leaf = self._leaf()
        make_root(self.request)
        enter_root(STAGE + "/root")
        syscalls.sethostname(self.request["hostname"].encode())
        flags = syscalls.CLONE_NEWPID | syscalls.CLONE_PARENT
        pid = syscalls.clone3(flags, cgroup_fd=leaf, exit_signal=0)
        if pid == 0:
            os.close(self.report)
            os.close(leaf)
            Init(self.agent, self.lan).run()
        os.write(self.report, str(pid).encode())

    def _leave_namespaces(self) -> None:
        syscalls.unshare(
            syscalls.CLONE_NEWNS
            | syscalls.CLONE_NEWUTS
            | syscalls.CLONE_NEWIPC
            | syscalls.CLONE_NEWCGROUP
        )
        if self.network:
            syscalls.setns(self.network[0], syscalls.CLONE_NEWNET)
        else:
            self._make_network()

    def _make_network(self) -> None:
        """The host's network namespace, and at the other end of eth0 that of the lan."""
        syscalls.unshare(syscalls.CLONE_NEWNET)
        self.lan = os.open("/proc/self/ns/net", os.O_RDONLY)
        syscalls.unshare(syscalls.CLONE_NEWNET)
        host = os.open("/proc/self/ns/net", os.O_RDONLY)
        configure_network(HOST_NETWORK.format(lan=f"/proc/{os.getpid()}/fd/{self.lan}"))
        syscalls.setns(self.lan, syscalls.CLONE_NEWNET)
        configure_network(LAN_NETWORK)
        syscalls.setns(host, syscalls.CLONE_NEWNET)
        os.close(host)

    def _leaf(self) -> int:
        """Where process 1 goes: as systemd, not into the root; hybrid as sysvinit, the root."""
        directory = self.directories[0]
        if not self.request["hybrid"]:
            directory += "/init.scope"
            os.mkdir(directory)
        return os.open(directory, os.O_RDONLY)


def configure_network(commands: str) -> None:
    """Give ``commands`` to ip(8) in the present network namespace."""
    batch = os.memfd_create("ip", 0)
    os.write(batch, commands.encode())
    call("ip", "-batch", f"/proc/self/fd/{batch}")
    os.close(batch)
