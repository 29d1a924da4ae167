#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Unpacks a program that we measure ourselves against out of its Debian package, and prints
# its path:
#   setup/peer.sh PACKAGE PROGRAM [SUITE]       (setup/peer.sh libbpf-tools runqlat)
# With a SUITE it is that release's, whatever this machine has; apt's own lists stay as they are.
# It lies in the cache and is never installed, so nothing of it starts or stays on the
# machine.  Libraries that are missing here are not sought: the program says so when it runs.
set -eu
package=$1 program=$2 suite=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
cache=${FAIRLEAD_CACHE:-$here/../.cache}/peers

found() { find "$cache/$package" -type f -path "*bin/$program" -perm -u+x 2>/dev/null | head -n 1; }

download() {
	[ -n "$suite" ] || exec apt-get -qq download "$package"
	mkdir -p lists/partial archives/partial
	for keyring in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
		[ ! -e "$keyring" ] || break
	done
	echo "deb [signed-by=$keyring] $("$here/mirror.sh" "$suite") $suite main" >sources.list
	for action in update "download $package"; do
		# shellcheck disable=SC2086 # a list of words
		apt-get -qq -o APT::Sandbox::User=root -o Dir::State="$PWD" -o Dir::State::status=/dev/null \
			-o Dir::Cache="$PWD" -o Dir::Etc::sourcelist="$PWD/sources.list" \
			-o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/dev/null \
			-o Dir::Etc::preferencesparts=/dev/null -o Acquire::Languages=none $action
	done
}

if [ -z "$(found)" ]; then
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/.$package.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	chmod 755 "$work"	# apt's own user has to look into it
	echo "fairlead: fetching $package" >&2
	(cd "$work" && download >log 2>&1) || { cat "$work/log" >&2; exit 1; }
	dpkg-deb -x "$work"/*.deb "$work/root"
	dpkg-deb -f "$work"/*.deb Version >"$work/root/version"
	rm -rf "${cache:?}/$package"
	mv -T "$work/root" "$cache/$package"
fi
[ -n "$(found)" ] || { echo "fairlead: $package has no program $program" >&2; exit 1; }
realpath "$(found)"
