#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds what every guest of one kernel starts from, and prints its path:
#   tests/vm/base.sh NAME
# An initramfs of busybox, init and kernel modules; kept beside the kernel in the cache.
set -eu
umask 022
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
kernel=$("$here/../../setup/kernel.sh" "$1")
base=$kernel/base.cpio.gz
if [ -e "$base" ] && [ -z "$(find "$here/base.sh" "$here/init" "$kernel/version" -newer "$base")" ]; then
	echo "$base"
	exit 0
fi

# What tests may ask modprobe for; one that is built in, or unknown to this kernel, is left out.
modules="null_blk loop brd zram lzo-rle scsi_debug virtio_blk virtio_net virtio_scsi
	overlay ext4 xfs btrfs squashfs erofs fuse virtiofs
	veth bridge vxlan dummy tun sch_netem sch_fq sch_ingress cls_bpf tcp_bbr
	bfq kyber-iosched dm-delay dm-flakey vsock_loopback
	af_alg algif_hash af_key nfnetlink binfmt_misc"

read -r release _ <"$kernel/version"
tree=$(mktemp -d)
trap 'rm -rf "$tree" "$base.$$"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$tree"	# it becomes the guest's /, which other users must be able to enter

cd "$tree"
mkdir -p bin dev etc lib mnt proc root run sys t tmp usr/lib
ln -s bin sbin	# the kernel calls /sbin/modprobe
ln -s ../bin usr/bin
ln -s ../bin usr/sbin
cp "$(command -v busybox)" bin/busybox
for applet in $(busybox --list); do
	[ -e "bin/$applet" ] || ln -s busybox "bin/$applet"
done
cp "$here/init" init
printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' >etc/group

# shellcheck disable=SC2086 # a list of words
for module in $modules; do
	modprobe -d "$kernel" -S "$release" --show-depends "$module" 2>/dev/null || true
done | sed -n "s#^insmod .*/\(lib/modules/[^ ]*\).*#\1#p" | sort -u | while read -r module; do
	mkdir -p "$(dirname "$module")"
	case $module in
	*.xz) xz -dc "$kernel/$module" >"${module%.xz}" ;;
	*.zst) zstd -qdc "$kernel/$module" >"${module%.zst}" ;;
	*) cp "$kernel/$module" "$module" ;;
	esac
done
cp "$kernel/lib/modules/$release"/modules.order "$kernel/lib/modules/$release"/modules.builtin* "lib/modules/$release"
depmod -b . "$release"

find . | cpio --quiet -o -H newc -R +0:+0 | gzip -1 >"$base.$$"
mv "$base.$$" "$base"
echo "$base"
