#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 of either process leaves nothing, and the next start works
# limit: 120
set -eu
start() {
	fairlead agent --socket /run/f.sock --state-dir /tmp/state &
	agent=$!
	until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $agent || exit 1; done
	warden=$(tr -d " " </proc/$agent/task/$agent/children)
}
ours() { bpftool prog list | grep -c 'name fl_' || true; }
gone() {
	tries=100	# the kernel frees programs a moment later
	while [ $((tries -= 1)) -gt 0 ]; do
		[ "$(ours)" = 0 ] && [ ! -d "/proc/$1" ] && return
		sleep 0.05
	done
	echo "left: $(ours) programs, process $1: $(ls -d "/proc/$1" 2>/dev/null)"
	exit 1
}
start
[ "$(ours)" -gt 0 ]
kill -KILL $agent
wait $agent || true
gone "$warden"
start
kill -KILL "$warden"
wait $agent && exit 1
gone "$warden"
start
kill -TERM $agent
wait $agent
gone "$warden"
[ -z "$(ls /sys/fs/bpf)" ]
