#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the guest is what the tests expect: pure cgroup v2, BTF, two CPUs
# limit: 20
set -eu
fail() { echo "$*"; exit 1; }

! grep -q ' cgroup ' /proc/mounts || fail "cgroup v1 is mounted"
for controller in cpu cpuset io memory pids; do
	grep -qw "$controller" /sys/fs/cgroup/cgroup.subtree_control || fail "$controller is not handed down"
done
[ -s /sys/kernel/btf/vmlinux ] || fail "no BTF"
[ "$(nproc)" = 2 ] || fail "$(nproc) CPUs"
modprobe null_blk
[ -b /dev/nullb0 ] || fail "modules do not load"
modprobe -r null_blk
# A sandbox pivots into a root of its own and starts as another user.
mkdir /tmp/root
mount -t tmpfs tmpfs /tmp/root
mkdir -p /tmp/root/old /tmp/root/bin
cp /bin/busybox /tmp/root/bin/sh
unshare -m sh -c 'cd /tmp/root && pivot_root . old && exec /bin/sh -c :' || fail "no pivot_root"
umount /tmp/root
su -s /bin/sh nobody -c 'test -r /proc/self/stat && ls / >/dev/null' || fail "other users cannot enter /"
fairlead --version || fail "fairlead does not start"
