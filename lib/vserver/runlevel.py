"""How a guest starts, stops and switches its services: what its tree says about that.

Everything here only looks (through ``rooted``) and answers with the words of a command to
be run inside. Two layouts are told apart by themselves: Debian and SuSE have
``/etc/init.d/rc`` (0.19), Red Hat has ``/etc/rc.d/rc``. With ``fakeinit`` the guest's own
init does it all and the layout does not matter (0.10).
"""

from __future__ import annotations

from vserver.errors import VserverError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vserver.kernel.rooted import Root

FALLBACK_LEVEL = "3"  # the fixed level before 0.16
SHUTDOWN_LEVEL = "6"

CHKCONFIG_USAGE = "Invalid argument, expected vserver name chkconfig [ --level nnn ] service on|off"
CHKCONFIG_WORD = "vserver chkconfig: Expecting on or off"
CHKCONFIG_NONE = (
    "chkconfig functionality is not available on this\n"
    "vserver distribution.\n"
    "Looked for /sbin/chkconfig and /usr/sbin/update-rc.d"
)

# parts of the boot and shutdown themselves: turning them off would break the guest
_NO_SERVICES = {
    *("functions", "halt", "killall", "rc", "rc.local", "rcS", "reboot", "sendsigs"),
    *("single", "skeleton", "umountfs", "umountroot"),
}


class ChkconfigError(VserverError):
    """A chkconfig that cannot be done; its lines belong on standard output (0.9)."""


def default_level(root: Root) -> str:
    """The run level that the guest's ``/etc/inittab`` names as initdefault (0.16).

    One digit from 1 to 5; 3 when there is no inittab or it names no such level.
    """
    if not root.mode("etc/inittab"):
        return FALLBACK_LEVEL
    for line in root.read("etc/inittab").splitlines():
        fields = line.lstrip(b" \t").split(b":", 3)
        if len(fields) >= 3 and fields[2] == b"initdefault" and fields[0][:1] != b"#":
            level = fields[1].decode("latin-1")
            return level if level in {"1", "2", "3", "4", "5"} else FALLBACK_LEVEL
    return FALLBACK_LEVEL


def start_command(root: Root, level: str, *, fakeinit: bool) -> list[str]:
    """The command that starts the guest in ``level``."""
    return ["/sbin/init"] if fakeinit else [_rc(root), level]


def stop_command(root: Root, *, fakeinit: bool) -> list[str]:
    """The command that stops the guest's services."""
    return ["/sbin/init" if fakeinit else _rc(root), SHUTDOWN_LEVEL]


def start_environment(level: str) -> dict[str, str]:
    """What init would tell ``rc`` at boot; the host's own values must not leak in."""
    return {"PREVLEVEL": "N", "RUNLEVEL": level}


def stop_environment(level: str) -> dict[str, str]:
    """What init would tell ``rc`` on the way down; without it Debian stops nothing (0.21)."""
    return {"PREVLEVEL": level, "RUNLEVEL": SHUTDOWN_LEVEL}


def script_directory(root: Root) -> str:
    """Where the guest keeps its init scripts (0.16)."""
    return "/etc/init.d" if root.is_dir("etc/init.d") else "/etc/rc.d/init.d"


def services(root: Root) -> list[str]:
    """The services that have an init script in the guest, sorted."""
    directory = script_directory(root)
    return [
        name
        for name in root.names(directory)
        if name not in _NO_SERVICES
        and not name.endswith((".bak", "~"))
        and root.is_executable(f"{directory}/{name}")
    ]


def service_command(root: Root, arguments: Sequence[str]) -> list[str]:
    """The command for ``service ARGUMENTS``: the guest's own ``service``, else the script."""
    for program in ("/sbin/service", "/usr/sbin/service"):
        if root.is_executable(program):
            return [program, *arguments]
    if not arguments or "/" in arguments[0]:
        raise VserverError("vserver: service needs the name of a service")
    return [f"{script_directory(root)}/{arguments[0]}", *arguments[1:]]


def chkconfig_commands(root: Root, arguments: Sequence[str]) -> list[list[str]]:
    """The commands for ``chkconfig ARGUMENTS``, to be run one after the other.

    The guest's chkconfig takes any arguments. Where there is none, only ``[--level LEVELS]
    SERVICE on|off`` is understood and done with update-rc.d (0.19), whose output is of no
    interest. ChkconfigError carries the message for all else.
    """
    if root.is_executable("sbin/chkconfig"):
        return [["/sbin/chkconfig", *arguments]]
    words = list(arguments)
    if words[:1] == ["--level"]:
        del words[:2]
    if len(words) != 2:
        raise ChkconfigError(CHKCONFIG_USAGE)
    if not root.is_executable("usr/sbin/update-rc.d"):
        raise ChkconfigError(CHKCONFIG_NONE)
    service, word = words
    if word not in ("on", "start", "off", "stop"):
        raise ChkconfigError(CHKCONFIG_WORD)
    remove = ["/usr/sbin/update-rc.d", "-f", service, "remove"]
    change = _update_rc_on(root) if word in ("on", "start") else _update_rc_off(root)
    return [remove, ["/usr/sbin/update-rc.d", service, *change]]


def _rc(root: Root) -> str:
    return "/etc/init.d/rc" if root.is_executable("etc/init.d/rc") else "/etc/rc.d/rc"


def _update_rc_on(root: Root) -> list[str]:
    if _modern_update_rc(root):
        return ["defaults"]
    return ["start", "80", "2", "3", "4", "5", ".", "stop", "20", "0", "1", "6", "."]


def _update_rc_off(root: Root) -> list[str]:
    if _modern_update_rc(root):
        return ["defaults-disabled"]
    return ["stop", "20", "0", "1", "2", "3", "4", "5", "6", "."]


def _modern_update_rc(root: Root) -> bool:
    """Whether levels on its command line are ignored (sysvinit 2.88): ``stop`` would turn on."""
    return b"defaults-disabled" in root.read("usr/sbin/update-rc.d")
