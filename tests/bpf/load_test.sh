#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every program of every object passes this kernel's verifier and attaches.
O=${O:-.out}
# shellcheck disable=SC2046 # a list of files
exec "$O/tests/bpf/load" $(find "$O/bpf" -name '*.o' ! -name '*.bpf.o' | sort)
