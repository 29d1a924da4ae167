#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# no word is misspelled as codespell knows misspellings
cd "$(dirname "$0")/../.." || exit 1
# Right here: creat, as POSIX has it; inflight, as sysfs has it; "to and fro"; CapInh; and what
# tests of our own "did you mean" misspell on purpose.
tests/check/files.sh ':!LICENSE*' ':!*package-lock.json' ':!tests/fuzz/corpus' |
	xargs codespell --ignore-words-list=creat,fro,fromat,inflight,inh,levl,levle || exit 1
