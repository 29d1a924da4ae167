#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# every source says its licence: what runs in the kernel GPL-2.0-only OR BSD-2-Clause, the rest Apache-2.0
cd "${1:-$(dirname "$0")/../..}" || exit 1
# Not asked: prose, data that has no comments, and licences themselves.
"$(dirname "$(realpath "$0")")/files.sh" '*.c' '*.h' '*.sh' '*.py' '*.mk' '*.mjs' '*.service' '*.yaml' '*.yml' \
	Makefile '*/Makefile' .ci/run .clang-tidy 'tests/.clang-tidy' ':!tests/fuzz/corpus' ':!tests/fixtures' |
	{
		bad=0
		while read -r file; do
			case $file in
			bpf/* | *.bpf.c | *.bpf.h) licence='GPL-2.0-only OR BSD-2-Clause' ;;
			*) licence='Apache-2.0' ;;
			esac
			head -n3 "$file" | grep -qE "SPDX-License-Identifier: $licence( \*/)?\$" || {
				echo "$file: wants 'SPDX-License-Identifier: $licence' in its first lines"
				bad=1
			}
		done
		exit $bad
	}
