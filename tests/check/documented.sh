#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# every option, command and metric is documented
cd "$(dirname "$0")/../.." || exit 1
O=${O:-.out}
bad=0

# docs/config.md, cli.md and metrics.md are made from the tables; they must be what these make now.
if [ -f docs/generate.c ]; then
	for page in config cli metrics; do
		"$O/docs/generate" $page-md 2>&1 | diff -u "docs/$page.md" - || {
			echo "docs/$page.md is not what the tables say: make docs"
			bad=1
		}
	done
else
	none="there is no docs/generate.c yet"
fi

# A metric's whole name is written where it is made, as docs/metrics.md has it.
for name in $(grep -rhoE '"fairlead_[a-z0-9_]+' agent exporters 2>/dev/null | tr -d '"' | sort -u); do
	grep -qE "\`$name([\`{])" docs/metrics.md 2>/dev/null || {
		echo "metric $name is not in docs/metrics.md"
		bad=1
	}
done

# A key of the JSON too, also of what this machine has none of; tests/e2e/http_test.py looks where.
keys=$(cat exporters/json/*.c agent/snapshot/*.c | grep -ohE '"[a-z][a-z_0-9]*"' | tr -d '"' | sort -u)
for key in $keys; do
	grep -qE "\`(cgroups\[\]\.|cpus\[\]\.)?(${key}|${key%_total}|${key}_seconds)(\[\])?\`" docs/http.md || {
		echo "key $key is not in docs/http.md"
		bad=1
	}
done
[ $bad = 0 ] || exit 1
[ -z "${none:-}" ] || {
	echo "$none"
	exit 77
}
