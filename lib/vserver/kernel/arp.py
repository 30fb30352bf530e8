"""Tell the neighbours that an address is on this machine now (RFC 5227, ARP announcement).

Who has talked to the address while another machine had it would go on sending there, for
minutes. The kernel announces nothing when an address is added to a device that is up.
"""

from __future__ import annotations

import os
from _socket import inet_aton, socket
from struct import pack

from vserver.kernel import syscalls

# bits/socket.h, linux/if_arp.h, linux/if_ether.h
_AF_PACKET, _SOCK_DGRAM = 17, 2
_ARPHRD_ETHER, _ETH_P_IP, _ETH_P_ARP = 1, 0x0800, 0x0806
_ARPOP_REQUEST = 1
_EVERYBODY, _NOBODY = b"\xff" * 6, bytes(6)


def announce(pairs: list[tuple[str, str]]) -> None:
    """Announce each (device, dotted address) of ``pairs``, by a process that nobody waits for.

    To close a packet socket takes the kernel's grace period, 5 to 25 ms. A device without ARP,
    or one that is down, has no neighbours to be told; that is no error.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        if os.fork() == 0:
            syscalls.close_range(0)  # locks and pipes of the caller
            for device, address in pairs:
                _send(device, address)
    finally:
        os._exit(0)


def _send(device: str, address: str) -> None:
    try:
        packets = socket(_AF_PACKET, _SOCK_DGRAM, 0)
        packets.bind((device, 0))
        *_, kind, own = packets.getsockname()
        if kind == _ARPHRD_ETHER:
            everybody = (device, _ETH_P_ARP, 0, 0, _EVERYBODY)
            packets.sendto(_announcement(own, inet_aton(address)), everybody)
    except OSError:
        pass


def _announcement(hardware: bytes, address: bytes) -> bytes:
    """A request for the address by the address itself (RFC 826, RFC 5227 section 2.3)."""
    head = pack("!HHBBH", _ARPHRD_ETHER, _ETH_P_IP, len(hardware), len(address), _ARPOP_REQUEST)
    return head + hardware + address + _NOBODY + address
