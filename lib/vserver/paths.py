"""Absolute paths of the package.

Everything else in the package takes its paths from here. The two relocatable directories
stand first: install-fix.sh rewrites them at install time (change log, 0.19).
"""

from __future__ import annotations

USR_SBIN = "/usr/sbin"
USR_LIB_VSERVER = "/usr/lib/vserver"

SYSTEM_CONF = "/etc/vservers.conf"
CONF_DIR = "/etc/vservers"
SERVICES_DIR = "/etc/vservices"
STATE_DIR = "/var/run/vservers"
STATE_DIR_ALIAS = "/var/run/vserver"
VSERVERS_ROOT = "/vservers"
SCRATCH = "/var/cache/vserver"
SEALED_FILES = "/var/lib/vserver/sealed-files"
SUBSYS_DIR = "/var/lock/subsys"
BOOT_LOG = "/var/log/boot.log"

STUB = USR_LIB_VSERVER + "/stub"
QUOTA_BROKER = USR_LIB_VSERVER + "/quotabroker"
GUEST_FILTERS = USR_LIB_VSERVER + "/seccomp"
BPF_OBJECTS = USR_LIB_VSERVER + "/bpf"

GUEST_PATH = "/sbin:/usr/sbin:/bin:/usr/bin:/usr/X11R6/bin"


def guest_conf(name: str) -> str:
    """The configuration file of guest ``name``."""
    return f"{CONF_DIR}/{name}.conf"


def guest_hook(name: str) -> str:
    """The hook script of guest ``name``."""
    return f"{CONF_DIR}/{name}.sh"


def guest_state(name: str) -> str:
    """The state file of guest ``name``."""
    return f"{STATE_DIR}/{name}.ctx"
