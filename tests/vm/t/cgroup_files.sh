#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# a v2 cgroup's CPU, throttling, memory, kills and pressure are as its files say and as was done in it
# limit: 60
set -eu
fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
burden /run/f.sock >/tmp/burden || { cat /tmp/burden; exit 1; }
cat /tmp/burden
grep -qx 'hierarchy v2' /tmp/burden
grep -q '^pressure_cpu_ns ' /tmp/burden
kill -TERM $!
wait $!
