#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# groups of a warden: limits hold, use is told, reset ones are as fresh, and nothing is left of them
# limit: 240
set -eu
modprobe null_blk nr_devices=1 memory_backed=1 gb=1
export GROUPS_DISK=/dev/nullb0
case $(uname -r) in
6.1.*) export GROUPS_SETUID=1 ;;	# as agent/warden/groups.h says
esac
cd /tmp
jobgroups >/tmp/groups || { cat /tmp/groups; exit 1; }
cat /tmp/groups
[ "$(grep -c '# SKIP' /tmp/groups)" = 0 ]
[ ! -e /sys/fs/cgroup/fairlead-jobs ]
