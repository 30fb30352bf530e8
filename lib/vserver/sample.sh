#!/bin/sh
# Companion script of a virtual server: copy it to /etc/vservers/NAME.sh and make it executable.
# It is called with the event and the name of the virtual server: see vserver(8).

case $1 in
pre-start)
	# before anything is set up; file systems mounted now are part of the virtual server
	;;
post-start)
	# the virtual server was started; the current directory is its tree
	;;
pre-stop)
	# the virtual server still runs
	;;
post-stop)
	# nothing runs any more; the place to unmount what pre-start mounted
	;;
*)
	echo "$0 pre-start | post-start | pre-stop | post-stop" >&2
	;;
esac
