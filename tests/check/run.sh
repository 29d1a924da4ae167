#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every check of this folder (or those named: `run.sh tidy layers`) and prints one TAP
# line each.  A check is a script whose third line is its claim; it says what is wrong and
# exits 1, or exits 77 with the reason for a skip as its last line.
set -u
cd "$(dirname "$0")/../.." || exit 1
export O="${O:-.out}"
[ $# -gt 0 ] || set -- format spdx layers layers_test hostpaths hostpaths_test documented headers \
	shellcheck codespell runner_test reproducible cppcheck tidy

echo "1..$#"
number=0 bad=0
for name; do
	number=$((number + 1))
	check=tests/check/$name.sh
	claim=$(sed -n '3s/^# //p' "$check")
	output=$("$check" 2>&1)
	status=$?
	case $status in
	0) echo "ok $number - $claim" ;;
	77) echo "ok $number - $claim # SKIP $(echo "$output" | tail -n1)" ;;
	*)
		echo "$output" | sed 's/^/# /'
		[ $status = 1 ] || echo "# $check: exit status $status"
		echo "not ok $number - $claim"
		bad=1
		;;
	esac
done
exit $bad
