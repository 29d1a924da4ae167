#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# forks as fast as the CPUs can, through reused thread ids: each is counted, and no wait is longer than they took
# limit: 180
set -eu
echo 1024 >/proc/sys/kernel/pid_max
fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
forks /run/f.sock "${FORKS:-8000}"
kill -TERM $!
wait $!
