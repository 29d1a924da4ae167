#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the path check passes what belongs to nobody and fails on what belongs to somebody
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
git init -q "$tree" || exit 1
bad=0

try() { # STATUS TEXT
	printf '%s\n' "$2" >"$tree/file"
	output=$("$here/hostpaths.sh" "$tree")
	status=$?
	[ $status = "$1" ] || {
		echo "'$2': exit status $status, wanted $1: $output"
		bad=1
	}
}

try 0 'see https://www.kernel.org/doc and http://localhost:9100/metrics'
try 0 'mail ada@example.org; systemctl start user@1000.service; npm i left-pad@1.2.3'
try 0 'the --root option, /var/lib/fairlead, $HOME/x, build/work/x'
try 1 'cd /home/ada/fairlead'
try 1 'O=/work/main/.out'
try 1 '"/root/.cache"'
try 1 'ada.lovelace@mail.ac.uk'
try 1 'deb http://mirror.corp.internal/debian bookworm main'
try 1 'registry=https://npm.proxy.somewhere.io/'
try 1 'https://github.com.evil.io/x'
try 1 '"resolved": "https://github.com/x.tgz"'
exit $bad
