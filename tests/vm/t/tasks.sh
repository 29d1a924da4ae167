#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run time, sleep, forks, execs, migrations and preemptions of a cgroup are what its tasks did, by either kind of hook
# limit: 120
set -eu
for hook in auto raw_tp; do
	fairlead agent --socket /run/f.sock --state-dir /tmp/state --bpf-budget 1s --sched-hook $hook &
	until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
	tasks /run/f.sock 5
	kill -TERM $!
	wait $!
done
