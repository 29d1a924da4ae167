#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# a step of the wall clock moves no window and leaves no gap in the history
# limit: 60
set -eu
fairlead agent --socket /run/f.sock --state-dir /tmp/state --signals-interval 200ms &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
fairlead snapshot -o json --for 4s --socket /run/f.sock >/tmp/snapshot &
look=$!
sleep 1
date -s '2031-01-01 00:00:00'
sleep 1
date -s '2027-01-01 00:00:00'
wait $look
window=$(sed 's/.*"window_seconds":\([0-9.]*\).*/\1/' /tmp/snapshot)
echo "a window of $window s"
awk -v w="$window" 'BEGIN { exit !(w > 3.9 && w < 4.5) }'
get /run/f.sock '/v1/history?series=cpu_busy' >/tmp/history
cat /tmp/history
grep -q '"end":"2027-01-01T' /tmp/history
! grep -q null /tmp/history
