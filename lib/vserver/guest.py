"""A guest as its configuration describes it, and how its processes are to be run."""

from __future__ import annotations

import os

from vserver import addresses, aliases, config, mtab, paths, state, ulimit
from vserver.errors import VserverError, reason
from vserver.kernel import caps, context
from vserver.kernel.isolation import Names
from vserver.kernel.rooted import Root
from vserver.session import Request

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable

    from vserver.config import Config
    from vserver.kernel.addressset import AddressSet
    from vserver.kernel.netns import Network
    from vserver.kernel.quota import Quota
    from vserver.messages import Messages

# What a guest gets of the caller's environment; all else of it stays outside
INHERITED = ("HOME", "TERM", "SHELL", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE")

_NO_CHROOT = "!CAP_SYS_CHROOT"
_NETNS, _USERNS = "netns", "userns"  # words of S_FLAGS that chcontext does not know


class Guest:
    """One guest: its name, its configuration, and the wishes of the command line."""

    __slots__ = ("config", "directory", "messages", "name", "nodev")

    def __init__(self, settings: Config, messages: Messages, *, nodev: bool = False) -> None:
        self.name = settings.name
        self.config = settings
        self.directory = settings["VSERVERDIR"]
        self.messages = messages
        self.nodev = nodev

    @property
    def profile(self) -> str:
        """The profile in use, empty for none."""
        return self.config["PROFILE"]

    @property
    def has_fakeinit(self) -> bool:
        """Does the guest's own init run it?"""
        return "fakeinit" in self.config.words("S_FLAGS")

    @property
    def wants_quota(self) -> bool:
        """Is CAP_QUOTACTL among S_CAPS (0.26)?"""
        return any(caps.is_quotactl(word) for word in self.config.words("S_CAPS"))

    def open_tree(self) -> Root:
        """The guest's tree, to be closed by the caller; VserverError when there is none."""
        config.check_directory(self.config)
        return Root.open_dir(self.directory)

    def warn_of_permissions(self) -> None:
        """Show what is wrong with the directory above the tree, if anything is (0.10)."""
        from vserver import barrier

        text = barrier.warning(self.directory)
        if text:
            self.messages.caution(text.removesuffix("\n"))

    def hook_environment(self) -> dict[str, str]:
        """The environment of hook scripts: the caller's, and what the configuration adds."""
        return {**os.environ, **self._added(), "PATH": paths.GUEST_PATH}

    def environment(self) -> dict[str, str]:
        """The environment of a command inside, which shows nothing of the caller's own."""
        passed = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {**passed, **self._added(), "PATH": paths.GUEST_PATH}

    def _added(self) -> dict[str, str]:
        named = {"PROFILE": self.profile, "HOSTNAME": self.config["S_HOSTNAME"]}
        return {**self.config.exports, **{key: value for key, value in named.items() if value}}

    def limits(self) -> list[ulimit.Limit]:
        """What ULIMIT asks for; bad words are told and left out."""
        wanted, wrong = ulimit.parse(self.config["ULIMIT"])
        for message in wrong:
            self.messages.warn(f"vserver: {message}")
        return wanted

    def has_own_network(self, running: int) -> bool:
        """Has the guest a network namespace of its own in context ``running``; for 0, shall it?"""
        if running:
            return context.has_own_network(running)
        return _NETNS in self.config.words("S_FLAGS")

    def set_aliases(self, running: int) -> None:
        """Set the addresses of IPROOT on the host's devices; what fails is told.

        Not those of a guest with a network of its own, as context ``running`` or for 0 to be.
        """
        if not self.nodev and not self.has_own_network(running):
            network = self.messages.network
            self._tell(aliases.set_up(self.config, self.name, verbose=network))

    def remove_aliases(self) -> None:
        """Take them away again, and what a network of its own has left on these devices."""
        if self.nodev:
            return
        network = self.messages.network
        aliases.tear_down(self.config, self.name, verbose=network)
        if self.has_own_network(0):
            from vserver.kernel import netns

            for device, address in aliases.targets(self.config, self.name):
                netns.unpublish(device, address)

    def _network(self, running: int) -> Network:
        """The network of its own that the guest is to get; what fails is told.

        It has one in context ``running``: should that end right now, the new one gets no address.
        VserverError for addresses that cannot be taken to it.
        """
        from vserver.kernel import arp
        from vserver.kernel.netns import Network

        if running or self.nodev:
            return Network([])
        aliases.check_movable(self.config, self.name)
        aliases.tear_down(self.config, self.name)  # of the time before it had that word
        found, failures = aliases.movable(self.config, self.name, verbose=self.messages.network)
        self._tell(failures)
        arp.announce([(one.device, one.address) for one in found])
        return Network(found)

    def _tell(self, failures: list[str]) -> None:
        for failure in failures:
            self.messages.warn(f"vserver: {failure}")

    def address_set(self) -> AddressSet:
        """What chbind would be given for this guest (IPROOT, IPROOTBCAST).

        VserverError (255) for a value that is no address.
        """
        words, broadcast = aliases.addresses(self.config, self.name, nodev=self.nodev)
        builder = addresses.Builder()
        for word in words:
            if not builder.add(word):
                self.messages.warn("Too many IP numbers, max 16, ignored")
        builder.set_broadcast(broadcast)
        return builder.result()

    def check_settings(self) -> None:
        """VserverError for a setting that cannot be used, before anything is changed."""
        self.nice_increment()
        self._own_number()
        if self.has_own_network(0):
            aliases.check_movable(self.config, self.name)
        if self._wants_own_users():
            self._check_capabilities()

    def nice_increment(self) -> int:
        """S_NICE; VserverError for what is no such number."""
        return ulimit.nice_increment(self.config["S_NICE"])

    def write_mtab(self, root: Root) -> tuple[str, ...]:
        """Write the guest's /etc/mtab unless GENERATEMTAB=no; the files it names in /dev."""
        if self.config["GENERATEMTAB"] == "no":
            return ()
        with open("/proc/self/mountinfo", "rb") as file:
            text, devices = mtab.generate(file.read(), self.directory)
        try:
            mtab.write(root, text)
        except OSError as error:
            self.messages.warn(f"vserver: /etc/mtab in '{self.name}': {reason(error)}")
        return tuple(devices)

    def request(self, running: int, limits: list[ulimit.Limit]) -> Request:
        """How a place in the guest is asked for: context ``running``, 0 for a new one."""
        request = Request(
            running or self._own_number(),
            allowed=self.ceiling(),
            flags=self._flags(),
            names=self._names(),
            armoured=True,
            own_root=True,
            strict=True,
        )
        request.guest = self.name
        request.addresses = self.address_set()
        if self.has_own_network(running):
            request.network = self._network(running)
        if self._wants_own_users():
            request.own_users = True
            if not running:
                self._check_capabilities()
        request.processes = ulimit.processes(limits)
        return request

    def _own_number(self) -> int | None:
        """S_CONTEXT, which counts only for a context that is to be made."""
        text = self.config["S_CONTEXT"]
        if not text:
            return None
        number = int(text) if text.isascii() and text.isdecimal() else 0
        if not context.FIRST <= number <= context.LAST:
            raise VserverError(f"vserver: invalid S_CONTEXT: {text}")
        if context.is_running(number):
            raise VserverError(f"vserver: context {number} is already used by {owner(number)}")
        return number

    def ceiling(self) -> int:
        """The capabilities that the guest may have (S_CAPS): unknown ones are told."""
        removed = kept = 0
        for word in self.config.words("S_CAPS"):
            bit = caps.parse(word.removeprefix("!"))
            if bit is None:
                self.messages.warn(f"Unknown capability {word.removeprefix('!')}")
            elif word.startswith("!"):
                removed |= bit
            else:
                kept |= bit
        if _NO_CHROOT in (word.upper() for word in self.config.words("S_CAPS")):
            kept &= ~caps.SYS_CHROOT
        return caps.ceiling(secure=True, removed=removed, kept=kept)

    def _wants_own_users(self) -> bool:
        return _USERNS in self.config.words("S_FLAGS")

    def _check_capabilities(self) -> None:
        """VserverError for what S_CAPS adds and a user namespace makes meaningless."""
        for word in self.config.words("S_CAPS"):
            if (caps.parse(word) or 0) & ~caps.IN_USER_NAMESPACE:
                raise VserverError(f"S_CAPS: {word} and S_FLAGS userns exclude each other")

    def quota(self, root: Root, allowed: int) -> Quota | None:
        """The quota that is handled for the guest, whose ceiling is ``allowed``: if it wants
        that, and has a file system of its own."""
        if not self.wants_quota:
            return None
        from vserver.kernel import mountinfo
        from vserver.kernel.quota import Quota

        mount = mountinfo.of_whole(root.fd)
        return Quota(root.fd, mount.source, allowed) if mount else None

    def _flags(self) -> int:
        flags = 0
        for word in self.config.words("S_FLAGS"):
            if word in context.FLAGS:
                flags |= context.FLAGS[word]
            elif word not in (_NETNS, _USERNS):
                self.messages.warn(f"Unknown flag {word}")
        return flags & ~context.FAKEINIT

    def _names(self) -> Names:
        host, domain = self.config["S_HOSTNAME"], self.config["S_DOMAINNAME"]
        return Names(host or None, "" if domain == "none" else domain or None)

    def tell_names(self, number: int, *, created: bool) -> None:
        """What chbind and chcontext say when they are done."""
        if created:
            names = self._names()
            if names.host is not None:
                self.messages.inform(f"Host name is now {names.host}")
            if names.domain is not None:
                self.messages.inform(f"Domain name is now {names.domain}")
        self.messages.inform(f"New security context is {number}")


def owner(number: int) -> str:
    """Whose context ``number`` is, for messages."""
    name = context.name_of(number)
    if name:
        return name
    return next(
        (other for other, found in state.others("") if found.context == number), "chcontext"
    )


def limiter(limits: list[ulimit.Limit], warn: Callable[[str], None]) -> Callable[[], None]:
    """What sets ``limits`` in the process that becomes the command; a refused one is told."""

    def set_limits() -> None:
        for message in ulimit.apply(limits):
            warn(f"vserver: {message}")

    return set_limits


def load(name: str, messages: Messages, *, nodev: bool = False) -> Guest:
    """Guest ``name``, its configuration evaluated.

    VserverError: there is no such guest, its configuration is broken, or it has no tree.
    """
    settings = config.read(name)
    config.check_directory(settings)
    return Guest(settings, messages, nodev=nodev)
