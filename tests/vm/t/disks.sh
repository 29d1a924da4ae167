#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# disk I/Os, bytes and merges equal the kernel's own counters, also per cgroup, and all come back
# limit: 120
set -eu
modprobe loop
dd if=/dev/zero of=/tmp/disk bs=1M count=32 2>/dev/null
losetup /dev/loop0 /tmp/disk
fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
disks /run/f.sock /dev/loop0 >/tmp/disks || { cat /tmp/disks; exit 1; }
cat /tmp/disks
awk '$3 != $12 { print $1 ": completed " $12 " of " $3; bad = 1 } END { exit bad }' /tmp/disks
fairlead snapshot -o json --for 1ms --socket /run/f.sock | grep -q '"name":"loop0"'
kill -TERM $!
wait $!
losetup -d /dev/loop0
