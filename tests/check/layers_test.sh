#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the layer check passes a clean tree and fails on each wrong include
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
bad=0

# try STATUS FILE INCLUDE: a tree with just this line in it
try() {
	rm -rf "${tree:?}"/*
	mkdir -p "$tree/$(dirname "$2")" "$tree/bpf" "$tree/agent" "$tree/exporters"
	printf '#include <stdio.h>\n#include "%s"\n' "$3" >"$tree/$2"
	output=$("$here/layers.sh" "$tree")
	status=$?
	[ $status = "$1" ] || {
		echo "$2 includes $3: exit status $status, wanted $1: $output"
		bad=1
	}
}

try 0 agent/signals/a.c agent/base/log.h
try 0 agent/signals/a.c agent/signals/a.h
try 0 agent/probes/a.c bpf/sched/sched.skel.h
try 0 agent/main.c agent/cli/cli.h
try 0 agent/base/version.c built/version.h
try 0 bpf/a/a.bpf.c vmlinux.h
try 0 exporters/json/a.c agent/snapshot/a.h
try 1 agent/base/a.c agent/loop/loop.h
try 1 agent/config/a.h agent/store/a.h
try 1 agent/snapshot/a.h agent/config/a.h
try 1 agent/decide/a.c agent/act/a.h
try 1 agent/signals/a.c agent/loop/loop.h
try 1 agent/cli/a.c agent/main.c
try 1 bpf/a/a.bpf.c agent/base/list.h
try 1 exporters/json/a.c agent/config/config.h
try 1 exporters/json/a.c agent/probes/a.h
try 1 agent/base/a.c log.h
try 1 agent/base/a.c vmlinux.h
try 1 agent/nowhere/a.c agent/base/log.h

rm -rf "${tree:?}"/*
mkdir -p "$tree/agent"
yes '' | head -n 150 >"$tree/agent/main.c"
"$here/layers.sh" "$tree" >/dev/null && { echo "a main.c of 150 lines passes"; bad=1; }
exit $bad
