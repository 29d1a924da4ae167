#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the fuzz targets that are built (make fuzz-targets), or the one named, some seconds each:
#   tests/fuzz/run.sh [TARGET] [SECONDS]          e.g. config 600, or make fuzz TARGET=config TIME=600
# Without SECONDS it is a regression test: five seconds with one fixed seed on a fresh copy of
# the corpus, so that red means that a change broke something, not that luck found something
# old.  With SECONDS it searches: another seed each time, on a corpus that keeps growing in
# .out/fuzz/corpus.  A crash is kept in .out/fuzz/crashes; its fix adds it to tests/fuzz/corpus.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-.out}
case ${1:-} in *[!0-9]*) only=$1 && shift ;; esac
seconds=${1:-5}
seed=1
[ $# -eq 0 ] || seed=0	# libFuzzer's own choice

set --
for source in tests/fuzz/*_fuzz.c; do
	name=$(basename "$source" _fuzz.c)
	[ -e "$source" ] && [ "$name" = "${only:-$name}" ] && set -- "$@" "$name"
done
[ $# -gt 0 ] || {
	echo "fairlead: there is no fuzz target${only:+ '$only'}: see tests/fuzz/*_fuzz.c" >&2
	exit 1
}
mkdir -p "$O/fuzz/crashes"
echo "1..$#"
number=0 bad=0
for name; do
	number=$((number + 1))
	corpus=$O/fuzz/corpus/$name crash=$O/fuzz/crashes/$name-
	claim="nothing is found in $name within $seconds s"
	[ $seed = 0 ] || rm -rf "$corpus" "$crash"*
	mkdir -p "$corpus"
	[ ! -d "tests/fuzz/corpus/$name" ] || cp -R "tests/fuzz/corpus/$name/." "$corpus"
	dictionary=tests/fuzz/$name.dict
	[ -f "$dictionary" ] || dictionary=
	# 512 MB: the largest input that a target takes, many times over.  5 s an input: nothing
	# that the agent reads may keep it so long.
	if output=$("$O/fuzz/tests/fuzz/${name}_fuzz" "$corpus" -max_total_time="$seconds" -seed=$seed \
		-rss_limit_mb=512 -timeout=5 -artifact_prefix="$crash" -print_final_stats=1 \
		${dictionary:+"-dict=$dictionary"} 2>&1); then
		runs=$(echo "$output" | sed -n 's/^stat::number_of_executed_units: *//p')
		# A target that rejects everything at the door would be green for ever.
		if [ "${runs:-0}" -ge 100 ]; then
			echo "ok $number - $claim ($runs inputs)"
			continue
		fi
		output="only ${runs:-no} inputs were tried"
	fi
	echo "$output" | tail -n 60 | sed 's/^/# /'
	for file in "$crash"*; do
		[ ! -e "$file" ] || echo "# kept: $file (again: $O/fuzz/tests/fuzz/${name}_fuzz $file)"
	done
	echo "not ok $number - $claim"
	bad=1
done
exit $bad
