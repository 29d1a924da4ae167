#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-tidy finds nothing (.clang-tidy says which checks are off and why)
cd "$(dirname "$0")/../.." || exit 1
# shellcheck disable=SC2046 # a list of words
set -- $(tests/check/flags.sh cflags) -include tests/check/tidy.h
# clang-tidy's own statistics ("9 warnings generated") go to stderr; compile errors do not.
tests/check/files.sh '*.c' ':!*.bpf.c' |
	xargs -P2 -I{} sh -c 'file=$1; shift; clang-tidy-19 --quiet "$file" -- "$@" 2>/dev/null' - {} "$@" |
	sed "s|^$PWD/||" | grep . && exit 1
exit 0
