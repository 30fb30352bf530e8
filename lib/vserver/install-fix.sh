#!/bin/sh
# Put the directories of an installation into its programs (change log, 0.19).
#
# Every program defines USR_SBIN and USR_LIB_VSERVER once, at its top, in shell or in Python;
# those lines are rewritten in place, which keeps owner and mode. Used by "make install".

usage() {
	echo "install-fix.sh SBIN LIB FILE..." >&2
	exit 1
}

complain() {
	echo "install-fix.sh: $*" >&2
	exit 1
}

[ $# -ge 3 ] || usage
sbin=$1 lib=$2
shift 2
for directory in "$sbin" "$lib"; do
	case $directory in
	*[\ \"\'\\\$\`\;\#]* | *'
'*) complain "unusable directory: $directory" ;;
	/*) ;;
	*) usage ;;
	esac
done
for file; do
	[ -f "$file" ] || complain "no such file: $file"
	[ -w "$file" ] || complain "cannot write: $file"
done

# the sed script for one name: a value in either kind of quotes, or a word that is a path
definition() {
	directory=$(printf '%s\n' "$2" | sed 's/[&|]/\\&/g')
	cat <<-END
		s|^([[:blank:]]*$1[[:blank:]]*=[[:blank:]]*)"[^"]*"|\\1"$directory"|
		s|^([[:blank:]]*$1[[:blank:]]*=[[:blank:]]*)'[^']*'|\\1'$directory'|
		s|^([[:blank:]]*$1[[:blank:]]*=[[:blank:]]*)[/\$][^[:blank:];#]*|\\1$directory|
	END
}

script=$(definition USR_SBIN "$sbin" && definition USR_LIB_VSERVER "$lib")
new=$(mktemp) || exit 1
trap 'rm -f "$new"' EXIT
for file; do
	sed -E "$script" <"$file" >"$new" || exit 1
	cmp -s "$file" "$new" || cat "$new" >"$file" || exit 1
done
