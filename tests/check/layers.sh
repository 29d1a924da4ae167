#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# includes go one way only, and main.c stays small
cd "${1:-$(dirname "$0")/../..}" || exit 1
# This order is the architecture (docs/architecture.md): left may not see right.
order="vmlinux bpf agent/base agent/snapshot agent/loop agent/config agent/store agent/wire
agent/probes agent/signals agent/decide agent/act agent/cache agent/kernels agent/security
agent/sandbox agent/warden agent/pages agent/pools agent/jobs agent/recovery agent/cluster
agent/migration exporters agent/api agent/cli agent/main.c"

{
	printf 'order %s\n' "$(echo "$order" | tr '\n' ' ')"
	find bpf agent exporters -name '*.[ch]' -exec grep -H '^# *include *"' {} + 2>/dev/null
} | awk '
function rank_of(path,   i) {
	for (i = 1; i <= rooms; i++)
		if (path == room[i] || index(path, room[i] "/") == 1)
			return i
	return 0
}
function wrong(why) { print file " includes " target ": " why; bad = 1 }
NR == 1 { for (i = 2; i <= NF; i++) room[++rooms] = $i; next }
{
	file = $0; sub(/:.*/, "", file)
	target = $0; sub(/^[^"]*"/, "", target); sub(/".*/, "", target)
	if (target == "vmlinux.h" && file ~ /\.bpf\.[ch]$/)
		next
	if (target ~ /^built\//)	# what the build writes: the version; a leaf
		next
	from = rank_of(file); to = rank_of(target)
	if (!from)
		{ print file ": lies in no room of the order in tests/check/layers.sh"; bad = 1 }
	else if (!to)
		wrong("not written from the root, or of no known room")
	else if (to > from)
		wrong("upward")
	else if (file ~ /^exporters\// && target !~ /^(exporters|agent\/snapshot|agent\/base)\//)
		wrong("exporters see snapshot and base only")
	else if (file ~ /^agent\/(signals|decide)\// && target ~ /^agent\/(loop|store|wire)\/|\.skel\.h$/)
		wrong("signals and decide are pure")
}
END { exit bad }' || bad=1

if [ -f agent/main.c ] && [ "$(wc -l <agent/main.c)" -ge 150 ]; then
	echo "agent/main.c has $(wc -l <agent/main.c) lines: it is a table of subcommands, below 150"
	bad=1
fi
exit "${bad:-0}"
