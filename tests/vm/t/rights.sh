#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the agent holds no capability and cannot use what it gave up
# limit: 60
set -eu
rights
fairlead agent --socket /run/f.sock --state-dir /tmp/state &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
grep -E '^(Uid|Cap|Seccomp:)' /proc/$!/status
[ "$(awk '/^Cap/ { print $2 }' /proc/$!/status | sort -u)" = 0000000000000000 ]
[ "$(awk '/^Uid/ { print $2 }' /proc/$!/status)" != 0 ]
