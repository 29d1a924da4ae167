#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# every C file is formatted as .clang-format says
cd "$(dirname "$0")/../.." || exit 1
wrong=$(tests/check/files.sh '*.c' '*.h' | xargs -P2 -n20 clang-format-19 --dry-run 2>&1 |
	sed -n 's/^\([^: ]*\):\([0-9]*\):.*clang-format-violations.*/\1:\2/p' | sort -u -t: -k1,1)
[ -z "$wrong" ] || {
	printf '%s\n' "$wrong" "not formatted from there on: make format"
	exit 1
}
