#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# a device is taken away, ten times, while it is read: the agent goes on, nothing stays in flight, sums stay
# limit: 120
set -eu
modprobe null_blk nr_devices=0
[ -d /sys/kernel/config/nullb ] || mount -t configfs none /sys/kernel/config
fairlead agent --socket /run/f.sock --state-dir /tmp/state &
agent=$!
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $agent || exit 1; done
look() { fairlead snapshot -o json --for 100ms --socket /run/f.sock >/tmp/look; }
# the disk of newer kernels has the folder's name
mkdir /sys/kernel/config/nullb/nullb0
cd /sys/kernel/config/nullb/nullb0
echo 2 >irqmode
echo 2000000 >completion_nsec
for _ in 1 2 3 4 5 6 7 8 9 10; do
	echo 1 >power
	for _ in 1 2 3; do
		dd if=/dev/nullb0 of=/dev/null bs=4k iflag=direct 2>/dev/null &
	done
	until grep -q '^ *[1-9]' /sys/block/nullb0/inflight; do kill -0 $agent; done
	echo 0 >power
done
look
kill -0 $agent
grep -o '"name":"nullb0"[^{]*"in_flight":[1-9]' /tmp/look && exit 1
doctor=$(fairlead doctor --socket /run/f.sock)
echo "$doctor" | grep 'block_rq_complete *on'
kill -TERM $agent
wait $agent
