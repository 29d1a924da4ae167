#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes ready to cross-compile for another architecture and prints the folder of its libraries:
#   setup/sysroot.sh aarch64
# The libraries are those of role build in setup/packages (*-dev) with all that they depend on,
# from the release of this machine, unpacked into the cache.  Only the compiler is installed:
# the machine's own apt and dpkg never hear of the other architecture.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${FAIRLEAD_CACHE:-$(dirname "$here")/.cache}
machine=${1:-}
case $machine in
aarch64) arch=arm64 ;;
*) echo "fairlead: no libraries are fetched for '$machine': only for aarch64" >&2; exit 2 ;;
esac
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
packages=$(sed 's/#.*//' "$here/packages" | awk '$1 == "build" && $2 ~ /-dev$/ { printf "%s ", $2 }')
# What is there serves as long as it was made for the same release and list.
wanted="$codename $packages"

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
sysroot=$cache/sysroot-$machine
ready() { [ "$(cat "$sysroot/made-from" 2>/dev/null)" = "$wanted" ]; }

if ready && command -v "$machine-linux-gnu-gcc" >/dev/null; then
	echo "$sysroot"
	exit 0
fi
"$here/install.sh" build cross >&2
if ready; then
	echo "$sysroot"
	exit 0
fi

say() { echo "fairlead: libraries for $machine: $*" >&2; }

work=$(mktemp -d "$cache/.sysroot-$machine.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
apt=$work/apt root=$work/root
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$root"

for keyring in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
	[ ! -e "$keyring" ] || break
done
backports=
[ "$codename" != bookworm ] || backports=bookworm-backports
for suite in "$codename" "$codename-security" $backports; do
	mirror=$("$here/mirror.sh" "$suite") || continue
	echo "deb [signed-by=$keyring] $mirror $suite main"
done >"$apt/sources.list"
# The same packages come from backports as on this machine (setup/install.sh).
pinned=$(sed 's/#.*//' "$here/packages" | awk '$3 == "bpo" { printf "%s ", $2 }')
printf 'Package: %s\nPin: release n=bookworm-backports\nPin-Priority: 600\n' "$pinned" >"$apt/preferences"

apt_get() {
	apt-get -qq -y -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=root \
		-o Dir::State="$apt" -o Dir::State::status=/dev/null -o Dir::Cache="$apt" \
		-o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences="$apt/preferences" -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::Log="$apt" -o Debug::NoLocking=1 \
		-o APT::Install-Recommends=false -o Acquire::Languages=none "$@" >"$apt/log" 2>&1 ||
		{ sed 's/^/  /' "$apt/log" >&2; say "apt-get failed"; exit 1; }
}
say "fetching $packages"
apt_get update
# shellcheck disable=SC2086 # a list of words
apt_get install --download-only $packages

# One /lib, as on an installed system: packages disagree whether their libraries are in /usr.
for folder in bin lib sbin; do
	mkdir -p "$root/usr/$folder"
	ln -s "usr/$folder" "$root/$folder"
done
for deb in "$apt"/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" |
		tar -C "$root" -x --keep-directory-symlink --no-same-owner \
			--exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/locale'
done
# A link to /lib/... means the sysroot's, not this machine's.
find "$root" -type l -lname '/*' | while read -r link; do
	ln -sfn "$(realpath -sm --relative-to="$(dirname "$link")" "$root$(readlink "$link")")" "$link"
done
echo "$wanted" >"$root/made-from"

# Complete, so it may be seen; if another run was quicker, its copy serves as well.
ready || rm -rf "$sysroot"
mv -T "$root" "$sysroot" 2>/dev/null || ready
say "$(find "$apt/archives" -name '*.deb' | wc -l) packages unpacked"
echo "$sysroot"
