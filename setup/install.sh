#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing of the packages that setup/packages lists for the roles given:
#   setup/install.sh build test
# Asks nothing, starts no service, touches no package that is there and new enough.  On
# Debian 12 the few rows marked bpo come from backports, through a source file of our own
# made from the mirror that this machine already uses, pinned to exactly those packages.
set -eu
cd "$(dirname "$0")/.."

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
command -v apt-get >/dev/null || {
	echo "fairlead: no apt-get here: on a machine that is not Debian 12 or 13 install what setup/packages lists by hand" >&2
	exit 2
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "fairlead: cannot install ($*): run as root, or install sudo" >&2
		exit 2
	fi
}

apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Use-Pty=0 "$@"
}

# The rows of the roles asked for: "package" or "package bpo".
rows() {
	for role; do
		sed 's/#.*//' setup/packages | awk -v role="$role" '$1 == role { print $2, $3 }'
	done
}

# Node.js may have come from elsewhere, with an npm of its own that Debian's would clash with.
installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ||
		case $1 in nodejs | npm) command -v npm >/dev/null ;; *) false ;; esac
}

# Backports carry ~bpo12 in the version; an older copy from the release is too old for us.
new_enough() {
	case "$2:$codename" in
	bpo:bookworm) dpkg-query -W -f '${Version}' "$1" 2>/dev/null | grep -q bpo12 ;;
	esac
}

missing=$(rows "$@" | while read -r package origin; do
	installed "$package" && new_enough "$package" "$origin" || echo "$package $origin"
done)
[ -n "$missing" ] || exit 0

packages=$(echo "$missing" | cut -d' ' -f1 | tr '\n' ' ')
echo "fairlead: installing $packages" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {	# the package manager's chatter is shown only when it failed
	"$@" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
}
quietly apt update

if [ "$codename" = bookworm ] && echo "$missing" | grep -q ' bpo$'; then
	mirror=$(setup/mirror.sh bookworm)
	pinned=$(sed 's/#.*//' setup/packages | awk '$3 == "bpo" { printf "%s ", $2 }')
	as_root sh -c "
		printf 'Types: deb\nURIs: $mirror\nSuites: bookworm-backports\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
			>/etc/apt/sources.list.d/fairlead-backports.sources
		printf 'Package: $pinned\nPin: release n=bookworm-backports\nPin-Priority: 600\n' \
			>/etc/apt/preferences.d/fairlead-backports"
	quietly apt update
fi
# shellcheck disable=SC2086 # a list of words
quietly apt install -y --no-install-recommends $packages
