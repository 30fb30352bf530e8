"""IPROOT: the addresses of a guest, and its aliases on the devices of the host.

The rules are those of vserver.conf(5): IPROOT is a list of ``[device:]address[/mask]``, and the
entry number N becomes the alias ``device:NAMEN`` (the first one ``device:NAME``). What is wrong
with one entry never keeps the others from being set up.
"""

from __future__ import annotations

from errno import EADDRNOTAVAIL, EEXIST, ENODEV, EOPNOTSUPP
from os.path import exists

from vserver import ipv4
from vserver.addresses import (
    INVALID_ADDRESS,
    INVALID_BROADCAST,
    INVALID_MASK,
    NO_ADDRESS,
    resolve,
)
from vserver.errors import VserverError, reason
from vserver.kernel import arp, netdev
from vserver.kernel.addressset import LIMITED_BROADCAST
from vserver.paths import guest_conf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vserver.config import Config


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
            raise VserverError(f"IPROOT: {INVALID_ADDRESS % word}")

    @property
    def has_alias(self) -> bool:
        """Is there an alias to be set for this entry?"""
        return bool(self.device) and self.address != NO_ADDRESS

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
        """The dotted address, a host name being looked up; VserverError when it is neither."""
        address = resolve(self.address)
        if not address:
            raise self._invalid(INVALID_ADDRESS, self.address)
        return address

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
                raise self._invalid(INVALID_MASK, written)
            return mask
        if own:
            return ipv4.netmask(own.prefix)
        # any other mask on the loopback device would make a whole network local
        return ipv4.netmask(32) if self.device == "lo" else ipv4.class_mask(address)

    def _broadcast(self, address: str, mask: str, own: netdev.Address | None) -> str:
        """IPROOTBCAST, or the device's unless the entry has its own mask, or computed."""
        written = self._config["IPROOTBCAST"]
        if written and not ipv4.is_dotted(written):
            raise self._invalid(INVALID_BROADCAST, written)
        inherited = own.broadcast if own and not self.mask else ""
        return written or inherited.replace(NO_ADDRESS, "") or ipv4.broadcast(address, mask)

    def _invalid(self, text: str, value: str) -> VserverError:
        return VserverError(f"{self.label}: {text % value}")


def set_up(config: Config, name: str, *, verbose: Callable[[str], None] | None = None) -> list[str]:
    """Set the aliases of guest ``name``; what failed comes back, a line for each.

    ``verbose`` is called with the command line that would do the same, before each step.
    An address that is on the device already, as the host's own or another guest's, is left as
    it is. VLAN devices are made where they are missing. The neighbours are told what is new.
    """
    entries, failures = _entries(config, name)
    present = netdev.addresses()
    new = []
    for entry in entries:
        if not entry.has_alias:
            continue
        try:
            if _make_vlan(entry.device, verbose):
                present = netdev.addresses()
            if alias := _set(entry, present, verbose):
                present = netdev.addresses()
                new.append((alias.device, alias.address))
        except VserverError as error:
            failures.append(error.text)
    if new:
        arp.announce(new)
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


def check_movable(config: Config, name: str) -> None:
    """VserverError unless a network namespace of the guest's own can have its addresses."""
    if config.words("IPROOT")[:1] == ["ALL"]:
        raise VserverError("IPROOT: ALL and S_FLAGS netns exclude each other")
    present = netdev.addresses()
    for entry in _entries(config, name)[0]:
        if entry.address != NO_ADDRESS and entry.device in ("", "lo"):
            raise _not_movable(entry, "a device of the host to be reached by (IPROOTDEV)")
        address = resolve(entry.address)
        if any(one.address == address and one.label != entry.label for one in present):
            raise _not_movable(entry, "an address that is not the host's")


def _not_movable(entry: Entry, need: str) -> VserverError:
    return VserverError(f"IPROOT: {entry.address}: S_FLAGS netns takes {need}")


def movable(
    config: Config, name: str, *, verbose: Callable[[str], None] | None = None
) -> tuple[list[netdev.Address], list[str]]:
    """The aliases of guest ``name`` for a network namespace of its own, and what failed.

    They are as ``set_up`` would set them; VLAN devices are made where they are missing.
    """
    entries, failures = _entries(config, name)
    found: list[netdev.Address] = []
    for entry in entries:
        if not entry.has_alias:
            continue
        try:
            _make_vlan(entry.device, verbose)
            alias = entry.alias(netdev.addresses())
            _refuse_other_label(alias, [one for one in found if one.address == alias.address])
            found.append(alias)
        except VserverError as error:
            failures.append(error.text)
    return found, failures


def targets(config: Config, name: str) -> list[tuple[str, str]]:
    """Device and address of each alias of guest ``name``, as far as that is to be found out."""
    entries = [entry for entry in _entries(config, name)[0] if entry.has_alias]
    resolved = [(entry.device, resolve(entry.address)) for entry in entries]
    return [(device, address) for device, address in resolved if address]


def addresses(config: Config, name: str, *, nodev: bool = False) -> tuple[list[str], str]:
    """What chbind(8) gets for guest ``name``: ``ADDRESS[/MASK]`` strings, and the broadcast.

    Host names stay names. A mask that is not in IPROOT is the device's, where there is one.
    The broadcast is that of the first alias; with ``nodev`` there is none. VserverError (255) when
    IPROOT has words but no address: the guest must not get all of them instead.
    """
    words = config.words("IPROOT") or [NO_ADDRESS]
    present = netdev.addresses()
    entries, _ = _entries(config, name)
    if words == [NO_ADDRESS]:
        found = words
    elif words[0] == "ALL":
        found = [f"{one.address}/{ipv4.netmask(one.prefix)}" for one in present]
    else:
        found = [entry.operand(present) for entry in entries]
    if not found:
        raise VserverError("IPROOT: " + INVALID_ADDRESS % config["IPROOT"], 255)
    first = "" if nodev else _first_broadcast(entries, present)
    return found, config["IPROOTBCAST"] or first or LIMITED_BROADCAST


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
    if not dot or not _vlan_id(vlan) or device in netdev.devices():
        return False
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


def _vlan_id(text: str) -> int:
    """The number from 1 to 4094 that ``text`` is, 0 for none."""
    number = int(text) if len(text) <= 4 and text.isascii() and text.isdigit() else 0
    return number if str(number) == text and number <= 4094 else 0


def _set(
    entry: Entry, present: list[netdev.Address], verbose: Callable[[str], None] | None
) -> netdev.Address | None:
    """Set the alias of one entry, in place of all that its label carries; None when it is set."""
    alias = entry.alias(present)
    if verbose:
        mask = ipv4.netmask(alias.prefix)
        verbose(
            f"/sbin/ifconfig {alias.label} {alias.address}"
            f" netmask {mask} broadcast {alias.broadcast}"
        )
    before = [found for found in present if found.label == alias.label]
    if _rival(entry):
        before = [found for found in before if found.address == alias.address]
    if [(found.address, found.prefix, found.broadcast) for found in before] == [
        (alias.address, alias.prefix, alias.broadcast)
    ]:
        return None
    _refuse_conflict(alias, present)
    try:
        for found in before:
            netdev.remove_alias(found.label, found.address)
        netdev.add_alias(alias.label, alias.address, alias.prefix, alias.broadcast)
    except OSError as error:
        raise _cannot_set(alias, reason(error)) from None
    _keep_beside_others(alias.device)
    return alias


def _keep_beside_others(device: str) -> None:
    """Have the alias stay when the host changes its own address, as DHCP does."""
    try:
        netdev.promote_secondaries(device)
    except OSError:  # the alias is there; should it have to go first, that is told then
        pass


def _remove(entry: Entry) -> None:
    """Remove all that the label of one entry carries, or its own address if others use it too."""
    address = entry.resolved() if _rival(entry) else ""
    try:
        while True:
            netdev.remove_alias(entry.label, address)
    except OSError as error:
        if error.errno not in {EADDRNOTAVAIL, ENODEV}:  # else there is nothing to remove
            raise VserverError(f"cannot remove {entry.label}: {reason(error)}") from None


def _refuse_conflict(alias: netdev.Address, present: list[netdev.Address]) -> None:
    """VserverError for a label that would be cut, or an address that others have."""
    if len(alias.label) > netdev.LABEL_MAX:
        raise _cannot_set(alias, f"the name has more than {netdev.LABEL_MAX} characters")
    here = (one for one in present if one.device == alias.device)
    _refuse_other_label(alias, [one for one in here if one.address == alias.address])
    from vserver.kernel import netns

    if device := netns.owner_of(alias.address):
        raise _cannot_set(alias, f"another vserver has it, on {device}")


def _refuse_other_label(alias: netdev.Address, same: list[netdev.Address]) -> None:
    for one in same:
        if one.label != alias.label:
            raise _cannot_set(alias, f"it is there as {one.label}")


def _cannot_set(alias: netdev.Address, why: str) -> VserverError:
    return VserverError(f"cannot set {alias.label} to {alias.address}: {why}")


def _rival(entry: Entry) -> bool:
    """Does another guest use the same label, as "web1" and the second address of "web" do?"""
    name = entry.label[len(entry.device) + 1 :]
    stem = name.rstrip("0123456789")
    for cut in range(max(len(stem), 1), len(name) + 1):
        other, number = name[:cut], name[cut:]
        if other != entry.guest and not number.startswith("0") and exists(guest_conf(other)):
            return True
    return False


def _first_broadcast(entries: list[Entry], present: list[netdev.Address]) -> str:
    """The broadcast of the first entry that gets an alias, "" for none."""
    for entry in entries:
        if entry.has_alias:
            try:
                return entry.alias(present).broadcast
            except VserverError:
                continue
    return ""
