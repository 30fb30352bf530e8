"""Guests of Debian's own packages, made from its mirror once and copied for each scenario."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from guests import Host, write_conf, write_tree

SUITE = "bookworm"
PACKAGES = (
    "busybox-static",
    "cron",
    "inetutils-syslogd",
    "initscripts",
    "iproute2",
    "netbase",
    "openssh-server",
    "procps",
    "sysv-rc",
    "sysvinit-core",
)
# A root server with the usual services, and what the package needs.
ROOT_SERVER = (
    "apache2",
    "bind9",
    "bind9-host",
    "bird2",
    "initscripts",
    "iproute2",
    "libbpf1",
    "netbase",
    "netcat-openbsd",
    "openssh-client",
    "openssh-server",
    "postfix",
    "procps",
    "psmisc",
    "python3",
    "python3-pyroute2",
    "python3-seccomp",
    "python3-sh",
    "rpcbind",
    "samba",
    "smbclient",
    "systemd",
    "sysv-rc",
    "sysvinit-core",
    "wget",
    "xauth",
    "xinetd",
)
CACHE = os.path.realpath(f"{__file__}/../../../build/guests")

# No documentation, and no fsync for a tree that can be made again.
DPKG_OPTIONS = (
    "path-exclude=/usr/share/doc/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/man/*",
    "force-unsafe-io",
)
# What is left of sysvinit's own file where there are no consoles and no disks to check.
INITTAB = """\
id:2:initdefault:
l2:2:wait:/etc/init.d/rc 2
l3:3:wait:/etc/init.d/rc 3
l6:6:wait:/etc/init.d/rc 6
"""


def make(
    host: Host,
    name: str,
    *,
    files: Mapping[str, str] | None = None,
    conf: Mapping[str, str] | None = None,
) -> str:
    """Make the Debian guest ``name`` in ``/vservers`` of ``host`` and its configuration file.

    Arguments and return value as of ``busybox.make``. Its init is sysvinit, and sshd, cron and
    syslogd start in run level 2; ``authorize`` lets somebody log in.
    """
    root = host.path(f"/vservers/{name}")
    os.makedirs(root, exist_ok=True)
    subprocess.run(["cp", "-a", "--reflink=auto", f"{tree()}/.", root], check=True)
    own = {
        "etc/hostname": f"{name}\n",
        "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {name}\n",
        "etc/inittab": INITTAB,
        "etc/resolv.conf": "",
    }
    write_tree(root, {**own, **(files or {})})
    write_conf(host, name, conf or {})
    return root


def authorize(root: str, public_key: str) -> None:
    """Let the holder of the key log in over ssh as root of the guest at ``root``."""
    write_tree(root, {"root/.ssh/authorized_keys": public_key})
    os.chmod(f"{root}/root/.ssh", 0o700)


@functools.cache
def tree(packages: Sequence[str] = PACKAGES) -> str:
    """The directory of a Debian system with ``packages``, downloaded unless it is there."""
    key = hashlib.sha256(" ".join((SUITE, *packages)).encode()).hexdigest()[:16]
    path = f"{CACHE}/debian-{key}"
    os.makedirs(CACHE, exist_ok=True)
    with open(f"{CACHE}/lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(path):
            _bootstrap(f"{path}.new", packages)
            os.rename(f"{path}.new", path)
    return path


def libraries(program: str) -> list[str]:
    """What the dynamic linker loads for ``program`` of the tree: paths relative to its root."""
    listing = subprocess.run(
        ["chroot", tree(), "ldd", f"/{program}"], check=True, capture_output=True, text=True
    )
    words = listing.stdout.split()
    return [word.lstrip("/") for word in words if word.startswith("/")]


def _bootstrap(path: str, packages: Sequence[str]) -> None:
    """Install ``packages`` into the new directory ``path``."""
    shutil.rmtree(path, ignore_errors=True)
    options = [f"--dpkgopt={option}" for option in DPKG_OPTIONS]
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}"]
    subprocess.run([*command, *options, SUITE, path], check=True)
