"""IPROOT: the addresses of a guest, and its aliases on the devices of the host.

The rules are those of vserver.conf(5): IPROOT is a list of ``[device:]address[/mask]``, and the
entry number N becomes the alias ``device:NAMEN`` (the first one ``device:NAME``). What is wrong
with one entry never keeps the others from being set up.
"""

from __future__ import annotations

from _socket import gethostbyname
from errno import EADDRNOTAVAIL, EEXIST, ENODEV, EOPNOTSUPP
from os.path import exists

from vserver import ipv4
from vserver.errors import VserverError, reason
from vserver.kernel import netdev
from vserver.paths import guest_conf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vserver.config import Config

UNRESTRICTED = "0.0.0.0"
EVERY_BROADCAST = "255.255.255.255"


class Entry:
    """One word of IPROOT, completed by the other settings of the guest ``guest``.

    ``address`` may be a host name, ``mask`` is as written; it and ``device`` are "" for none.
    """

    __slots__ = ("_config", "address", "device", "guest", "label", "mask")

    def __init__(self, config: Config, guest: str, number: int, word: str) -> None:
        device, colon, rest = word.rpartition(":")
        self._config = config
        self.guest = guest
        self.device = device if colon else config["IPROOTDEV"]
        self.label = f"{self.device}:{guest}{number or ''}"
        self.address, _, self.mask = rest.partition("/")
        if ":" in device or not self.address:
            raise VserverError(f"IPROOT: Invalid IP number: {word}")

    @property
    def has_alias(self) -> bool:
        """Is there an alias to be set for this entry?"""
        return bool(self.device) and self.address != UNRESTRICTED

    def alias(self, present: list[netdev.Address]) -> netdev.Address:
        """The alias to be set on a machine that has the addresses ``present``."""
        address = self.resolved()
        own = self._own_address(address, present)
        mask = self._netmask(address, own)
        broadcast = self._broadcast(address, mask, own)
        prefix = ipv4.prefix_length(mask)
        return netdev.Address(self.device, self.label, address, prefix, broadcast)

    def operand(self, present: list[netdev.Address]) -> str:
        """The ``--ip`` operand of chbind(8), which refuses what is wrong with it."""
        mask = self.mask
        if not mask and self.has_alias:
            try:
                mask = ipv4.netmask(self.alias(present).prefix)
            except VserverError:
                mask = self._config["IPROOTMASK"]
        return f"{self.address}/{mask}" if mask else self.address

    def resolved(self) -> str:
        """The address, a host name being looked up; VserverError when it is neither."""
        if ipv4.is_dotted(self.address):
            return self.address
        try:
            if self.address.strip("0123456789."):  # C would take "10.1" for 10.0.0.1
                return gethostbyname(self.address)
        except (OSError, UnicodeError):
            pass
        raise VserverError(f"{self.label}: Invalid IP number or host name: {self.address}")

    def _own_address(self, address: str, present: list[netdev.Address]) -> netdev.Address | None:
        """The device's own address, unless it is the place-holder of a VLAN device."""
        for found in present:
            if found.label == self.device:
                local = found.address.startswith("127.") and not address.startswith("127.")
                return None if local else found
        return None

    def _netmask(self, address: str, own: netdev.Address | None) -> str:
        """The dotted mask: the entry's, IPROOTMASK, the device's, or that of the class."""
        written = self.mask or self._config["IPROOTMASK"]
        if written:
            mask = ipv4.mask(written)
            if not mask:
                raise VserverError(f"{self.label}: Invalid netmask: {written}")
            return mask
        if own:
            return ipv4.netmask(own.prefix)
        # any other mask on the loopback device would make a whole network local
        return ipv4.netmask(32) if self.device == "lo" else ipv4.class_mask(address)

    def _broadcast(self, address: str, mask: str, own: netdev.Address | None) -> str:
        """IPROOTBCAST, or the device's unless the entry has its own mask, or computed."""
        written = self._config["IPROOTBCAST"]
        if written and not ipv4.is_dotted(written):
            raise VserverError(f"{self.label}: Invalid broadcast number: {written}")
        inherited = own.broadcast if own and not self.mask else ""
        return written or inherited.replace(UNRESTRICTED, "") or ipv4.broadcast(address, mask)


def set_up(config: Config, name: str, *, verbose: Callable[[str], None] | None = None) -> list[str]:
    """Set the aliases of guest ``name``; what failed comes back, a line for each.

    ``verbose`` is called with the command line that would do the same, before each step.
    An address that is on the device already, as the host's own or another guest's, is left as
    it is. VLAN devices are made where they are missing.
    """
    entries, failures = _entries(config, name)
    present = netdev.addresses()
    for entry in entries:
        if not entry.has_alias:
            continue
        try:
            if _make_vlan(entry.device, verbose):
                present = netdev.addresses()
            _set(entry, present, verbose)
        except VserverError as error:
            failures.append(error.text)
    return failures


def tear_down(
    config: Config, name: str, *, verbose: Callable[[str], None] | None = None
) -> list[str]:
    """Remove the aliases of guest ``name`` that are there; what failed comes back.

    An alias goes by its label whatever address it has, since the configuration may have
    changed; but only with its own address where another guest may use the same label.
    """
    entries, failures = _entries(config, name)
    for entry in entries:
        if not entry.has_alias:
            continue
        if verbose:
            verbose(f"/sbin/ifconfig {entry.label} down")
        try:
            _remove(entry)
        except VserverError as error:
            failures.append(error.text)
    return failures


def addresses(config: Config, name: str, *, nodev: bool = False) -> tuple[list[str], str]:
    """What chbind(8) gets for guest ``name``: ``ADDRESS[/MASK]`` strings, and the broadcast.

    Host names stay names. A mask that is not in IPROOT is the device's, where there is one.
    The broadcast is that of the first alias; with ``nodev`` there is none. VserverError when
    IPROOT has words but no address: the guest must not get all of them instead.
    """
    words = config.words("IPROOT") or [UNRESTRICTED]
    present = netdev.addresses()
    entries, _ = _entries(config, name)
    if words == [UNRESTRICTED]:
        found = words
    elif words[0] == "ALL":
        found = [f"{one.address}/{ipv4.netmask(one.prefix)}" for one in present]
    else:
        found = [entry.operand(present) for entry in entries]
    if not found:
        raise VserverError(f"IPROOT: no IPv4 address: {config['IPROOT']}")
    first = "" if nodev else _first_broadcast(entries, present)
    return found, config["IPROOTBCAST"] or first or EVERY_BROADCAST


def _entries(config: Config, name: str) -> tuple[list[Entry], list[str]]:
    """What IPROOT lists, and a line for each word that is no entry."""
    entries: list[Entry] = []
    failures: list[str] = []
    words = config.words("IPROOT")
    if words[:1] == ["ALL"]:
        return entries, failures
    for number, word in enumerate(words):
        try:
            entries.append(Entry(config, name, number, word))
        except VserverError as error:
            failures.append(error.text)
    return entries, failures


def _make_vlan(device: str, verbose: Callable[[str], None] | None) -> bool:
    """Make the VLAN device ``DEVICE.ID`` if it is missing; True when it was made."""
    parent, dot, vlan = device.rpartition(".")
    if not dot or device in netdev.devices():
        return False
    if not (vlan.isascii() and vlan.isdigit()):
        return False  # setting the alias will tell that there is no such device
    if verbose:
        verbose(f"/sbin/vconfig add {parent} {vlan}")
        verbose(f"/sbin/ifconfig {device} 127.0.0.1")
    from vserver.kernel.netlink import create_vlan

    try:
        create_vlan(parent, int(vlan))
    except OSError as error:
        if error.errno != EEXIST:  # another guest's start was faster
            missing = " (is there a module 8021q?)" if error.errno == EOPNOTSUPP else ""
            raise VserverError(f"cannot create {device}: {reason(error)}{missing}") from None
    return True


def _set(
    entry: Entry, present: list[netdev.Address], verbose: Callable[[str], None] | None
) -> None:
    """Set the alias of one entry, in place of what its label carries now."""
    alias = entry.alias(present)
    if verbose:
        mask = ipv4.netmask(alias.prefix)
        verbose(
            f"/sbin/ifconfig {alias.label} {alias.address}"
            f" netmask {mask} broadcast {alias.broadcast}"
        )
    before = [found for found in present if found.label == alias.label]
    if any(_is_same(found, alias) for found in before):
        return
    _refuse_conflict(entry, alias, present)
    try:
        for found in before:
            netdev.remove_alias(found.label, found.address)
        netdev.add_alias(alias.label, alias.address, alias.prefix, alias.broadcast)
    except OSError as error:
        raise _cannot_set(alias, reason(error)) from None


def _remove(entry: Entry) -> None:
    address = entry.resolved() if _rival(entry) else ""
    try:
        netdev.remove_alias(entry.label, address)
    except OSError as error:
        if error.errno not in {EADDRNOTAVAIL, ENODEV}:  # else there is nothing to remove
            raise VserverError(f"cannot remove {entry.label}: {reason(error)}") from None


def _is_same(found: netdev.Address, alias: netdev.Address) -> bool:
    return (found.address, found.prefix, found.broadcast) == (
        alias.address,
        alias.prefix,
        alias.broadcast,
    )


def _refuse_conflict(entry: Entry, alias: netdev.Address, present: list[netdev.Address]) -> None:
    """VserverError when setting ``alias`` would take an address or a label from others."""
    if len(alias.label) > netdev.LABEL_MAX:
        raise _cannot_set(alias, f"the name has more than {netdev.LABEL_MAX} characters")
    for found in present:
        if found.device != alias.device:
            continue
        if found.address == alias.address and found.label != alias.label:
            raise _cannot_set(alias, f"it is there as {found.label}")
        if found.address != alias.address and found.label == alias.label and _rival(entry):
            raise _cannot_set(alias, f"'{_rival(entry)}' has {found.address} under that name")


def _cannot_set(alias: netdev.Address, why: str) -> VserverError:
    return VserverError(f"cannot set {alias.label} to {alias.address}: {why}")


def _rival(entry: Entry) -> str:
    """Another guest that uses the same label, as "web1" and the second address of "web" do."""
    name = entry.label[len(entry.device) + 1 :]
    for cut in range(len(name), 0, -1):
        other, number = name[:cut], name[cut:]
        if number and not number.isdigit():
            break
        if other != entry.guest and not number.startswith("0") and exists(guest_conf(other)):
            return other
    return ""


def _first_broadcast(entries: list[Entry], present: list[netdev.Address]) -> str:
    """The broadcast of the first entry that gets an alias, "" for none."""
    for entry in entries:
        if entry.has_alias:
            try:
                return entry.alias(present).broadcast
            except VserverError:
                continue
    return ""
