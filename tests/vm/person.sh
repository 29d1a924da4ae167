#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs one command in a guest with this tree's Fairlead, or a shell when there is none:
#   tests/vm/person.sh KERNEL [CMD]      (make vm KERNEL=newest CMD='fairlead doctor')
# Its output and exit status are the command's.  The environment of boot.sh holds here too,
# and CMD is taken from it as well.
set -eu
cd "$(dirname "$0")/../.."
kernel=${1:-newest}
command=${2:-${CMD:-}}
work=$(mktemp -d)
vm=
# shellcheck disable=SC2317 # the trap calls it
end() {
	[ -z "$vm" ] || { kill "$vm" && wait "$vm"; } 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT
trap 'exit 130' HUP INT TERM

if [ -n "$command" ]; then
	echo "$command" >"$work/person"
	: "${LIMIT:=600}"
else
	echo "echo 'leave with exit or ^D'; exec sh -i" >"$work/person"
	: "${LIMIT:=0}"
fi
[ -t 1 ] || sed -i '1i export NO_COLOR=1' "$work/person"	# in the guest it is always a terminal
programs=$(tests/vm/programs.sh)
# shellcheck disable=SC2086 # a list of words
tests/vm/overlay.sh "$work/overlay" $programs -- "$work/person"
exec 3<&0
APPEND="vm.person ${APPEND:-}" CONSOLE=stdio LIMIT=$LIMIT \
	setpriv --pdeathsig TERM tests/vm/boot.sh "$kernel" "$work/overlay" "$work/log" <&3 &
vm=$!
died=0
wait "$vm" || died=$?
vm=
status=$(sed -n 's/^TEST person \([0-9]*\) .*/\1/p' "$work/log/result" 2>/dev/null) || true
exit "${status:-$died}"
