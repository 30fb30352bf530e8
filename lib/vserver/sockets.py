"""Whose the sockets of the machine are: each belongs to the context that made it (K-NST-1).

The kernel tells the cgroup that an IP socket was made in. For what has none, a connection that
only waits for its end, the network namespace decides, or the address. A Unix socket belongs to
who has a descriptor of it.
"""

from __future__ import annotations

from vserver import observer
from vserver.kernel import cgroup, context, ipv4root, netns, process, sockdiag
from vserver.kernel.sockdiag import InetSocket, UnixSocket
from vserver.kernel.socketstate import SocketStates

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Kind = TypeVar("Kind", InetSocket, UnixSocket)

_MAPPED = "::ffff:"  # of an IPv4 address, as IPv6 sockets have it
_ANY = {sockdiag.AF_INET: "0.0.0.0", sockdiag.AF_INET6: "::"}


class Holder:
    """Who has descriptors of a socket: the first process, in ``contexts``, ``count`` of them."""

    __slots__ = ("contexts", "count", "pid")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.count = 0
        self.contexts: set[int] = set()


class Ownership:
    """The owners as they are at one moment, worked out once for any number of contexts."""

    def __init__(self) -> None:
        self._by_cgroup: dict[int, int] = {}
        self._by_address: dict[str, int] = {}
        self._holders: dict[int, Holder] | None = None
        for number in context.numbers():
            self._add_directory(number, context.directory(number))

    def _add_directory(self, number: int, directory: str) -> None:
        """Note the cgroups of a context, and the addresses it is held to."""
        identity = cgroup.identity(directory)
        if not identity:
            return
        self._by_cgroup[identity] = number
        for address in _addresses(directory):
            self._by_address.setdefault(address, number)
        for child in cgroup.children(directory):
            self._add_directory(number, child)

    def has_inet(self, number: int, socket: InetSocket) -> bool:
        """Is ``socket`` one of context ``number``? Context 1 has them all."""
        return number in (context.OBSERVER, *self._owners(socket))

    def _owners(self, socket: InetSocket) -> tuple[int, ...]:
        if socket.cgroup in self._by_cgroup:
            return (self._by_cgroup[socket.cgroup],)
        if socket.network:
            return (socket.network,)
        if not socket.inode:
            return (self._by_address.get(socket.local.removeprefix(_MAPPED), 0),)
        if socket.cgroup:
            return (0,)
        holder = self.holder(socket.inode)
        return tuple(holder.contexts) if holder else (0,)

    def has_unix(self, number: int, socket: UnixSocket) -> bool:
        """Has context ``number`` a descriptor of ``socket``? Context 1 has them all."""
        if number == context.OBSERVER:
            return True
        holder = self.holder(socket.inode)
        return holder is not None and number in holder.contexts

    def holder(self, inode: int) -> Holder | None:
        """Who has descriptors of the socket with that inode; None if nobody has."""
        if self._holders is None:
            self._holders = _find_holders()
        return self._holders.get(inode)


def _addresses(directory: str) -> list[str]:
    try:
        addresses = ipv4root.addresses_of(directory)
    except PermissionError:  # it is being made
        return []
    return [*(address for address, _mask in addresses.effective()), *addresses.addresses6]


def _find_holders() -> dict[int, Holder]:
    pids, members = observer.all_pids(), observer.memberships()
    holders: dict[int, Holder] = {}
    for pid in sorted(pids):
        for inode in process.socket_inodes(pid):
            holder = holders.setdefault(inode, Holder(pid))
            holder.count += 1
            holder.contexts.add(members.get(pid, 0))
    return holders


def inet_sockets(family: int, protocol: int) -> list[InetSocket]:
    """The sockets of ``protocol``, at the addresses that their programs asked for.

    One that asked for 0.0.0.0 is shown there, and not where its address set has put it
    (K-NET-5): over all contexts several sockets may be at 0.0.0.0 with the same port.
    """
    with SocketStates() as states:

        def ask() -> list[InetSocket]:
            return sockdiag.inet_sockets(family, protocol, states.maps)

        found = []
        for network, socket in _everywhere(ask):
            socket.network = network
            found.append(socket)
        wildcards = states.datagram_wildcards() if protocol == sockdiag.UDP else set()
        for socket in found:
            port = None if socket.peer_port else _port_of_any(socket, states, wildcards)
            if port is not None:
                socket.local, socket.local_port = _ANY[socket.family], port
    return found


def unix_sockets() -> list[UnixSocket]:
    """The Unix sockets."""
    return [socket for _, socket in _everywhere(sockdiag.unix_sockets)]


def _everywhere(ask: Callable[[], list[Kind]]) -> list[tuple[int, Kind]]:
    """What ``ask`` finds here, after a 0, and in the network namespaces that contexts have for
    themselves, after the number of each."""
    found = [(0, one) for one in ask()]
    for number in filter(context.has_own_network, context.numbers()):
        try:
            with netns.Inside(number):
                found += [(number, one) for one in ask()]
        except ProcessLookupError:  # it ends
            continue
    return found


def _port_of_any(
    socket: InetSocket, states: SocketStates, wildcards: set[tuple[str, int]]
) -> int | None:
    if (socket.local.removeprefix(_MAPPED), socket.local_port) in wildcards:
        return socket.local_port
    ports = (states.port_of_any(value, socket.local_port) for value in socket.storages)
    return next((port for port in ports if port is not None), None)


def is_waiting(socket: InetSocket | UnixSocket) -> bool:
    """Does ``socket`` listen, or wait for datagrams from anybody?"""
    return socket.state in (sockdiag.LISTEN, sockdiag.CLOSE)
