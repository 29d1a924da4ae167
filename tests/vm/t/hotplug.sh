#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# a CPU that goes off and on is shown as offline, its counters go on, and no window has its absence
# limit: 60
set -eu
fairlead agent --socket /run/f.sock --state-dir /tmp/state --signals-interval 200ms &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
look() { fairlead snapshot -o json --for "$1" --socket /run/f.sock >/tmp/snapshot; }
# a key of cpu1, the first of its name: what BPF counted; exact, as a window of our own ends with a
# fresh sample
of_cpu1() {
	sed 's/.*"cpu":1,\(.*\)"cgroups".*/\1/' /tmp/snapshot | grep -o "\"$1\":[-0-9.e]*" | head -n 1 | cut -d: -f2
}
at_most() { awk -v n="$1" -v most="$2" 'BEGIN { exit !(n >= 0 && n <= most) }'; }

look 50ms
before=$(of_cpu1 waits_total) idled=$(of_cpu1 idle_seconds_total)
echo 0 >/sys/devices/system/cpu/cpu1/online
fairlead snapshot --for 50ms --socket /run/f.sock | grep 'cpu1 (offline)'
look 4s
echo "cpu1 offline: idled $(of_cpu1 idle_seconds) s of 4"
at_most "$(of_cpu1 idle_seconds)" 0.1
look 1s &
# emulated on a loaded host it may be too slow to come up at the first call
until echo 1 >/sys/devices/system/cpu/cpu1/online; do :; done
taskset 2 true
wait $!
echo "cpu1 back: idled $(of_cpu1 idle_seconds) s and ran $(of_cpu1 run_seconds) s of 1"
at_most "$(of_cpu1 idle_seconds)" 1.1
at_most "$(of_cpu1 run_seconds)" 1.1
look 50ms
after=$(of_cpu1 waits_total) idles=$(of_cpu1 idle_seconds_total)
echo "cpu1: $before waits, then $after; $idled s idle, then $idles"
[ "$after" -gt "$before" ]
at_most "$(awk "BEGIN { print $idles - $idled }")" 3
