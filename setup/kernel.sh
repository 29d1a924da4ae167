#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches one of Debian's kernels by role and unpacks it into the cache; prints its folder:
#   setup/kernel.sh 6.1|6.12|newest|sid|arm64
# There: version (release, package version, suite), vmlinux.btf (the kernel's types), and for
# those that are booted vmlinuz and lib/modules; arm64 is not, only its types are of use here.
# What is cached is kept; remove the folder to resolve the role anew.
# The system's apt is untouched: lists, sources and package state lie in a folder of our own.
set -eu
PATH=$PATH:/usr/sbin:/sbin	# depmod's place, which an ordinary user does not search
here=$(cd "$(dirname "$0")" && pwd)
cache=${FAIRLEAD_CACHE:-$(dirname "$here")/.cache}/kernels
name=${1:-}
arch=amd64
case $name in	# in order of preference: suite/package
6.1) sources="bookworm-security/linux-image-cloud-amd64 bookworm/linux-image-cloud-amd64" ;;
6.12) sources="bookworm-security/linux-image-6.12-cloud-amd64 trixie/linux-image-cloud-amd64" ;;
newest) sources=trixie-backports/linux-image-cloud-amd64 ;;
sid) sources=sid/linux-image-cloud-amd64 ;;
arm64) sources=trixie-backports/linux-image-cloud-arm64 arch=arm64 ;;
*) echo "fairlead: no kernel has the role '$name': one of 6.1, 6.12, newest, sid, arm64" >&2; exit 2 ;;
esac

say() { echo "fairlead: kernel $name: $*" >&2; }

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
if [ -e "$cache/$name/version" ]; then
	echo "$cache/$name"
	exit 0
fi
work=$(mktemp -d "$cache/.$name.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial" "$work/root" "$work/done"

for keyring in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
	[ ! -e "$keyring" ] || break
done

apt() {
	tool=$1
	shift
	"$tool" -qq -o APT::Architecture=$arch -o APT::Architectures=$arch -o APT::Sandbox::User=root \
		-o Dir::State="$work/apt" -o Dir::State::status=/dev/null -o Dir::Cache="$work/apt" \
		-o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Acquire::Languages=none "$@"
}

# A kernel may be split over packages (7.x: image, base, binary, modules); all else that it
# depends on is for installing it, which we do not.
pieces() {
	todo=$1
	while [ -n "$todo" ]; do
		echo "$todo"
		# shellcheck disable=SC2086 # a list of words
		todo=$(apt apt-cache depends --important $todo |
			sed -n 's/^ *|\{0,1\}\(Pre\)\{0,1\}Depends: \(linux-\(image\|binary\|modules\|base\)-[0-9].*\)/\2/p')
	done | sort -u
}

for source in $sources; do
	suite=${source%%/*} package=${source#*/}
	mirror=$("$here/mirror.sh" "$suite") || continue
	echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/apt/sources.list"
	say "looking for $package in $suite"
	apt apt-get update >"$work/apt/log" 2>&1 || { sed 's/^/  /' "$work/apt/log" >&2; continue; }
	version=$(apt apt-cache policy "$package" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }')
	[ -z "$version" ] || break
done
[ -n "${version:-}" ] || { say "none of the mirror's suites has it ($sources)"; exit 1; }

say "fetching $version"
# shellcheck disable=SC2046 # a list of words
(cd "$work/apt/archives" && apt apt-get download $(pieces "$package") >../log 2>&1) ||
	{ cat "$work/apt/log" >&2; exit 1; }
for deb in "$work"/apt/archives/*.deb; do
	dpkg-deb -x "$deb" "$work/root"
done

# 6.x has /boot/vmlinuz-RELEASE and /lib/modules, 7.x has both in /usr/lib/modules.
mkdir -p "$work/done/lib"
for modules in "$work"/root/lib/modules "$work"/root/usr/lib/modules; do
	[ ! -d "$modules" ] || mv "$modules" "$work/done/lib/modules"
done
release=$(ls "$work/done/lib/modules")
for image in "$work/root/boot/vmlinuz-$release" "$work/done/lib/modules/$release/vmlinuz"; do
	[ ! -f "$image" ] || mv "$image" "$work/done/vmlinuz"
done
"$here/btf.sh" "$work/done/vmlinuz" "$work/done/vmlinux.btf"
if [ "$arch" = arm64 ]; then
	rm -rf "$work/done/vmlinuz" "$work/done/lib"
else
	depmod -b "$work/done" "$release"
fi
echo "$release $version $suite" >"$work/done/version"

# Complete, so it may be seen; if another run was quicker, its copy serves as well.
mv -T "$work/done" "$cache/$name" 2>/dev/null || [ -e "$cache/$name/version" ]
say "$(cat "$cache/$name/version")"
echo "$cache/$name"
