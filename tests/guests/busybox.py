"""Guests of one static busybox, and bash for the login shell."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Literal

from guests import Host, debian, write_conf, write_tree

Layout = Literal["redhat", "debian", "fakeinit"]

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/:/bin/sh
www:x:33:33:web server:/var/www:/bin/sh
alice:x:1000:1000:Alice:/home/alice:/bin/bash
nobody:x:65534:65534:nobody:/:/bin/sh
"""
GROUP = """\
root:x:0:
daemon:x:1:
tty:x:5:
www:x:33:
utmp:x:43:
users:x:100:alice
alice:x:1000:
nogroup:x:65534:
"""

# Runs the K links, then the S links of a run level, and keeps a log of how it was called.
RC = """\
#!/bin/sh
level=${1:-$RUNLEVEL}
{ echo "$0 $*"; env | sort; } >>/var/log/rc.log
cd DIRECTORY/rc$level.d || exit 1
for script in K*; do
    [ -x "$script" ] && "./$script" stop
done
for script in S*; do
    [ -x "$script" ] && "./$script" start
done
exit 0
"""
HTTPD = """\
#!/bin/sh
# chkconfig: 345 85 15
# description: the web server of busybox
case $1 in
start)
    echo "Starting httpd: [  OK  ]"
    httpd -u www -h /var/www && touch /var/lock/subsys/httpd ;;
stop)
    echo "Shutting down httpd: [  OK  ]"
    killall httpd; rm -f /var/lock/subsys/httpd ;;
status)
    pidof httpd >/dev/null && echo "httpd is running" ;;
*)
    echo "Usage: httpd {start|stop|status}"; exit 1 ;;
esac
"""
INITTAB = """\
id:3:initdefault:
si::sysinit:/bin/sh -c 'echo sysinit >>/var/log/init.log'
l3:3:wait:/bin/sh -c 'echo level 3 >>/var/log/init.log'
l4:4:wait:/bin/sh -c 'echo level 4 >>/var/log/init.log'
l6:6:wait:/bin/sh -c 'echo level 6 >>/var/log/init.log'
"""

COMMON = {
    "dev/": "",
    "etc/group": GROUP,
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/passwd": PASSWD,
    "home/alice/": "",
    "proc/": "",
    "root/": "",
    "run/": "",
    "tmp/": "",
    "var/lock/subsys/": "",
    "var/log/": "",
    "var/run/": "",
    "var/www/": "",
}
# Where each layout has its init scripts, and the run level directories that rc works through.
INIT_SCRIPTS = {"redhat": "etc/rc.d/init.d", "debian": "etc/init.d"}
RUN_LEVELS = {"redhat": "etc/rc.d", "debian": "etc"}
RC_PATH = {"redhat": "etc/rc.d/rc", "debian": "etc/init.d/rc"}

SYSVINIT = ("sbin/init", "sbin/telinit", "sbin/runlevel", "sbin/shutdown")


def make(
    host: Host,
    name: str,
    *,
    layout: Layout = "redhat",
    files: Mapping[str, str] | None = None,
    conf: Mapping[str, str] | None = None,
) -> str:
    """Make the guest ``name`` in ``/vservers`` of ``host`` and its configuration file.

    ``files`` are more files of the tree, or other texts for those it has; ``conf`` the
    variables of the configuration file. The return value is the tree as seen from outside.
    With the layout ``fakeinit`` the guest has the init of sysvinit and no run level
    directories at all.
    """
    root = host.path(f"/vservers/{name}")
    make_tree(root, layout, {"var/www/index.html": f"{name}\n", **(files or {})})
    write_conf(host, name, conf or {})
    return root


def make_tree(root: str, layout: Layout, files: Mapping[str, str]) -> None:
    """Make a guest's tree at ``root``, which may exist already."""
    write_tree(root, COMMON)
    _install_programs(root)
    if layout == "fakeinit":
        _install_sysvinit(root)
        write_tree(root, {"etc/inittab": INITTAB})
    else:
        _install_services(root, layout)
    write_tree(root, files)
    os.chmod(f"{root}/tmp", 0o1777)
    os.chmod(f"{root}/root", 0o750)
    os.chown(f"{root}/home/alice", 1000, 1000)


def link_service(root: str, layout: str, service: str, levels: Mapping[str, str]) -> None:
    """Link ``service`` into run levels: ``{"3": "S85", "6": "K15"}``."""
    scripts = os.path.relpath(INIT_SCRIPTS[layout], f"{RUN_LEVELS[layout]}/rc0.d")
    for level, order in levels.items():
        directory = f"{root}/{RUN_LEVELS[layout]}/rc{level}.d"
        os.symlink(f"{scripts}/{service}", f"{directory}/{order}{service}")


def _install_programs(root: str) -> None:
    """busybox under all its names, and bash."""
    for directory in ("bin", "sbin", "usr/bin", "usr/sbin"):
        os.makedirs(f"{root}/{directory}", exist_ok=True)
    shutil.copy("/bin/busybox", f"{root}/bin/busybox")
    shutil.copy("/bin/bash-static", f"{root}/bin/bash")
    for applet in _applets():
        if not os.path.lexists(f"{root}/{applet}"):
            os.symlink("/bin/busybox", f"{root}/{applet}")


@functools.cache
def _applets() -> list[str]:
    """Paths of busybox's applets, relative to the root directory."""
    listing = subprocess.run(
        ["/bin/busybox", "--list-full"], check=True, capture_output=True, text=True
    )
    return listing.stdout.split()


def _install_services(root: str, layout: Layout) -> None:
    """The run level directories with rc, and httpd in run level 3."""
    levels = {f"{RUN_LEVELS[layout]}/rc{level}.d/": "" for level in range(7)}
    rc = RC.replace("DIRECTORY", f"/{RUN_LEVELS[layout]}")
    scripts = {RC_PATH[layout]: rc, f"{INIT_SCRIPTS[layout]}/httpd": HTTPD}
    write_tree(root, {**levels, **scripts, "etc/inittab": "id:3:initdefault:\n"})
    link_service(root, layout, "httpd", {"3": "S85", "6": "K15"})


def _install_sysvinit(root: str) -> None:
    """The init of Debian's sysvinit, with the libraries it needs."""
    for path in (*SYSVINIT, *debian.libraries(SYSVINIT[0])):
        target = f"{root}/{path}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(target):
            os.unlink(target)
        shutil.copy(f"{debian.tree()}/{path}", target)
