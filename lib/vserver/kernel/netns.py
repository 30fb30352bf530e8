"""A network namespace of a context's own, and the pair of devices that joins it to the host.

Inside there are a loopback device and one that is called like the host's, with the context's
addresses; its other end on the host is ``vsNUMBER``. The host routes the addresses there and
answers for them on its own devices (proxy ARP, for these addresses alone). The pair and the
routes die with the namespace, and that with process 1, however it ends; what answers for an
address without a route is silent. The kernel answers no more on a device that was down
meanwhile: ``publish_all`` is for the hooks of what sets up the network.
"""

from __future__ import annotations

import os
from _socket import if_indextoname, if_nametoindex, inet_pton
from errno import EEXIST, ENODEV, ENOENT, ESRCH
from struct import pack, unpack

from vserver.errors import reason
from vserver.kernel import context, netdev, process, rtnetlink, syscalls
from vserver.kernel.spawn import Step

_AF_INET = 2  # bits/socket.h

# linux/rtnetlink.h, linux/if_link.h, linux/veth.h
_RTM_NEWLINK, _RTM_DELLINK, _RTM_GETLINK, _RTM_SETLINK = 16, 17, 18, 19
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 1, 3, 4, 18, 28
_IFINFOMSG_SIZE = 16
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_IFF_UP = 1

# linux/rtnetlink.h: routes
_RTM_NEWROUTE, _RTM_GETROUTE = 24, 26
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC = 1, 4, 5, 6, 7
_RT_TABLE_MAIN, _RTPROT_BOOT, _SCOPE_UNIVERSE, _SCOPE_LINK, _RTN_UNICAST = 254, 3, 0, 253, 1
_RTNH_F_ONLINK = 4
_RTMSG_SIZE = 12
_FALLBACK = 1  # the metric of a route that counts when there is no other

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

    @property
    def published(self) -> list[tuple[str, str]]:
        """Each address, after the device of the host that it is to be reached by."""
        return [(one.device, one.address) for one in self.addresses]


def leave(number: int, network: Network) -> list[str]:
    """Move the calling process to a new network namespace, that of context ``number``.

    Returns complaints, one for each address that cannot be used. Failure names the step; what
    was made then goes with the process.
    """
    host = os.open(_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
    try:
        mtu = _mtu(network)
        with Step("cannot make a network namespace"):
            syscalls.unshare(syscalls.CLONE_NEWNET)
            own = os.open(_NETWORK, os.O_RDONLY | os.O_CLOEXEC)
        with Step("cannot set up the network"):
            _set_up("lo")
            if not network.addresses:
                return []
            inside, complaints = _furnish_inside(number, network, host, mtu)
            syscalls.setns(host, syscalls.CLONE_NEWNET)
            _furnish_host(number)
            complaints += publish(number, inside.published)
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
    """Remove the devices of context ``number`` at once: the kernel would take its time.

    A device of somebody else's with that name stays.
    """
    try:
        index = if_nametoindex(_host_end(number))
        if _properties(index).get(_IFLA_ADDRESS) == _GATEWAY_LINK:
            rtnetlink.change(_RTM_DELLINK, _link(index))
    except OSError as error:  # if_nametoindex has no errno
        if error.errno not in (None, ENODEV):
            raise


def publish_all() -> None:
    """Have the host route to every context, and answer for it, as when that was made."""
    for number in context.numbers():
        if pairs := context.published_of(number):
            try:
                publish(number, pairs)
            except OSError as error:  # if_nametoindex has no errno: the context ends
                if error.errno not in (None, ENODEV):
                    raise


def publish(number: int, pairs: list[tuple[str, str]]) -> list[str]:
    """Have the host route each address to context ``number``, and answer for it on its device.

    ``pairs`` are (device, address); what is so already stays. Returns complaints, one for each
    that cannot be routed. OSError when the context has no device on the host.
    """
    end = _host_end(number)
    index = if_nametoindex(end)
    complaints = []
    for device, address in pairs:
        try:
            _publish(index, end, device, address)
        except OSError as error:
            why = "another vserver has it" if error.errno == EEXIST else reason(error)
            complaints.append(f"cannot route {address} on {device}: {why}")
    return complaints


def owner_of(address: str) -> str:
    """The device of the context that the host routes ``address`` to, "" for none."""
    target = rtnetlink.attribute(_RTA_DST, _packed(address))
    try:
        answers = rtnetlink.ask(_RTM_GETROUTE, pack("=4B8x", _AF_INET, 32, 0, 0) + target)
        found = rtnetlink.attributes(answers[0], _RTMSG_SIZE)
        device = if_indextoname(*unpack("=I", found[_RTA_OIF]))
    except (OSError, LookupError):  # there is no route, or one to nowhere
        return ""
    return device if device.startswith("vs") and device[2:].isdigit() else ""


def unpublish(device: str, address: str) -> None:
    """Answer for ``address`` on ``device`` of the host no more; nothing if nobody did.

    Nor if it is another context's by now.
    """
    if owner_of(address):
        return
    try:
        rtnetlink.change(_RTM_DELNEIGH, _proxy(device, address))
    except OSError as error:
        if error.errno not in (ENOENT, ENODEV):
            raise


def _host_end(number: int) -> str:
    return f"vs{number}"


def _mtu(network: Network) -> bytes:
    """The longest packet of the first device, as an attribute; none when it is not there."""
    if not network.addresses:
        return b""
    try:
        index = netdev.device_index(network.addresses[0].device)
        return rtnetlink.attribute(_IFLA_MTU, _properties(index)[_IFLA_MTU])
    except OSError:
        return b""


def _properties(index: int) -> dict[int, bytes]:
    """The attributes of a device of the present namespace."""
    return rtnetlink.attributes(rtnetlink.ask(_RTM_GETLINK, _link(index))[0], _IFINFOMSG_SIZE)


def _furnish_inside(
    number: int, network: Network, host: int, mtu: bytes
) -> tuple[Network, list[str]]:
    """The pair of devices, and what is on the inner one; what came to be there, and complaints."""
    device = network.addresses[0].device
    _make_pair(device, _host_end(number), host, mtu)
    _set_up(device)
    there, complaints = [], []
    for one in network.addresses:
        label = f"{device}:{one.label.partition(':')[2]}"
        if len(label) > netdev.LABEL_MAX:  # nobody else has addresses on this device
            label = device
        try:
            netdev.add_alias(label, one.address, one.prefix, one.broadcast, with_route=False)
            there.append(one)
        except OSError as error:
            complaints.append(f"cannot set {label} to {one.address}: {reason(error)}")
    if there:
        index = if_nametoindex(device)
        link = rtnetlink.attribute(_NDA_LLADDR, _GATEWAY_LINK)
        rtnetlink.create(_RTM_NEWNEIGH, _neighbour(index, _GATEWAY, _NUD_PERMANENT) + link)
        rtnetlink.create(_RTM_NEWROUTE, _default_route(index, _packed(there[0].address)))
    return Network(there), complaints


def _furnish_host(number: int) -> None:
    """The host's end: no address, no IPv6, and nothing comes in from a foreign address."""
    end = _host_end(number)
    _configure(end, "disable_ipv6", "1", protocol="ipv6")
    _configure(end, "rp_filter", "1")
    _configure(end, "forwarding", "1")
    _set_up(end)


def _publish(index: int, end: str, device: str, address: str) -> None:
    """Route ``address`` to the device ``end`` of number ``index``, and answer for it on ``device``.

    There are two routes. The first says from where the host itself asks, and the kernel removes
    it with that address, as when DHCP gives the host another one; the second stays.
    """
    proxy = _proxy(device, address)
    _add_route(end, address, _host_route(index, address, _FALLBACK))
    if source := _source(device):
        _add_route(end, address, _host_route(index, address, 0, source))
    _configure(device, "forwarding", "1")
    try:
        rtnetlink.create(_RTM_NEWNEIGH, proxy)
    except FileExistsError:  # of one that was killed
        pass


def _add_route(end: str, address: str, route: bytes) -> None:
    """FileExistsError when another context has the address."""
    try:
        rtnetlink.create(_RTM_NEWROUTE, route)
    except FileExistsError:
        if owner_of(address) != end:
            raise


def _source(device: str) -> bytes:
    """The host's own address on ``device``; none where the kernel has to choose."""
    try:
        return rtnetlink.attribute(_RTA_PREFSRC, _packed(netdev.main_address(device).address))
    except OSError:
        return b""


def _configure(device: str, name: str, value: str, *, protocol: str = "ipv4") -> None:
    """Set a setting of a device of the present namespace, if it is not so yet."""
    path = _SETTINGS.format(protocol, device, name)
    try:
        with open(path, "rb", buffering=0) as setting:
            if setting.read(8).strip() == value.encode():
                return
        with open(path, "wb", buffering=0) as setting:
            setting.write(value.encode())
    except FileNotFoundError:
        if protocol != "ipv6":  # a kernel may have none
            raise


def _make_pair(inner: str, outer: str, host: int, mtu: bytes) -> None:
    """A veth pair: ``inner`` here, ``outer`` in the namespace that ``host`` is open on."""
    peer = (
        _link()
        + _name(outer)
        + mtu
        + rtnetlink.attribute(_IFLA_ADDRESS, _GATEWAY_LINK)
        + rtnetlink.attribute(_IFLA_NET_NS_FD, pack("=I", host))
    )
    data = rtnetlink.attribute(_VETH_INFO_PEER, peer)
    info = rtnetlink.attribute(_IFLA_INFO_KIND, b"veth")
    info += rtnetlink.attribute(_IFLA_INFO_DATA, data)
    body = _link() + _name(inner) + mtu + rtnetlink.attribute(_IFLA_LINKINFO, info)
    try:
        rtnetlink.create(_RTM_NEWLINK, body)
    except FileExistsError as error:  # the namespace is new, so it is the outer one
        error.filename = outer
        raise


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


def _host_route(index: int, address: str, metric: int, source: bytes = b"") -> bytes:
    return (
        _route(32, _SCOPE_LINK)
        + rtnetlink.attribute(_RTA_DST, _packed(address))
        + rtnetlink.attribute(_RTA_OIF, pack("=I", index))
        + rtnetlink.attribute(_RTA_PRIORITY, pack("=I", metric))
        + source
    )


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
