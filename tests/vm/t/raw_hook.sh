#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the fallback hook counts the same, and doctor calls it a fallback
# limit: 60
set -eu
fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state --sched-hook raw_tp &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
waits /run/f.sock 1 2 1 2000 >/tmp/ratio
cat /tmp/ratio
awk '{ exit !($1 >= 0.999 && $1 <= 1.001) }' /tmp/ratio
fairlead doctor --socket /run/f.sock | grep 'sched_switch *fallback *raw_tp'
