#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A fresh Debian in a folder, holding git and make and the mirror's address, and nothing else:
#   tests/prove/debian.sh make SUITE DIR      from the cache, or by mmdebstrap
#   tests/prove/debian.sh enter DIR CMD       runs a shell command there, as root of a machine
# The guest has this machine's kernel, devices and cgroups.  It lives in a mount and a process
# namespace of its own: whatever ends us, the kernel ends its processes and drops its mounts.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
setup=$here/../../setup
cache=${FAIRLEAD_CACHE:-$here/../../.cache}/debian

sources() {	# what a fresh machine of this suite has, from the mirror that this one uses
	echo "deb $("$setup/mirror.sh" "$1") $1 main"
	echo "deb $("$setup/mirror.sh" "$1") $1-updates main"
	echo "deb $("$setup/mirror.sh" "$1-security") $1-security main"
}

# How the mirror is reached from here: proxies, and what a frozen mirror wants.
reach() { apt-config dump | grep -E '^Acquire::(https?|Check)' || true; }

make_root() {
	suite=$1 root=$2
	tarball=$cache/$suite.tar
	if [ ! -e "$tarball" ]; then
		mkdir -p "$cache"
		echo "fairlead: making a fresh $suite" >&2
		part=$cache/.$suite.$$.tar	# the ending tells mmdebstrap the form
		trap 'rm -f "$part"' EXIT
		reach >"$cache/reach"
		sources "$suite" | mmdebstrap --quiet --mode=root --variant=minbase --include=git,make \
			--aptopt="$cache/reach" "$suite" "$part" -
		mv "$part" "$tarball"
	fi
	mkdir -p "$root"
	tar -C "$root" --numeric-owner --xattrs -xpf "$tarball"
}

enter() {
	root=$1 command=$2
	exec setpriv --pdeathsig TERM unshare --mount --pid --fork --kill-child --propagation private sh -euc '
		root=$1 command=$2
		mount --bind "$root" "$root"
		mount -t proc proc "$root/proc"
		mount --rbind /sys "$root/sys"
		mount --rbind /dev "$root/dev"
		mount -t tmpfs -o mode=755 run "$root/run"
		[ ! -e /etc/resolv.conf ] || cat /etc/resolv.conf >"$root/etc/resolv.conf"
		# not chroot: containers and systemd want the root of their namespace to be /
		cd "$root"
		pivot_root . mnt
		umount -l /mnt
		exec env -i HOME=/root LC_ALL=C.UTF-8 TERM=dumb \
			PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			sh -c "$command"
	' sh "$root" "$command"
}

case ${1:-} in
make) make_root "$2" "$3" ;;
enter) enter "$2" "$3" ;;
*) echo "usage: debian.sh make SUITE DIR | enter DIR CMD" >&2; exit 2 ;;
esac
