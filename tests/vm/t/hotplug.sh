#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# a CPU that goes off and on is shown as offline, and its counters go on
# limit: 60
set -eu
fairlead agent --socket /run/f.sock --state-dir /tmp/state &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
# waits_total of cpu1, exact: a window of our own ends with a fresh sample
total() {
	fairlead snapshot -o json --for 50ms --socket /run/f.sock >/tmp/snapshot
	sed 's/.*"cpu":1,\(.*\)"cgroups".*/\1/; s/.*"waits_total":\([0-9]*\).*/\1/' /tmp/snapshot
}
before=$(total)
echo 0 >/sys/devices/system/cpu/cpu1/online
fairlead snapshot --socket /run/f.sock | grep 'cpu1 (offline)'
total >/tmp/while
echo 1 >/sys/devices/system/cpu/cpu1/online
taskset 2 true
after=$(total)
echo "cpu1: $before, then $(cat /tmp/while), then $after"
[ "$after" -gt "$before" ]
