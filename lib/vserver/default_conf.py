"""The configuration file that a new virtual server gets."""

from __future__ import annotations

# The variables and their order are fixed (change log, 0.5, 0.22, 0.27, 0.29). $PROFILE stays
# literal: it is the file that chooses, each time it is read.
_TEXT = """\
# Description: {description}
source /etc/vservers.conf

# A profile selects addresses and host name: PROFILE=backup vserver NAME start
if [ "$PROFILE" = "" ]; then
	PROFILE=prod
fi

case $PROFILE in
prod)
	# addresses: [device:]ip[/netmask] ..., 0.0.0.0 or nothing for all of the machine's
	IPROOT=1.2.3.4
	# netmask and broadcast address of the aliases, those of the device when not set
	#IPROOTMASK=
	#IPROOTBCAST=
	# device that carries the addresses which name none
	#IPROOTDEV=eth0
	S_HOSTNAME=
	;;
backup)
	IPROOT=1.2.3.4
	#IPROOTMASK=
	#IPROOTBCAST=
	#IPROOTDEV=eth0
	S_HOSTNAME=
	;;
esac

# started by the service "vservers"? In which order? (low numbers start first and stop last)
#ONBOOT=yes
#PRIORITY=100

# NIS domain: empty keeps that of the root server, "none" has none
S_DOMAINNAME=
# nice level of all processes, empty for none
S_NICE=
# lock: the context cannot be changed from inside; nproc: the process limit is for the whole
# virtual server; see vserver.conf(5) for more
S_FLAGS="lock nproc"
# resource limits, as the arguments of the shell's ulimit
ULIMIT="-HS -u 1000"
# capabilities given in addition, such as CAP_NET_RAW for ping
S_CAPS=""
# a fixed context number instead of one that is allocated
#S_CONTEXT=

# /etc/mtab of the virtual server is made anew at start and entry unless this says no
#GENERATEMTAB=no
"""


def text(*, description: str = "", vservers_root: str = "") -> str:
    """A new configuration; ``vservers_root`` only if it is not that of /etc/vservers.conf."""
    root = f"VSERVERS_ROOT={vservers_root}\n" if vservers_root else ""
    return _TEXT.format(description=description) + root
