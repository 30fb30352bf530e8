"""The configuration of virtual servers: /etc/vservers/NAME.conf and /etc/vservers.conf.

This is the library call behind printconf.sh, and the only reader of these files (change log,
0.29: vutil_readconf). They are shell programs; ``vserver.evaluator`` runs them.
"""

from __future__ import annotations

import os

from vserver import paths
from vserver.errors import VserverError, reason
from vserver.evaluator import Evaluation
from vserver.messages import visible

TYPE_CHECKING = False  # mypy takes it for true; typing itself costs 7 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIABLES = (
    "VSERVERS_ROOT",
    "VSERVERDIR",
    "PROFILE",
    "IPROOT",
    "IPROOTMASK",
    "IPROOTBCAST",
    "IPROOTDEV",
    "ONBOOT",
    "PRIORITY",
    "S_HOSTNAME",
    "S_DOMAINNAME",
    "S_NICE",
    "S_FLAGS",
    "ULIMIT",
    "S_CAPS",
    "S_CONTEXT",
    "GENERATEMTAB",
)
"""The variables of a configuration, in the order of printconf.sh."""

SYSTEM_VARIABLES = (*VARIABLES, "BACKGROUND")
"""What /etc/vservers.conf may set."""

SUFFIX = ".conf"

_NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+")
_LONGEST_NAME = 255 - len(".ctx.4194304")  # NAME_MAX; the longest file name that has one in it


class Config:
    """The evaluated settings of one virtual server, or of the system with an empty ``name``.

    ``exports`` are the variables that the files exported besides the known ones: they belong
    to the environment of hook scripts and of commands started in the guest.
    """

    __slots__ = ("_values", "exports", "name")

    def __init__(self, name: str, values: dict[str, str], exports: dict[str, str]) -> None:
        self.name = name
        self._values = values
        self.exports = exports

    def __getitem__(self, variable: str) -> str:
        """The value of ``variable``, empty when unset; KeyError for a name that is none."""
        return self._values[variable]

    def words(self, variable: str) -> list[str]:
        """The value of a list variable, split on blanks and never expanded as patterns."""
        return [word for word in self[variable].replace("\t", " ").split(" ") if word]


class NoDirectoryError(VserverError):
    """A guest has a configuration and no tree; the line belongs on standard output."""


def check_directory(settings: Config) -> None:
    """VserverError unless VSERVERDIR is a directory that can be a guest's."""
    directory = settings["VSERVERDIR"]
    check_usable(directory)
    if not os.path.isdir(directory):
        raise NoDirectoryError(f"No directory for this vserver: {directory}")


def check_usable(directory: str) -> None:
    """VserverError unless ``directory``, there or not, is a place for a guest's tree."""
    if not directory.startswith("/") or os.path.realpath(directory) == "/":
        raise VserverError(f"vserver: unusable VSERVERDIR: {directory}")


def valid_name(name: str) -> bool:
    """Whether ``name`` may name a virtual server: letters, digits and ``_-.+``, not first - or ."""
    fits = 0 < len(name) <= _LONGEST_NAME
    return fits and name[0] not in ".-" and _NAME_CHARACTERS.issuperset(name)


def exists(name: str) -> bool:
    """Whether there is a virtual server of that name: a configuration file, its tree or not."""
    return valid_name(name) and os.path.isfile(paths.guest_conf(name))


def missing(name: str) -> str:
    """What every command says of ``name`` when there is no such virtual server."""
    return f"No configuration for this vserver: {visible(paths.guest_conf(name))}"


def names() -> list[str]:
    """The names of all configured virtual servers, sorted; none if there is no directory."""
    try:
        with os.scandir(paths.CONF_DIR) as entries:
            found = [e.name[: -len(SUFFIX)] for e in entries if _is_configuration(e)]
    except FileNotFoundError:
        return []
    return sorted(found)


def _is_configuration(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    try:
        return name.endswith(SUFFIX) and valid_name(name[: -len(SUFFIX)]) and entry.is_file()
    except OSError:  # a symbolic link that leads nowhere
        return False


def read(
    name: str, *, forced_profile: str = "", environ: Mapping[str, str] | None = None
) -> Config:
    """Evaluate the configuration of virtual server ``name``, after the system's.

    ``environ`` is the caller's environment (default: this process's); of the known variables
    only PROFILE is taken from it. ``forced_profile`` wins over it and over what the files
    assign: the profile a running guest was started with (change log, 0.22).

    A newline in a value becomes a blank. VSERVERS_ROOT and VSERVERDIR are never empty, no other
    variable gets a default. VserverError: no such virtual server, or a file is broken; OSError: one
    cannot be read.
    """
    return Reading(name, forced_profile=forced_profile, environ=environ).result()


class Reading:
    """``read`` in two steps, for who has something to do while the shell is at work."""

    __slots__ = ("_evaluation", "_name")

    def __init__(
        self, name: str, *, forced_profile: str = "", environ: Mapping[str, str] | None = None
    ) -> None:
        if not exists(name):
            raise VserverError(missing(name))
        files = [*_system_file(), paths.guest_conf(name)]
        self._name = name
        self._evaluation = _begin(files, VARIABLES, forced_profile, environ)

    def result(self) -> Config:
        """The settings, as ``read`` returns them."""
        return _config(self._name, VARIABLES, *self._evaluation.result())


def read_all(tell: Callable[[str], None]) -> list[Config]:
    """The settings of all virtual servers, in the order of their names.

    What keeps one from being read is told, and that one is left out.
    """
    found = []
    for name in names():
        try:
            found.append(read(name))
        except VserverError as error:
            tell(error.text)
        except OSError as error:
            tell(f"{error.filename or name}: {reason(error)}")
    return found


def system_defaults() -> Config:
    """Evaluate /etc/vservers.conf alone, if there is one.

    For what has no virtual server yet or concerns all of them: ``build``, newvserver and the
    ``vservers`` service. VSERVERS_ROOT is never empty. VserverError: the file is broken.
    """
    files = _system_file()
    if not files:
        return _config("", SYSTEM_VARIABLES, [""] * len(SYSTEM_VARIABLES), {})
    return _config("", SYSTEM_VARIABLES, *_begin(files, SYSTEM_VARIABLES).result())


def default_directory(name: str) -> str:
    """Where the tree of ``name`` belongs as long as no configuration says another place (0.29).

    VserverError as of ``system_defaults``.
    """
    return _below(system_defaults()["VSERVERS_ROOT"], name)


def _below(root: str, name: str) -> str:
    return f"{root.rstrip('/')}/{name}"


def _system_file() -> list[str]:
    return [paths.SYSTEM_CONF] if os.path.isfile(paths.SYSTEM_CONF) else []


def _begin(
    files: list[str],
    variables: tuple[str, ...],
    forced_profile: str = "",
    environ: Mapping[str, str] | None = None,
) -> Evaluation:
    surroundings = os.environ if environ is None else environ
    return Evaluation(
        files, variables, surroundings, inherited=("PROFILE",), forced_profile=forced_profile
    )


def _config(
    name: str, variables: tuple[str, ...], values: list[str], exports: dict[str, str]
) -> Config:
    settings = {
        variable: value.replace("\n", " ")
        for variable, value in zip(variables, values, strict=True)
    }
    root = settings["VSERVERS_ROOT"] = settings["VSERVERS_ROOT"] or paths.VSERVERS_ROOT
    if name and not settings["VSERVERDIR"]:
        settings["VSERVERDIR"] = _below(root, name)
    return Config(name, settings, exports)
