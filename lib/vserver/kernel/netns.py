"""A network namespace of a context's own, and the pair of devices that joins it to the host.

Inside there are a loopback device and one that is called like the host's, with the context's
addresses; its other end on the host is ``vsNUMBER``. The host routes the addresses there and
answers for them on its own devices (proxy ARP, for these addresses alone). The pair and the
routes die with the namespace, and that with process 1, however it ends; what answers for an
address without a route is silent.
"""

from __future__ import annotations

import os
from _socket import if_nametoindex, inet_pton
from errno import EEXIST, ENODEV, ENOENT, ESRCH
from struct import pack

from vserver.kernel import context, netdev, process, rtnetlink, syscalls
from vserver.kernel.spawn import Step

_AF_INET = 2  # bits/socket.h

# linux/rtnetlink.h, linux/if_link.h, linux/veth.h
_RTM_NEWLINK, _RTM_DELLINK, _RTM_SETLINK = 16, 17, 19
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 1, 3, 18, 28
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_IFF_UP = 1

# linux/rtnetlink.h: routes
_RTM_NEWROUTE = 24
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC = 1, 4, 5, 7
_RT_TABLE_MAIN, _RTPROT_BOOT, _SCOPE_UNIVERSE, _SCOPE_LINK, _RTN_UNICAST = 254, 3, 0, 253, 1
_RTNH_F_ONLINK = 4

# linux/neighbour.h
_RTM_NEWNEIGH, _RTM_DELNEIGH = 28, 29
_NDA_DST, _NDA_LLADDR, _NUD_PERMANENT, _NTF_PROXY = 1, 2, 0x80, 0x08

# The host's end as seen from inside: the same for every context. One entry in the kernel's table
# of neighbours is all that a context can fill.
_GATEWAY = inet_pton(_AF_INET, "169.254.1.1")
_GATEWAY_LINK = bytes.fromhex("027673000001")  # locally administered

_SETTINGS = "/proc/sys/net/{}/conf/{}/{}"
_NETWORK = "/proc/self/ns/net"


class Network:
    """What a namespace is to have: the ``addresses``, each with the host's device and label.

    Without addresses it has the loopback device only.
    """

    __slots__ = ("addresses",)

    def __init__(self, addresses: list[netdev.Address]) -> None:
        self.addresses = addresses


def leave(number: int, network: Network) -> list[str]:
    """Move the calling process to a new network namespace, that of context ``number``.

    Returns complaints, one for each address that cannot be used. Failure names the step; what
    was made then goes with the process.
    """
    host = os.open(_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with Step("cannot make a network namespace"):
            syscalls.unshare(syscalls.CLONE_NEWNET)
            own = os.open(_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
        with Step("cannot set up the network"):
            _set_up("lo")
            if not network.addresses:
                return []
            complaints = _furnish_inside(number, network, host)
            syscalls.setns(host, syscalls.CLONE_NEWNET)
            complaints += _furnish_host(number, network)
            syscalls.setns(own, syscalls.CLONE_NEWNET)
        return complaints
    finally:
        os.close(host)


class Inside:
    """A ``with`` block in which the calling process is in the network namespace of a context.

    ProcessLookupError when the context has ended.
    """

    __slots__ = ("_back", "_number")

    def __init__(self, number: int) -> None:
        self._number = number
        self._back = -1

    def __enter__(self) -> None:
        init = context.init_of(self._number)
        if init is None:
            raise ProcessLookupError(ESRCH, os.strerror(ESRCH))
        pidfd = process.open_pidfd(init.pid, init.started)
        try:
            self._back = os.open(_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
            syscalls.setns(pidfd, syscalls.CLONE_NEWNET)
        finally:
            os.close(pidfd)

    def __exit__(self, *exception: object) -> None:
        syscalls.setns(self._back, syscalls.CLONE_NEWNET)
        os.close(self._back)


def remove(number: int) -> None:
    """Remove the devices of context ``number`` at once: the kernel would take its time."""
    try:
        rtnetlink.change(_RTM_DELLINK, _link(if_nametoindex(_host_end(number))))
    except OSError as error:  # if_nametoindex has no errno
        if error.errno not in (None, ENODEV):
            raise


def unpublish(device: str, address: str) -> None:
    """Answer for ``address`` on ``device`` of the host no more; nothing if nobody did."""
    try:
        rtnetlink.change(_RTM_DELNEIGH, _proxy(device, address))
    except OSError as error:
        if error.errno not in (ENOENT, ENODEV):
            raise


def _host_end(number: int) -> str:
    return f"vs{number}"


def _furnish_inside(number: int, network: Network, host: int) -> list[str]:
    """The pair of devices, and what is on the inner one."""
    device = network.addresses[0].device
    _make_pair(device, _host_end(number), host)
    _set_up(device)
    complaints = []
    for one in network.addresses:
        label = f"{device}:{one.label.partition(':')[2]}"
        try:
            netdev.add_alias(label, one.address, one.prefix, one.broadcast, with_route=False)
        except OSError as error:
            complaints.append(_complaint(f"set {label} to", one, error))
    index = if_nametoindex(device)
    link = rtnetlink.attribute(_NDA_LLADDR, _GATEWAY_LINK)
    rtnetlink.create(_RTM_NEWNEIGH, _neighbour(index, _GATEWAY, _NUD_PERMANENT) + link)
    source = _packed(network.addresses[0].address)
    rtnetlink.create(_RTM_NEWROUTE, _default_route(index, source))
    return complaints


def _furnish_host(number: int, network: Network) -> list[str]:
    """The host's end: no address, no IPv6, and nothing comes in from a foreign address."""
    end = _host_end(number)
    _configure(end, "disable_ipv6", "1", protocol="ipv6")
    _configure(end, "rp_filter", "1")
    _configure(end, "forwarding", "1")
    _set_up(end)
    index = if_nametoindex(end)
    complaints = []
    for one in network.addresses:
        try:
            _publish(index, one)
        except OSError as error:
            complaints.append(_complaint("route", one, error))
    return complaints


def _publish(index: int, address: netdev.Address) -> None:
    """Route ``address`` to the device ``index``, and answer for it where it belongs."""
    rtnetlink.create(_RTM_NEWROUTE, _host_route(index, address))
    _configure(address.device, "forwarding", "1")
    try:
        rtnetlink.create(_RTM_NEWNEIGH, _proxy(address.device, address.address))
    except FileExistsError:  # of one that was killed
        pass


def _complaint(what: str, address: netdev.Address, error: OSError) -> str:
    why = "another vserver has it" if error.errno == EEXIST else os.strerror(error.errno or 0)
    return f"cannot {what} {address.address}: {why}"


def _configure(device: str, name: str, value: str, *, protocol: str = "ipv4") -> None:
    """Set a setting of a device of the present namespace, if it is not so yet."""
    try:
        with open(_SETTINGS.format(protocol, device, name), "r+b", buffering=0) as setting:
            if setting.read(8).strip() != value.encode():
                setting.seek(0)
                setting.write(value.encode())
    except FileNotFoundError:
        if protocol != "ipv6":  # a kernel may have none
            raise


def _make_pair(inner: str, outer: str, host: int) -> None:
    """A veth pair: ``inner`` here, ``outer`` in the namespace that ``host`` is open on."""
    peer = (
        _link()
        + _name(outer)
        + rtnetlink.attribute(_IFLA_ADDRESS, _GATEWAY_LINK)
        + rtnetlink.attribute(_IFLA_NET_NS_FD, pack("=I", host))
    )
    data = rtnetlink.attribute(_VETH_INFO_PEER, peer)
    info = rtnetlink.attribute(_IFLA_INFO_KIND, b"veth")
    info += rtnetlink.attribute(_IFLA_INFO_DATA, data)
    body = _link() + _name(inner) + rtnetlink.attribute(_IFLA_LINKINFO, info)
    rtnetlink.create(_RTM_NEWLINK, body)


def _set_up(device: str) -> None:
    rtnetlink.change(_RTM_SETLINK, _link(if_nametoindex(device), _IFF_UP))


def _link(index: int = 0, flags: int = 0) -> bytes:
    """A struct ifinfomsg that turns ``flags`` on."""
    return pack("=BxHiII", 0, 0, index, flags, flags)


def _name(device: str) -> bytes:
    return rtnetlink.attribute(_IFLA_IFNAME, os.fsencode(device) + b"\0")


def _default_route(index: int, source: bytes) -> bytes:
    return (
        _route(0, _SCOPE_UNIVERSE, _RTNH_F_ONLINK)
        + rtnetlink.attribute(_RTA_GATEWAY, _GATEWAY)
        + rtnetlink.attribute(_RTA_PREFSRC, source)
        + rtnetlink.attribute(_RTA_OIF, pack("=I", index))
    )


def _host_route(index: int, address: netdev.Address) -> bytes:
    body = (
        _route(32, _SCOPE_LINK)
        + rtnetlink.attribute(_RTA_DST, _packed(address.address))
        + rtnetlink.attribute(_RTA_OIF, pack("=I", index))
    )
    try:
        source = netdev.main_address(address.device).address
    except OSError:  # the device has none of its own: the kernel chooses
        return body
    return body + rtnetlink.attribute(_RTA_PREFSRC, _packed(source))


def _route(length: int, scope: int, flags: int = 0) -> bytes:
    """A struct rtmsg for a route of ``length`` bits."""
    kind = (_RT_TABLE_MAIN, _RTPROT_BOOT, scope, _RTN_UNICAST)
    return pack("=8BI", _AF_INET, length, 0, 0, *kind, flags)


def _proxy(device: str, address: str) -> bytes:
    return _neighbour(netdev.device_index(device), _packed(address), flags=_NTF_PROXY)


def _neighbour(index: int, address: bytes, state: int = 0, flags: int = 0) -> bytes:
    """A struct ndmsg, and the address that it is about."""
    fixed = pack("=BxxxiHBB", _AF_INET, index, state, flags, 0)
    return fixed + rtnetlink.attribute(_NDA_DST, address)


def _packed(dotted: str) -> bytes:
    return inet_pton(_AF_INET, dotted)
