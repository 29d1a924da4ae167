#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the files of the tree that match the git patterns given: what is tracked and what is
# new, not what is ignored or generated (vmlinux.h).  Checks ask here, so that they agree.
git ls-files -co --exclude-standard -- "$@" ':!vmlinux/*/vmlinux.h' | sort -u |
	while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done
