"""vsysvwrapper: run a service of the root server on some of its addresses only."""

from __future__ import annotations

import os
import sys

from vserver import paths
from vserver.cli import say
from vserver.cli.usage import usage
from vserver.errors import VserverError
from vserver.evaluator import Evaluation
from vserver.execute import become

USAGE = "vsysvwrapper service_name"
HELP = """
vsysvwrapper service_name [argument]...

Run an init script of the root server on some addresses only: 127.0.0.1 and that of eth0, or the
words of IP in /etc/vservices/service_name.conf."""
DEFAULT_IP = "127.0.0.1 eth0"  # change log, 0.29
INIT_DIRS = ("/etc/init.d", "/etc/rc.d/init.d")
# Without it the scripts of Debian and Red Hat ask systemd, which knows no confinement, to do it.
ENVIRONMENT = {"SYSTEMCTL_SKIP_REDIRECT": "1"}


def main() -> int:
    """Become the init script of the service, confined by chbind to the words of ``IP``."""
    service, *arguments = sys.argv[1:] or [""]
    if sys.argv[1:] == ["--help"]:
        raise usage("vsysvwrapper", HELP, 0)
    if not service or "/" in service:
        raise VserverError(USAGE)
    addresses, exports = _settings(service)
    command = [f"{paths.USR_SBIN}/chbind"]
    for address in addresses:
        command += ["--ip", address]
    command += [_script(service), *arguments]
    say(f"exec {' '.join(command)}")
    os.environ.update(ENVIRONMENT | exports)
    become(command)


def _settings(service: str) -> tuple[list[str], dict[str, str]]:
    """The addresses and devices for ``service``, and what its optional file exports.

    A file that is broken raises VserverError, one that cannot be read, such as a link that leads
    nowhere, OSError: a service that shall be confined is not started without its confinement.
    """
    path = f"{paths.SERVICES_DIR}/{service}.conf"
    if not os.path.lexists(path):
        return DEFAULT_IP.split(), {}
    environ = os.environ | {"IP": DEFAULT_IP}
    (addresses,), exports = Evaluation([path], ["IP"], environ, inherited=["IP"]).result()
    return addresses.split(), exports


def _script(service: str) -> str:
    """The init script of ``service``, in the first directory that has it."""
    candidates = [f"{directory}/{service}" for directory in INIT_DIRS]
    return next(filter(os.path.exists, candidates), candidates[0])
