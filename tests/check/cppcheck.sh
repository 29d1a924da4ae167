#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cppcheck finds nothing
cd "$(dirname "$0")/../.." || exit 1
# One configuration (-D) and no system headers: it knows libc and POSIX by its own tables.
# Leaks: it is blind to CLEANUP(); LeakSanitizer watches every test.  "Non re-entrant": the
# agent has one thread.  internalAstError: its own trouble with compound literals.  (It cuts a -D at a semicolon.)
tests/check/files.sh '*.c' ':!*.bpf.c' |
	cppcheck --file-list=- --enable=warning,performance,portability --error-exitcode=1 --quiet -j2 \
		--std=c11 --library=posix,gnu --inline-suppr --template=gcc -D_GNU_SOURCE -D__x86_64__ -I. \
		'-Dbpf_object__for_each_program(p,o)=while((p)=next_of(o))' '-Dbpf_object__for_each_map(m,o)=while((m)=next_of(o))' \
		--suppress=memleak --suppress=resourceLeak --suppress=readdirCalled \
		--suppress=fgetpwentCalled --suppress=internalAstError || exit 1
