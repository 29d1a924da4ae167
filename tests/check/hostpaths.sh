#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# no file names a path, a person or a package host of the machine that it was written on
here=$(dirname "$(realpath "$0")")
cd "${1:-$here/../..}" || exit 1
files=$("$here/files.sh" ':!LICENSE*' ':!tests/check/hostpaths*.sh')
bad=0

# tell WHY: fails when lines come in
tell() {
	found=$(cat)
	[ -z "$found" ] || {
		printf '%s\n' "$found" | sed "s|\$|   <- $1|"
		bad=1
	}
}
# search PATTERN: path:line:match
search() { echo "$files" | tr '\n' '\0' | xargs -0 grep -noIHE -e "$1" 2>/dev/null; }

# "$dir"/root/x is no such path, "/root/x" is.
tell "a path of one machine" <<T
$(search "(^|[^]A-Za-z0-9_.*/}\"'-]|(^|[^]A-Za-z0-9_}])[\"'])/(home|root|work)/[A-Za-z0-9_.-]+")
T
# example.org and the like are nobody's; name@instance.service is a unit.
tell "a person's address: use one at example.org" <<T
$(search '[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[a-z]{2,}' |
	grep -vE '@([a-z0-9-]+\.)*example\.(org|com|net)$|\.invalid$|\.(service|slice|socket|scope|timer|target|mount)$')
T
# A mirror or registry shows as a host that tests/check/hosts does not have.  A lock file has
# its authors' addresses; it is only not to say where a package came from (npm:
# omit-lockfile-registry-resolved).
allowed=$(sed 's/#.*//; s/[[:space:]]//g; /^$/d; s/\./\\./g' "$here/hosts" | paste -sd'|')
tell "not among the public hosts of tests/check/hosts" <<T
$(search '(https?|git|ssh)://[A-Za-z0-9][A-Za-z0-9.-]*\.[a-z]+' | grep -v 'package-lock.json:' |
	grep -vE "://([a-z0-9-]+\.)*($allowed)\$")
T
tell "a lock file that names its registry" <<T
$(search '"resolved": *"https?://')
T
exit $bad
