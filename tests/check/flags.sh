#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints a variable of the Makefile (cflags, bpfflags), so that tools see the code as the
# compiler does; without the flags that would write dependency files.
make -s --no-print-directory "O=${O:-.out}" --eval 'print-flags: ; @echo '"'"'$('"$1"')'"'" print-flags |
	sed 's/ -MMD\| -MP//g'
