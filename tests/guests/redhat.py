"""Guests in the style of Red Hat: run levels by rc, chkconfig, service, and three services."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from guests import busybox, write_conf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guests import Host

# A service runs only when it is not up yet (S links) or is up (K links), by its lock file.
RC = """\
#!/bin/bash
runlevel=${1:-$RUNLEVEL}
echo "rc $* PREVLEVEL=$PREVLEVEL" >>/var/log/rc.log
cd /etc/rc.d/rc$runlevel.d || exit 1
for link in K??*; do
    service=${link#K??}
    [ -x "$link" ] && [ -e /var/lock/subsys/$service ] || continue
    echo "$link stop" >>/var/log/rc.log
    ./$link stop
done
for link in S??*; do
    service=${link#S??}
    [ -x "$link" ] && [ ! -e /var/lock/subsys/$service ] || continue
    echo "$link start" >>/var/log/rc.log
    ./$link start
done
exit 0
"""
SERVICE = """\
#!/bin/bash
script=/etc/rc.d/init.d/$1
[ -n "$1" ] || { echo 'Usage: service SERVICE COMMAND'; exit 1; }
[ -x "$script" ] || { echo "$1: unrecognized service"; exit 1; }
cd /
shift
exec "$script" "$@"
"""
# --list [SERVICE] | [--level LEVELS] SERVICE on|off | --add SERVICE | --del SERVICE | SERVICE
CHKCONFIG = """\
#!/bin/bash
levels=2345

header() {  # levels, start and stop order of service $1
    sed -n 's/^# chkconfig: *//p' "/etc/rc.d/init.d/$1" 2>/dev/null
}

link() {  # the link that turns service $1 on or off ($2) in level $3
    rm -f /etc/rc.d/rc$3.d/[SK]??$1
    set -- "$@" $(header "$1")
    case $2 in
    on) ln -s ../init.d/$1 /etc/rc.d/rc$3.d/S$5$1 ;;
    off) ln -s ../init.d/$1 /etc/rc.d/rc$3.d/K$6$1 ;;
    esac
}

is_on() { compgen -G "/etc/rc.d/rc$2.d/S??$1" >/dev/null; }

list() {
    printf '%-15s' "$1"
    for level in 0 1 2 3 4 5 6; do
        if is_on "$1" $level; then state=on; else state=off; fi
        printf '\\t%s' "$level:$state"
    done
    echo
}

require() {
    [ -n "$(header "$1")" ] && return
    echo "error reading information on service $1: No such file or directory" >&2
    exit 1
}

case $1 in
--list)
    for service in ${2:-$(ls /etc/rc.d/init.d)}; do
        require "$service"
        list "$service"
    done
    exit ;;
--add)
    require "$2"
    set -- "$2" $(header "$2")
    for level in 0 1 2 3 4 5 6; do
        case $2 in *$level*) link "$1" on $level ;; *) link "$1" off $level ;; esac
    done
    exit ;;
--del)
    rm -f /etc/rc.d/rc?.d/[SK]??"$2"
    exit ;;
--level)
    levels=$2
    shift 2 ;;
esac
[ -n "$1" ] || { echo 'usage: chkconfig [--list] [--level LEVELS] SERVICE [on|off]'; exit 1; }
require "$1"
case $2 in
on | off) for level in $(echo $levels | sed 's/./& /g'); do link "$1" $2 $level; done ;;
'') is_on "$1" "$(runlevel | cut -d' ' -f2)" ;;
*) echo "chkconfig: unknown action $2" >&2; exit 1 ;;
esac
"""
RUNLEVEL = """\
#!/bin/sh
echo "N $(sed -n 's/^id:\\(.\\):initdefault:.*/\\1/p' /etc/inittab)"
"""
# A service whose program sleeps; NAME and ORDER are filled in.
SLEEPER = """\
#!/bin/bash
# chkconfig: ORDER
# description: a service that only waits
case $1 in
start)
    start-stop-daemon -S -b -m -p /var/run/NAME.pid -x /usr/sbin/NAME &&
        touch /var/lock/subsys/NAME
    echo "Starting NAME: [  OK  ]" ;;
stop)
    start-stop-daemon -K -q -p /var/run/NAME.pid
    rm -f /var/lock/subsys/NAME /var/run/NAME.pid
    echo "Stopping NAME: [  OK  ]" ;;
restart)
    $0 stop
    $0 start ;;
status)
    pid=$(cat /var/run/NAME.pid 2>/dev/null)
    [ -n "$pid" ] || { echo "NAME is stopped"; exit 3; }
    echo "NAME (pid $pid) is running..." ;;
*)
    echo "Usage: NAME {start|stop|restart|status}"
    exit 1 ;;
esac
"""
WAIT = """\
#!/bin/bash
trap 'kill $!' EXIT
trap exit TERM
sleep 3600 &
wait
"""
SLEEPERS = {"crond": "2345 90 60", "testd": "345 95 05"}

PROGRAMS = {
    "etc/rc.d/rc": RC,
    "sbin/chkconfig": CHKCONFIG,
    "sbin/runlevel": RUNLEVEL,
    "sbin/service": SERVICE,
}


def make(
    host: Host,
    name: str,
    *,
    files: Mapping[str, str] | None = None,
    conf: Mapping[str, str] | None = None,
) -> str:
    """Make the Red Hat style guest ``name``; arguments and return value as of busybox.make.

    httpd starts in run level 3, crond and testd in the levels that their headers say.
    """
    root = host.path(f"/vservers/{name}")
    page = {"var/www/index.html": f"{name}\n"}
    busybox.make_tree(root, "redhat", PROGRAMS | _sleepers() | page | dict(files or {}))
    os.symlink("rc.d/init.d", f"{root}/etc/init.d")
    for service, header in SLEEPERS.items():
        _link(root, service, *header.split())
    write_conf(host, name, conf or {})
    return root


def _sleepers() -> dict[str, str]:
    """The programs and the scripts of the services that only wait."""
    files = {}
    for name, header in SLEEPERS.items():
        script = SLEEPER.replace("NAME", name).replace("ORDER", header)
        files[f"etc/rc.d/init.d/{name}"] = script
        files[f"usr/sbin/{name}"] = WAIT
    return files


def _link(root: str, service: str, levels: str, start: str, stop: str) -> None:
    """Link ``service`` as `chkconfig --add` does, by what its header says."""
    starts = dict.fromkeys(levels, f"S{start}")
    stops = {level: f"K{stop}" for level in "0123456" if level not in levels}
    busybox.link_service(root, "redhat", service, starts | stops)
