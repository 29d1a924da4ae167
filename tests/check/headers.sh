#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# every header compiles alone
cd "$(dirname "$0")/../.." || exit 1
O=${O:-.out}
cflags=$(tests/check/flags.sh cflags)
bpfflags=$(tests/check/flags.sh bpfflags)
# What the kernel side includes has its types from vmlinux.h, which always comes first.
tests/check/files.sh '*.h' | {
	bad=0
	while read -r header; do
		case $header in
		bpf/*)
			# shellcheck disable=SC2086 # a list of words
			printf '#include "vmlinux.h"\n#include <bpf/bpf_helpers.h>\n#include "%s"\n' "$header" |
				clang-19 $bpfflags -Wno-unused-function -fsyntax-only -x c - || bad=1
			;;
		esac
		case $header in
		*.bpf.h) ;;
		*)
			# shellcheck disable=SC2086 # a list of words
			printf '#include "%s"\n' "$header" | gcc $cflags -fsyntax-only -x c - || bad=1
			;;
		esac
	done
	exit $bad
}
