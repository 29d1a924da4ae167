#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the page cache: 64 MiB cold, warm, in random order, mapped, changed and evicted are the known pages
# limit: 180
set -eu
modprobe loop
dd if=/dev/zero of=/tmp/disk bs=1M count=64 2>/dev/null
losetup /dev/loop0 /tmp/disk
fairlead agent --socket /run/f.sock --state-dir /tmp/state --bpf-budget 1s &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
cached /run/f.sock /dev/loop0
fairlead doctor --socket /run/f.sock >/tmp/doctor
grep -A 3 'page cache counts *on' /tmp/doctor
grep -A 1 -E 'mm_filemap_get_pages|page_cache_sync_ra|mm_filemap_fault' /tmp/doctor
kill -TERM $!
wait $!

# The functions themselves, as where there is no tracepoint: reads, misses and faults.
fairlead agent --socket /run/f.sock --state-dir /tmp/state --bpf-budget 1s --cache-hook fentry &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
cached /run/f.sock /dev/loop0 >/tmp/probed || true
grep -E 'accesses|reads|misses|faults' /tmp/probed >/tmp/of_functions
cat /tmp/of_functions
grep -e '<--' /tmp/of_functions && exit 1
kill -TERM $!
wait $!
losetup -d /dev/loop0
