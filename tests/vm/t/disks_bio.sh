#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# devices without requests (zram, dm) are counted as the kernel does, and the disk below once
# limit: 240
set -eu
modprobe loop
modprobe zram
dd if=/dev/zero of=/tmp/disk bs=1M count=40 2>/dev/null
losetup /dev/loop0 /tmp/disk
fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state ${HOOK:+--disk-hook $HOOK} &
agent=$!
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $agent || exit 1; done

look() {	# TITLE DISKS-ARGUMENT...: exactly, and all came back
	echo "--- $1"
	shift
	disks /run/f.sock "$@" >/tmp/disks || { cat /tmp/disks; exit 1; }
	cat /tmp/disks
	awk '$3 != $12 { print $1 ": completed " $12 " of " $3; bad = 1 } END { exit bad }' /tmp/disks
}

echo 48M >/sys/block/zram0/disksize
case $(uname -r) in
6.1.*) ;;	# reads pages ahead past the block layer there
*) look zram /dev/zram0 ;;
esac
dd if=/dev/zero of=/dev/zram0 bs=64k count=16 oflag=direct 2>/dev/null

command -v dmsetup >/dev/null || { echo "no dmsetup on this machine"; exit 77; }
modprobe dm-mod
# Two pieces, the border in the middle of a transfer: dm cuts that in two.
printf '0 8200 linear /dev/loop0 0\n8200 65528 linear /dev/loop0 8200\n' | dmsetup create --noudevsync two
look "dm in two pieces" /dev/dm-0
[ -n "${HOOK:-}" ] || look "the disk below dm" /dev/loop0	# merges have no other hook
if modprobe ext4 && command -v mkfs.ext4 >/dev/null; then
	mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 /dev/dm-0	# its journal flushes ahead of data
	mkdir -p /mnt
	mount -t ext4 /dev/dm-0 /mnt
	look "a file system on dm" /dev/dm-0 /mnt
	umount /mnt
fi
dmsetup remove --noudevsync two

modprobe brd rd_nr=1 rd_size=4096
dd if=/dev/zero of=/dev/ram0 bs=64k count=16 oflag=direct 2>/dev/null
fairlead snapshot -o json --for 1ms --socket /run/f.sock >/tmp/json
grep -q '"name":"ram0","number":"[0-9:]*","bio_based":true' /tmp/json
grep -q '"name":"loop0","number":"[0-9:]*","bio_based":false' /tmp/json
kill -TERM $agent
wait $agent
echo 1 >/sys/block/zram0/reset
rmmod brd
losetup -d /dev/loop0
