#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the wall clock goes forth and back by years: windows and beats go on, times in the snapshot follow
# limit: 90
set -eu
fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state &
agent=$!
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $agent || exit 1; done
look() { fairlead snapshot -o json --for 1s --socket /run/f.sock >/tmp/look; }
window() { sed 's/.*"window_seconds":\([0-9.]*\).*/\1/' /tmp/look; }
beats() { sed 's/.*"samples_total":\([0-9]*\).*/\1/' /tmp/look; }
look
beats=$(beats)
for date in 2038-02-03 1999-05-06 2107-08-09 2026-01-02; do
	look &	# a window that the step comes into
	looking=$!
	date -s "$date 01:00:00" >/dev/null
	wait $looking
	sed 's/.*"time":"\([^"]*\)".*/\1/' /tmp/look
	grep -q "\"time\":\"$date" /tmp/look
	awk -v window="$(window)" 'BEGIN { print window; exit !(window >= 0.9 && window < 5) }'
	now=$(beats)
	[ "$now" -gt "$beats" ]
	beats=$now
done
get /run/f.sock /metrics >/tmp/metrics
grep 'fairlead_loop_lag_seconds [0-4]' /tmp/metrics
kill -TERM $agent
wait $agent
