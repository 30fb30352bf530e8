"""The kernel's lists of sockets, against the sockets of this very process."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

from vserver.kernel import sockdiag
from vserver.kernel.sockdiag import InetSocket

Look = Callable[[int, int, socket.socket], InetSocket]
FAMILIES = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


def find(family: int, protocol: int, one: socket.socket) -> InetSocket:
    inode = os.fstat(one.fileno()).st_ino
    found = [s for s in sockdiag.inet_sockets(family, protocol, []) if s.inode == inode]
    assert len(found) == 1
    return found[0]


def table_row(family: int, protocol: int, one: socket.socket) -> InetSocket:
    inode = os.fstat(one.fileno()).st_ino
    (found,) = (s for s in sockdiag._read_table(family, protocol) if s.inode == inode)
    return found


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("look", [find, table_row])
def test_listening_and_connected_sockets(family: int, look: Look) -> None:
    address = FAMILIES[socket.AddressFamily(family)]
    with (
        socket.create_server((address, 0), family=socket.AddressFamily(family)) as server,
        socket.create_connection(server.getsockname()[:2]) as client,
    ):
        waiting, connected = (look(family, sockdiag.TCP, s) for s in (server, client))
        assert (waiting.local, waiting.local_port) == server.getsockname()[:2]
        assert (waiting.state, waiting.peer_port) == (sockdiag.LISTEN, 0)
        assert (connected.local, connected.local_port) == client.getsockname()[:2]
        assert (connected.peer, connected.peer_port) == server.getsockname()[:2]
        assert connected.state == sockdiag.ESTABLISHED


@pytest.mark.parametrize("look", [find, table_row])
def test_datagram_sockets_and_what_waits_in_their_queue(look: Look) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.sendto(b"x" * 100, receiver.getsockname())
        found = look(socket.AF_INET, sockdiag.UDP, receiver)
        assert (found.local, found.local_port) == receiver.getsockname()
        assert found.state == sockdiag.CLOSE
        assert found.receive_queue >= 100


def test_unix_sockets_have_names_that_are_not_cut() -> None:
    with socket.socket(socket.AF_UNIX) as abstract, socket.socket(socket.AF_UNIX) as unnamed:
        abstract.bind("\0vserver test\n1")
        abstract.listen()
        by_inode = {one.inode: one for one in sockdiag.unix_sockets()}
        found = by_inode[os.fstat(abstract.fileno()).st_ino]
        assert (found.name, found.state) == ("@vserver test\n1", sockdiag.LISTEN)
        assert os.fstat(unnamed.fileno()).st_ino not in by_inode or (
            by_inode[os.fstat(unnamed.fileno()).st_ino].name == ""
        )
