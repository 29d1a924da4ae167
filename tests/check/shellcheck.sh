#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# every shell script is clean under shellcheck
cd "$(dirname "$0")/../.." || exit 1
# Off are four of its hints: SC1091 (it has no /etc/os-release to follow), SC2015 (A && B || C
# is meant), SC2016 (so is text in single quotes that another program expands), SC2317 (it
# takes functions that are called by name, or by trap, for dead).
tests/check/files.sh |
	while read -r file; do
		if head -n1 "$file" | grep -qE '^#!.*(/| )(ba|da)?sh( |$)'; then echo "$file"; fi
	done | xargs shellcheck -e SC1091,SC2015,SC2016,SC2317 || exit 1
