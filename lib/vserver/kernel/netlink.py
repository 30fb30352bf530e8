"""Network devices that are made for guests, by pyroute2."""

from __future__ import annotations

import os

from vserver import thirdparty
from vserver.kernel.netdev import device_index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pyroute2 import IPRoute

_SCOPE_HOST = 254  # linux/rtnetlink.h


def create_vlan(parent: str, vlan: int) -> None:
    """Make the VLAN device ``parent.vlan``, up and with 127.0.0.1 as its own address.

    The address is a place-holder: without one the alias that comes next would be taken for the
    device's own (change log, 0.21). OSError with the device's name; no device is left then.
    EOPNOTSUPP means that the kernel has no 802.1Q (module 8021q).
    """
    thirdparty.enable()
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    name = f"{parent}.{vlan}"
    link = device_index(parent)
    with IPRoute() as route:
        try:
            route.link("add", ifname=name, kind="vlan", link=link, vlan_id=vlan)
            try:
                _configure(route, name)
            except NetlinkError:
                route.link("del", ifname=name)
                raise
        except NetlinkError as error:
            raise OSError(error.code, os.strerror(error.code), name) from None


def _configure(route: IPRoute, name: str) -> None:
    index = device_index(name)
    route.addr(
        "add",
        index=index,
        address="127.0.0.1",
        prefixlen=8,
        broadcast="127.255.255.255",
        scope=_SCOPE_HOST,
        label=name,
    )
    route.link("set", index=index, state="up")
