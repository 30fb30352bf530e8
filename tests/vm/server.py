"""The disk of a root server that boots: Debian, the package, and a few virtual servers.

With systemd the package comes from `make install`, with sysvinit from its Debian packages.
The services are enabled as an administrator does it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Literal

from guests import busybox, debian, write_tree
from vm import image

Init = Literal["systemd", "sysvinit"]

PACKAGES = os.environ.get("VM_RUNTIME", "").split()
SYSTEM = ("ifupdown", "kmod", "procps", "udev", "xinetd")
INIT_PACKAGES: dict[Init, tuple[str, ...]] = {
    "systemd": ("systemd-sysv",),
    "sysvinit": ("initscripts", "sysv-rc", "sysvinit-core"),
}
SWITCH: dict[Init, str] = {
    "systemd": "systemctl -q {action} {service}",
    "sysvinit": "update-rc.d {service} {action}",
}
SERVICES = ("vservers", "rebootmgr", "v_xinetd")
PROBE = "usr/local/sbin/probe"
LOG = "var/log/guests.log"

# sysvinit leaves it to the administrator to have cgroup v2 mounted.
FSTAB = """\
/dev/vda / ext4 errors=remount-ro 0 0
cgroup2 /sys/fs/cgroup cgroup2 defaults 0 0
"""
INTERFACES = """\
auto lo eth0
iface lo inet loopback
iface eth0 inet static
    pre-up ip link add eth0 type dummy
    address 192.0.2.1/24
"""
# A service of the root server that would have its port on all addresses.
XINETD = """\
service echo
{
    type = INTERNAL UNLISTED
    id = echo-stream
    port = 7
    socket_type = stream
    protocol = tcp
    wait = no
    user = root
}
"""
# A service with a unit of its own, as a distribution has it, and what chbind(8) says of these. Its
# port is that of the virtual servers' web servers.
WEB = "/usr/bin/python3 -m http.server -d /srv/web 80"
WEB_UNIT = f"""\
[Unit]
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={WEB}

[Install]
WantedBy=multi-user.target
"""
WEB_DROP_IN = f"""\
[Service]
Delegate=yes
ExecStart=
ExecStart=/usr/sbin/chbind --silent --ip eth0 {WEB}
"""
# What else a unit may or may not have around chbind: whether it starts.
CHBIND = "/usr/sbin/chbind --silent --ip eth0"
UNITS = {
    "protected": f"Delegate=yes\nProtectControlGroups=yes\nExecStart={CHBIND} true\n",
    "nobody": f"Delegate=yes\nExecStart={CHBIND} setpriv --reuid=nobody --clear-groups true\n",
}
PROBE_UNIT = f"""\
[Unit]
After={" ".join(f"{service}.service" for service in SERVICES)}

[Service]
Type=forking
ExecStart=/{PROBE} start

[Install]
WantedBy=multi-user.target
"""
# A line of LOG: which boot, at what second of it, what happened to which virtual server.
# The kernel argument then=early is a shutdown in the middle of the start.
HOOK = f"""\
read -r boot </proc/sys/kernel/random/boot_id
read -r seconds _ </proc/uptime
echo "$boot $seconds $1 $2" >>/{LOG}
case "$1 $2 $(cat /proc/cmdline)" in "pre-start slow "*then=early*) poweroff ;; esac
"""
SLOW = "#!/bin/sh\n[ $1 != start ] || sleep 8\n"
STUBBORN = """\
#!/bin/sh
case $1 in
start) sh -c 'trap "" TERM; while :; do sleep 1; done' </dev/null >/dev/null 2>&1 & ;;
esac
"""


def make(init: Init, run: str) -> str:
    """The path of a new disk image in the directory ``run``."""
    tree = f"{run}/tree"
    packages = (*SYSTEM, *PACKAGES, *INIT_PACKAGES[init])
    image.copy_system(debian.tree(packages), tree)
    if init == "systemd":
        _install_files(tree, run)
    else:
        _install_package(tree, run)
    _configure(tree)
    _add_guests(_Tree(tree))
    for service in (*SERVICES, "probe"):
        _switch(tree, init, "enable", service)
    _switch(tree, init, "disable", "xinetd")
    if init == "systemd":
        _switch(tree, init, "enable", "web")
    image.make_file_system(f"{run}/disk", tree)
    return f"{run}/disk"


def _make(target: str, run: str, *variables: str) -> None:
    words = ["make", "-s", target, f"IMAGE={run}/image", *variables]
    lock = ["flock", f"{image.REPOSITORY}/build/.lock"]
    subprocess.run([*lock, *words], cwd=image.REPOSITORY, check=True, stdin=subprocess.DEVNULL)


def _in(tree: str, *command: str) -> None:
    """Run ``command`` in the tree; what it says is told only when it fails."""
    result = subprocess.run(["chroot", tree, *command], capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(result.stderr)


def _install_files(tree: str, run: str) -> None:
    """`make install`, which enables nothing."""
    _make("install", run, f"DESTDIR={tree}")
    wanted = os.listdir(f"{tree}/etc/systemd/system/multi-user.target.wants")
    assert not [name for name in wanted if name.startswith(SERVICES)]


def _install_package(tree: str, run: str) -> None:
    _make("deb", run, f"DEBS={run}/debs")
    shutil.copytree(f"{run}/debs", f"{tree}/debs")
    _in(tree, "sh", "-c", "dpkg -i /debs/*.deb")
    shutil.rmtree(f"{tree}/debs")


def _switch(tree: str, init: Init, action: str, service: str) -> None:
    _in(tree, *SWITCH[init].format(action=action, service=service).split())


def _configure(tree: str) -> None:
    shutil.copy(f"{image.REPOSITORY}/tests/vm/probe", f"{tree}/{PROBE}")
    write_tree(
        tree,
        {
            "etc/fstab": FSTAB,
            "etc/hostname": "server\n",
            "etc/hosts": "127.0.0.1 localhost server\n",
            "etc/network/interfaces": INTERFACES,
            "etc/systemd/system/probe.service": PROBE_UNIT,
            "etc/systemd/system/web.service": WEB_UNIT,
            "etc/systemd/system/web.service.d/override.conf": WEB_DROP_IN,
            "etc/vservices/xinetd.conf": 'IP="127.0.0.1 192.0.2.1"\n',
            **{
                f"etc/systemd/system/{name}.service": f"[Service]\nType=oneshot\n{lines}"
                for name, lines in UNITS.items()
            },
            "etc/xinetd.d/echo-test": XINETD,
            "srv/web/index.html": "web of the server\n",
        },
    )
    os.symlink(f"/{PROBE}", f"{tree}/etc/init.d/probe")
    _in(tree, "update-rc.d", "probe", "defaults")
    os.makedirs(f"{tree}/vservers", mode=0)


class _Tree:
    """What the makers of guests take for a host."""

    def __init__(self, root: str) -> None:
        self._root = root

    def path(self, name: str, /) -> str:
        """Where the file ``name`` of the server is now."""
        return self._root + name


def _add_guests(host: _Tree) -> None:
    """Five of which one is started by hand, and two that cannot be started."""
    _add_guest(host, "first", 11, {"ONBOOT": "yes", "PRIORITY": "9"})
    _add_guest(host, "slow", 12, {"ONBOOT": "yes", "PRIORITY": "20"}, SLOW)
    _add_guest(host, "stubborn", 13, {"ONBOOT": "yes", "PRIORITY": "40"}, STUBBORN)
    _add_guest(host, "last", 14, {"ONBOOT": "yes"})
    _add_guest(host, "spare", 15, {"PRIORITY": "200"})
    conf = {"broken": "fi\n", "gone": "source /etc/vservers.conf\nONBOOT=yes\nPRIORITY=10\n"}
    write_tree(host.path("/etc/vservers"), {f"{name}.conf": text for name, text in conf.items()})


def _add_guest(
    host: _Tree, name: str, number: int, conf: dict[str, str], service: str = ""
) -> None:
    """Add one with a web server at 192.0.2.``number``, and the script ``service``."""
    conf = {"IPROOT": f"192.0.2.{number}", "IPROOTDEV": "eth0", **conf}
    root = busybox.make(host, name, conf=conf)
    write_tree(host.path("/etc/vservers"), {f"{name}.sh": f"#!/bin/sh\n{HOOK}"})
    shutil.copy(host.path("/usr/lib/vserver/vreboot"), f"{root}/sbin/vreboot")
    if service:
        write_tree(root, {"etc/rc.d/init.d/service": service})
        busybox.link_service(root, "redhat", "service", {"3": "S90", "6": "K10"})
