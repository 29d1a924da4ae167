#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the fallback hooks count disk I/O the same, and doctor calls them a fallback
# limit: 120
set -eu
modprobe loop
dd if=/dev/zero of=/tmp/disk bs=1M count=32 2>/dev/null
losetup /dev/loop0 /tmp/disk
fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state --disk-hook raw_tp &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
disks /run/f.sock /dev/loop0 >/tmp/disks || true	# merges have no such hook
cat /tmp/disks
awk '$3 != $4 || $6 != $7 || $3 != $12 { bad = 1 } END { exit bad || NR != 4 }' /tmp/disks
fairlead doctor --socket /run/f.sock | grep 'block_rq_issue *fallback *raw_tp'
fairlead doctor --socket /run/f.sock | grep 'block_bio_backmerge *off'
