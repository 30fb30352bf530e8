"""A user of the host without rights is hostile: what he can hold, make and forge beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from guests import busybox

if TYPE_CHECKING:
    from testhost import TestHost

USER = "setpriv --reuid 1000 --regid 1000 --clear-groups"
# Locks for himself whatever he can open below what commands use, in each way there is.
LOCK_ALL = """
import fcntl, os, sys, time
held = []
for top in sys.argv[1:]:
    for where, directories, files in os.walk(top):
        for path in (where, *(f"{where}/{name}" for name in files)):
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            except OSError:
                continue
            held.append(fd)
            for lock in (fcntl.flock, fcntl.lockf):
                try:
                    lock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    pass
print("held", len(held), flush=True)
time.sleep(1000)
"""
PLACES = [
    *("/sys/fs/cgroup/vserver", "/sys/fs/bpf", "/usr/lib/vserver", "/etc/vservers", "/run"),
    *("/var/cache/vserver", "/var/lib/vserver", "/vservers"),
]


@pytest.mark.parametrize("before", ["rm -rf /sys/fs/bpf/vserver-*", "vserver web start", "vps"])
def test_his_locks_hold_nobody_up(host: TestHost, before: str) -> None:
    """Whoever can open a file for reading can lock it, and keep the lock for ever."""
    busybox.make(host, "web")
    host.run(before)
    with host.start([*USER.split(), "python3", "-c", LOCK_ALL, *PLACES]) as holder:
        holder.expect("held")
        for command in ("vserver web start", "vserver web exec true", "vserver web stop"):
            assert host.run(command, timeout=20).status == 0, command
        for command in ("chcontext true", "chbind --ip 192.0.2.10 true", "vserver-stat"):
            assert host.run(command, timeout=20).status == 0, command


def test_nothing_can_be_changed_by_him_after_an_umask_of_0(host: TestHost) -> None:
    busybox.make(host, "web")
    services = "for name in vservers rebootmgr; do /etc/init.d/$name start; done"
    host.run(f"umask 0; vps; {services}; vserver web start; vserver-copy -q web web2")
    for place in "/run", "/var/lock", "/var/cache", "/var/log", "/etc/vservers", "/sys/fs/cgroup":
        found = host.run(f"{USER} find {place} -perm -2 ! -type l ! -perm -1000 2>/dev/null")
        assert found.out == ""


def test_a_directory_of_his_is_not_taken_for_our_programs(host: TestHost) -> None:
    """The BPF file system may be everybody's to write to."""
    host.run("mount -t bpf -o mode=1777 none /sys/fs/bpf; chbind --ip 192.0.2.10 true")
    pinned = host.run("cd /sys/fs/bpf; ls -d vserver-*").out.split()
    host.run("umount /sys/fs/bpf; mount -t bpf -o mode=1777 none /sys/fs/bpf")
    assert host.run(f"cd /sys/fs/bpf; {USER} mkdir {' '.join(pinned)}").status == 0
    assert host.run("chbind --silent --ip 192.0.2.11 true") == (0, "", "")
    assert host.run("cd /sys/fs/bpf; stat -c %u vserver-*").out.split() == ["0"] * len(pinned)


@pytest.mark.parametrize("service", ["vservers", "rebootmgr"])
def test_he_does_not_lead_the_init_scripts_elsewhere(host: TestHost, service: str) -> None:
    host.run("mkdir -p /run/lock; chmod 1777 /run/lock; rm -rf /run/lock/subsys")
    forge = f"mkdir /run/lock/subsys; ln -s /etc/nologin /run/lock/subsys/{service}"
    assert host.run(f"{USER} sh -c '{forge}'").status == 0
    result = host.run(f"/etc/init.d/{service} start", timeout=20)
    assert result.err.endswith("/var/lock/subsys: belongs to a user\n"), result
    assert host.run("ls /etc/nologin").status != 0
    host.run(f"rm -r /run/lock/subsys; /etc/init.d/{service} stop")
