#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the programs that go into every guest, one a line: ours, the tests' helpers, and the
# tools of this machine that busybox has no full match for.
set -eu
cd "$(dirname "$0")/../.."
PATH=$PATH:/usr/sbin:/sbin
O=${O:-.out}
fairlead=${FAIRLEAD:-$O/fairlead}
[ -x "$fairlead" ] || { echo "fairlead: no $fairlead to test: run make first" >&2; exit 2; }

realpath -s "$fairlead"
[ ! -d "$O/tests" ] || find "$(realpath "$O/tests")" -type f -perm -u+x
for tool in ip tc bpftool dmsetup mkfs.ext4 setpriv; do
	command -v "$tool" || true
done
