#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks a program that we measure ourselves against out of its Debian package, and prints
# its path:
#   setup/peer.sh PACKAGE PROGRAM         (setup/peer.sh libbpf-tools runqlat)
# It lies in the cache and is never installed, so nothing of it starts or stays on the
# machine.  Libraries that are missing here are not sought: the program says so when it runs.
set -eu
package=$1 program=$2
here=$(cd "$(dirname "$0")" && pwd)
cache=${FAIRLEAD_CACHE:-$here/../.cache}/peers

found() { find "$cache/$package" -type f -path "*bin/$program" -perm -u+x 2>/dev/null | head -n 1; }

if [ -z "$(found)" ]; then
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/.$package.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	chmod 755 "$work"	# apt's own user has to look into it
	echo "fairlead: fetching $package" >&2
	(cd "$work" && apt-get -qq download "$package" >log 2>&1) || { cat "$work/log" >&2; exit 1; }
	dpkg-deb -x "$work"/*.deb "$work/root"
	dpkg-deb -f "$work"/*.deb Version >"$work/root/version"
	rm -rf "${cache:?}/$package"
	mv -T "$work/root" "$cache/$package"
fi
[ -n "$(found)" ] || { echo "fairlead: $package has no program $program" >&2; exit 1; }
realpath "$(found)"
