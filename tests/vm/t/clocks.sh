#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# a step of the wall clock moves no window and leaves no gap in the history
# limit: 60
set -eu
fairlead agent --socket /run/f.sock --state-dir /tmp/state --signals-interval 200ms &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
agent() { get /run/f.sock /v1/snapshot | sed 's/.*"'"$1"'":\([0-9]*\).*/\1/'; }
beats() {	# three more
	until_there=$(($(agent samples_total) + 3))
	while [ "$(agent samples_total)" -lt "$until_there" ]; do :; done
}
fairlead snapshot -o json --for 4s --socket /run/f.sock >/tmp/snapshot &
look=$!
until [ "$(agent connections)" -ge 2 ]; do kill -0 $look; done
beats
date -s '2031-01-01 00:00:00'
beats
date -s '2027-01-01 00:00:00'
kill -0 $look	# both steps were within its window
wait $look
window=$(sed 's/.*"window_seconds":\([0-9.]*\).*/\1/' /tmp/snapshot)
echo "a window of $window s"
awk -v w="$window" 'BEGIN { exit !(w > 3.9 && w < 4.5) }'
get /run/f.sock '/v1/history?series=cpu_busy' >/tmp/history
cat /tmp/history
grep -q '"end":"2027-01-01T' /tmp/history
! grep -q null /tmp/history
