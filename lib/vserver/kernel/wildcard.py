"""What reaches a socket on 0.0.0.0 beside its first address (bpf/wildcard.h).

Connections to further addresses are found by a program on the network namespace, datagrams and
broadcasts by one on the devices. Both are attached once and pinned; they go with the network
namespace and the device.
"""

from __future__ import annotations

import os
from _socket import if_nametoindex, socket
from errno import EOPNOTSUPP

from vserver.kernel import bpf, netdev

# linux/bpf.h: enum bpf_attach_type; the last two since 6.6
_SK_LOOKUP, _TCX_INGRESS, _TCX_EGRESS = 36, 46, 47

# bits/socket.h, asm-generic/socket.h
_AF_INET, _SOCK_DGRAM, _SOL_SOCKET, _SO_NETNS_COOKIE = 2, 2, 1, 71


def netns_cookie() -> int:
    """The number of the caller's network namespace, never used again (SO_NETNS_COOKIE, 5.14)."""
    from sys import byteorder

    probe = socket(_AF_INET, _SOCK_DGRAM)
    try:
        return int.from_bytes(probe.getsockopt(_SOL_SOCKET, _SO_NETNS_COOKIE, 8), byteorder)
    finally:
        probe.close()


def serve(pinned: str, *, several: bool) -> None:
    """Attach what is not there yet of the programs pinned in the directory ``pinned``.

    ``several``: there are further addresses, not only broadcasts. A kernel without filters on
    devices (CONFIG_NET_CLS_BPF) brings no broadcasts, and datagrams for the first address only.
    """
    cookie = netns_cookie()
    if several:
        _serve_connections(pinned, cookie)
    for device in {address.device for address in netdev.addresses()}:
        try:
            _serve_device(pinned, cookie, if_nametoindex(device))
        except OSError as error:
            if error.errno != EOPNOTSUPP and os.path.exists(f"/sys/class/net/{device}"):
                raise


def _serve_connections(pinned: str, cookie: int) -> None:
    mark = f"{pinned}/lookup-{cookie}"
    if os.path.exists(mark):
        return
    namespace = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _link(f"{pinned}/find_listener", namespace, _SK_LOOKUP, mark)
    finally:
        os.close(namespace)


def _serve_device(pinned: str, cookie: int, index: int) -> None:
    for program, attach_type in (("device_ingress", _TCX_INGRESS), ("device_egress", _TCX_EGRESS)):
        mark = f"{pinned}/{program}-{cookie}-{index}"
        if not os.path.exists(mark):
            _link(f"{pinned}/{program}", index, attach_type, mark)


def _link(program: str, target: int, attach_type: int, mark: str) -> None:
    """Attach a pinned program and pin the link at ``mark``, unless somebody else just did."""
    fd = bpf.open_pinned(program)
    try:
        link = bpf.link(fd, target, attach_type)
        bpf.pin(link, mark)
        os.close(link)
    except FileExistsError:
        pass
    finally:
        os.close(fd)
