"""The tables of vnetstat, in the format of netstat, and their rows as JSON."""

from __future__ import annotations

from vserver.kernel import process, sockdiag
from vserver.messages import visible

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from vserver.kernel.sockdiag import InetSocket, UnixSocket
    from vserver.sockets import Holder

INET_TITLE = "Active Internet connections ({})"
INET_HEADING = "Proto Recv-Q Send-Q Local Address           Foreign Address         State      "
INET_ROW = "%-4s  %6d %6d %-23s %-23s %-11s"
UNIX_TITLE = "Active UNIX domain sockets ({})"
UNIX_HEADING = "Proto RefCnt Flags       Type       State         I-Node   Path"
UNIX_ROW = "%-5s %-6d %-11s %-10s %-13s %-8d %s"
PROGRAM = " %-20s"

# by the number of the state, net/tcp_states.h
STATES = (
    "? ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK"
    " LISTEN CLOSING SYN_RECV"
).split()
UNIX_STATES = {sockdiag.ESTABLISHED: "CONNECTED", sockdiag.LISTEN: "LISTENING"}
KINDS = {1: "STREAM", 2: "DGRAM", 3: "RAW", 5: "SEQPACKET"}  # linux/net.h


class InetRow:
    """An IP socket, its protocol as netstat calls it, and who has it if that is to be shown."""

    __slots__ = ("holder", "protocol", "socket")

    def __init__(self, protocol: str, socket: InetSocket, holder: Holder | None) -> None:
        self.protocol = protocol
        self.socket = socket
        self.holder = holder

    @property
    def state(self) -> str:
        """The state in words; a raw socket has a number, an unconnected datagram socket none."""
        if self.protocol.startswith("raw"):
            return str(self.socket.state)
        if self.protocol.startswith("udp") and self.socket.state == sockdiag.CLOSE:
            return ""
        return STATES[self.socket.state]

    @property
    def local(self) -> str:
        """The own address and port."""
        return f"{self.socket.local}:{self.socket.local_port or '*'}"

    @property
    def peer(self) -> str:
        """The address and port of the other end, which may be anybody."""
        return f"{self.socket.peer}:{self.socket.peer_port or '*'}"


class UnixRow:
    """A Unix socket and who has it."""

    __slots__ = ("holder", "socket")

    def __init__(self, socket: UnixSocket, holder: Holder | None) -> None:
        self.socket = socket
        self.holder = holder

    @property
    def references(self) -> int:
        """How many descriptors there are of it."""
        return self.holder.count if self.holder else 0

    @property
    def state(self) -> str:
        """The state in words, empty when it is not connected."""
        return UNIX_STATES.get(self.socket.state, "")

    @property
    def kind(self) -> str:
        """The type of the socket."""
        return KINDS.get(self.socket.kind, str(self.socket.kind))


def print_inet(rows: list[InetRow], *, waiting: bool, program: bool) -> None:
    """Print the table of IP sockets; ``waiting`` says that these are the servers only."""
    print(INET_TITLE.format(_scope(waiting=waiting)))
    print(INET_HEADING + _program_heading(program=program))
    for row in rows:
        socket = row.socket
        queues = socket.receive_queue, socket.send_queue
        line = INET_ROW % (row.protocol, *queues, row.local, row.peer, row.state)
        print(line + _program(row.holder, program=program))


def print_unix(rows: list[UnixRow], *, waiting: bool, program: bool) -> None:
    """Print the table of Unix sockets."""
    print(UNIX_TITLE.format(_scope(waiting=waiting)))
    print(UNIX_HEADING + _program_heading(program=program))
    for row in rows:
        flags = "[ ACC ]" if row.socket.state == sockdiag.LISTEN else "[ ]"
        fields = "unix", row.references, flags, row.kind, row.state, row.socket.inode
        line = UNIX_ROW % (*fields, visible(row.socket.name))
        print(line + _program(row.holder, program=program))


def _scope(*, waiting: bool) -> str:
    return "only servers" if waiting else "servers and established"


def _program_heading(*, program: bool) -> str:
    return PROGRAM % "PID/Program name" if program else ""


def _program(holder: Holder | None, *, program: bool) -> str:
    if not program:
        return ""
    return PROGRAM % (f"{holder.pid}/{visible(process.name(holder.pid))}" if holder else "-")


def inet_fields(row: InetRow) -> dict[str, object]:
    """An IP socket as JSON has it."""
    socket = row.socket
    return {
        "protocol": row.protocol,
        "receive_queue": socket.receive_queue,
        "send_queue": socket.send_queue,
        "local": row.local,
        "peer": row.peer,
        "state": row.state,
        "inode": socket.inode,
        **_program_fields(row.holder),
    }


def unix_fields(row: UnixRow) -> dict[str, object]:
    """A Unix socket as JSON has it."""
    socket = row.socket
    return {
        "protocol": "unix",
        "references": row.references,
        "type": row.kind,
        "state": row.state,
        "inode": socket.inode,
        "path": socket.name,
        **_program_fields(row.holder),
    }


def _program_fields(holder: Holder | None) -> dict[str, object]:
    return {"pid": holder.pid, "program": process.name(holder.pid)} if holder else {}
