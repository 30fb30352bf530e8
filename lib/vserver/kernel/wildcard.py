"""What reaches a socket on 0.0.0.0 beside its first address (bpf/wildcard.h).

Connections to further addresses are found by a program on the network namespace, datagrams and
broadcasts by one on the devices. Both are attached once and pinned; they go with the network
namespace and the device. There is one of each for all versions of the package that are in use:
the programs have their maps in common (MAPS), and a newer one takes the place of the older.
"""

from __future__ import annotations

import os
from _socket import if_indextoname, if_nametoindex, socket
from errno import EINVAL, ENOENT, ENOLINK, EOPNOTSUPP, EROFS
from struct import pack

from vserver.errors import VserverError, reason
from vserver.kernel import bpf, netdev, rtnetlink

MAPS = bpf.FILE_SYSTEM + "/vserver-wildcards-3"  # LAYOUT of bpf/wildcard.h

# linux/bpf.h: enum bpf_attach_type; the last two since 6.6
_SK_LOOKUP, _TCX_INGRESS, _TCX_EGRESS = 36, 46, 47

# linux/rtnetlink.h, linux/pkt_sched.h, linux/pkt_cls.h: what there was before 6.6
_RTM_NEWQDISC, _RTM_NEWTFILTER, _RTM_GETTFILTER = 36, 44, 46
_TC_CLSACT, _TC_INGRESS, _TC_EGRESS = 0xFFFFFFF1, 0xFFFFFFF2, 0xFFFFFFF3
_TCA_KIND, _TCA_OPTIONS, _TCA_BPF_FD, _TCA_BPF_NAME, _TCA_BPF_FLAGS = 1, 2, 6, 7, 8
_TCA_BPF_FLAG_ACT_DIRECT = 1
_ALL_PROTOCOLS = 0x0300  # ETH_P_ALL (linux/if_ether.h) in network order
_PRIORITY = 0x7E57

_UNSUPPORTED = (EINVAL, ENOENT, EOPNOTSUPP)  # no filters on devices, no clsact, no cls_bpf

# The programs of devices with both ways to attach them; the first is of less importance
_OUT = ("device_egress", _TCX_EGRESS, _TC_EGRESS)
_IN = ("device_ingress", _TCX_INGRESS, _TC_INGRESS)

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


def serve(pinned: str, *, several: bool) -> list[str]:
    """Attach what is not there yet of the programs pinned in the directory ``pinned``.

    ``several``: there are further addresses, not only broadcasts. Returns complaints: devices
    without filters (CONFIG_NET_CLS_BPF) bring datagrams to the first address only. Nor do they
    bring broadcasts, which never was a reason to complain (change log, 0.14). VserverError (255)
    when connections to further addresses cannot be brought.
    """
    cookie = netns_cookie()
    complaints = []
    made: list[str] = []
    if several:
        _serve_connections(pinned, cookie)
    for device in sorted({address.device for address in netdev.addresses()}):
        refused = _serve_device(pinned, cookie, device, made)
        if refused and several:
            what = f"no filter on {device}, so datagrams reach the first address only"
            complaints.append(f"{what}: {reason(refused)}")
    if made:  # where devices come, others have gone
        _sweep(pinned, cookie)
        _sweep(MAPS, cookie)
    return complaints


def _serve_connections(pinned: str, cookie: int) -> None:
    mark = f"{pinned}/lookup-{cookie}"
    if os.path.exists(mark):
        return
    namespace = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _link(f"{pinned}/find_listener", namespace, _SK_LOOKUP, mark)
    except OSError as error:
        raise VserverError(
            f"cannot bring connections to further addresses: {reason(error)}",
            255,
            remedy=bpf.remedy(error.errno or 0),
        ) from None
    finally:
        os.close(namespace)


def _serve_device(pinned: str, cookie: int, device: str, made: list[str]) -> OSError | None:
    """Attach both programs to a device; the error where it can have no filter for what comes in.

    The marks of what was not there before are added to ``made``.
    """
    refused = None
    for program, tcx, parent in (_OUT, _IN):
        refused = None
        try:
            index = if_nametoindex(device)
            mark = f"{pinned}/{program}-{cookie}-{index}"
            if not _is_attached(mark, index, parent):
                _filter(f"{pinned}/{program}", index, tcx, parent, mark)
                made.append(mark)
        except OSError as error:
            if device not in netdev.devices():
                return None
            if error.errno not in _UNSUPPORTED:
                raise
            refused = error
    return refused


def _filter(program: str, index: int, tcx: int, parent: int, mark: str) -> None:
    """Attach a pinned program to the device ``index``, by tcx or by clsact."""
    try:
        _link(program, index, tcx, mark)
    except OSError as error:
        if error.errno != EINVAL:
            raise
        _set_filter(program, index, parent, mark)


def _is_attached(mark: str, index: int, parent: int) -> bool:
    """Is what the mark stands for on the device ``index``?

    The mark may be that of a device which is gone: another one may have its number, and so may
    the same one, back from another network namespace. And scripts that shape traffic remove
    filters, though not links.
    """
    try:
        target = _target(mark)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno != EROFS:  # the kernel asks for the right to write
            raise
        return os.path.exists(mark)
    if target == 0:
        _forget(mark)
    return _has_filter(index, parent) if target is None else target != 0


def _has_filter(index: int, parent: int) -> bool:
    """Has the device our filter of traffic control?"""
    what = _tcmsg(index, 1, parent, _PRIORITY << 16 | _ALL_PROTOCOLS) + _kind("bpf")
    try:
        rtnetlink.ask(_RTM_GETTFILTER, what)
    except OSError:
        return False
    return True


def _target(mark: str) -> int | None:
    """As bpf.link_target; None too for a filter of traffic control, which cannot be asked."""
    fd = bpf.open_pinned(mark)
    try:
        return bpf.link_target(fd)
    finally:
        os.close(fd)


def _sweep(directory: str, cookie: int) -> None:
    """Remove what is left of devices and network namespaces that are gone.

    A filter of traffic control goes with its namespace, whose lookup tells of that, or when our
    own namespace, ``cookie``, has no such device.
    """
    gone = set()
    marks = [name for name in os.listdir(directory) if "-" in name]
    for name in sorted(marks, reverse=True):  # lookups before filters
        path = f"{directory}/{name}"
        _program, owner, *index = name.split("-")
        try:
            target = _target(path)
        except FileNotFoundError:  # another command sweeps
            continue
        if target == 0 and not index:
            gone.add(owner)
        if target is None and owner == str(cookie) and not _is_device(int(index[0])):
            target = 0
        if target == 0 or owner in gone:
            _forget(path)


def _is_device(index: int) -> bool:
    try:
        return bool(if_indextoname(index))
    except OSError:
        return False


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _link(program: str, target: int, attach_type: int, mark: str) -> None:
    """Attach a pinned program, or put it in the place of another version's; pin the link twice:
    in MAPS for other versions, and at ``mark``.
    """
    shared = f"{MAPS}/{os.path.basename(mark)}"
    fd = bpf.open_pinned(program)
    try:
        link = _renewed(shared, fd)
        if link is None:
            link = bpf.link(fd, target, attach_type)
            bpf.pin(link, shared)
        bpf.pin(link, mark)
        os.close(link)
    except FileExistsError:  # somebody else just did
        pass
    finally:
        os.close(fd)


def _renewed(shared: str, program: int) -> int | None:
    """The link that is pinned at ``shared``, with ``program`` attached; None if there is none."""
    try:
        link = bpf.open_pinned(shared)
    except FileNotFoundError:
        return None
    try:
        bpf.update_link(link, program)
    except OSError as error:
        os.close(link)
        if error.errno != ENOLINK:
            raise
        os.unlink(shared)  # of a device that is gone; another one has its number
        return None
    return link


def _set_filter(program: str, index: int, parent: int, mark: str) -> None:
    """Make a pinned program the filter of traffic control; pin it again as the mark."""
    fd = bpf.open_pinned(program)
    try:
        _add_clsact(index)
        options = (
            rtnetlink.attribute(_TCA_BPF_FD, pack("=I", fd))
            + rtnetlink.attribute(_TCA_BPF_NAME, b"vserver\0")
            + rtnetlink.attribute(_TCA_BPF_FLAGS, pack("=I", _TCA_BPF_FLAG_ACT_DIRECT))
        )
        what = _tcmsg(index, 1, parent, _PRIORITY << 16 | _ALL_PROTOCOLS) + _kind("bpf")
        rtnetlink.replace(_RTM_NEWTFILTER, what + rtnetlink.attribute(_TCA_OPTIONS, options))
        bpf.pin(fd, mark)
    finally:
        os.close(fd)


def _add_clsact(index: int) -> None:
    try:
        rtnetlink.create(_RTM_NEWQDISC, _tcmsg(index, 0xFFFF0000, _TC_CLSACT, 0) + _kind("clsact"))
    except FileExistsError:
        pass


def _tcmsg(index: int, handle: int, parent: int, info: int) -> bytes:
    """A struct tcmsg (linux/rtnetlink.h)."""
    return pack("=B3xiIII", 0, index, handle, parent, info)


def _kind(name: str) -> bytes:
    return rtnetlink.attribute(_TCA_KIND, name.encode() + b"\0")
