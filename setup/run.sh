#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `make run` does after the build: an agent in the foreground, one look at the node, and
# where to look next.  run.sh BINARY [DURATION]
set -eu
binary=$1
duration=${2:-}

if [ "$(id -u)" != 0 ] && command -v sudo >/dev/null; then
	exec sudo "$0" "$@"
fi

"$binary" agent ${duration:+--for "$duration"} &
agent=$!
trap 'kill -TERM $agent 2>/dev/null || true' INT TERM

# Ready is what the agent itself says, not what a clock says.
until "$binary" snapshot --agent -q >/dev/null 2>&1; do
	kill -0 $agent 2>/dev/null || { wait $agent; exit $?; }
done
echo
"$binary" snapshot --agent --for 1s || true	# a shorter run ends under it
cat <<TEXT

Fairlead watches this node${duration:+ for $duration}.  In another terminal:
  $binary snapshot --watch     the node's state, again and again
  $binary snapshot -o json     the same for a program
  $binary doctor               what this kernel allows, and what to do about the rest
${duration:+
}Ctrl-C stops it${duration:+ early}.
TEXT
wait $agent
