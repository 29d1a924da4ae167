#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves the acceptance lines of a part, in full, and writes docs/proof/PART.json and .md:
#   tests/prove/prove.sh PART [LINE...]       (make prove PART=ground)
# tests/prove/PART/lines has the lines, PART/LINE.py proves one.  With LINEs only these are
# proved anew; the others stay as they are.  It takes hours and wants a machine that does
# nothing else: a run whose control is off is made again a few times and then refused.
#   PROVE_SCALE=0.1    a trial with a tenth of the counts; written to .out/prove only
# Exit status 1 when a line does not hold or could not be tried.
set -eu
cd "$(dirname "$0")/../.."
part=${1:-}
[ -n "$part" ] && [ -f "tests/prove/$part/lines" ] || {
	echo "usage: tests/prove/prove.sh PART [LINE...]; there is: $(cd tests/prove && echo */ | tr -d /)" >&2
	exit 2
}
shift
[ "$(id -u)" = 0 ] || { echo "fairlead: proofs load BPF and build machines: run as root" >&2; exit 2; }
O=${O:-.out}
case $O in /*) ;; *) O=$PWD/$O ;; esac
export O LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
unset MAKEFLAGS MFLAGS MAKELEVEL	# make's own job server is not for the makes below

all=$(sed '/^#/d; s/ .*//' "tests/prove/$part/lines")
# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- $all
for line; do
	echo "$all" | grep -qx "$line" || {
		echo "fairlead: part $part has no line '$line': there are $(echo "$all" | tr '\n' ' ')" >&2
		exit 2
	}
done

setup/install.sh build test vm cross prove
make --no-print-directory -j"$(nproc)" "O=$O" all san tools
mkdir -p "$O/prove"
for line; do
	rm -f "$O/prove/$line.claims"
	echo "# $line"
	"tests/prove/$part/$line.py" || true	# publish.py judges by what it left
done
exec tests/prove/publish.py "$part" "$@"
