#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# with the rights of the base DaemonSet all hooks are on; one that is refused costs its own metric, told with the reason
# limit: 240
set -eu
modprobe loop
dd if=/dev/zero of=/tmp/disk bs=1M count=64 2>/dev/null
losetup /dev/loop0 /tmp/disk
rm -f /run/f.sock*	# another test's, which these rights cannot take over
# by its path, or it is busybox's own
base_rights='/bin/setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+cap_6,+cap_7,+cap_38,+cap_39'
# under emulation the programs take more than what they may
agent() {
	"$@" fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state &
	until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
	if tasks /run/f.sock 5 >/tmp/use; then echo tasks agree >>/tmp/use; fi
	# not the other way round: the shares of a cgroup that is gone are no disk's any more
	disks /run/f.sock /dev/loop0 >>/tmp/use || { cat /tmp/use; return 1; }
	cached /run/f.sock /dev/loop0 >>/tmp/use || { cat /tmp/use; return 1; }
	get /run/f.sock /metrics | grep fairlead_hook_up >/tmp/hooks
	kill -TERM $!
	wait $!
}
off() { sed -n 's/.*event="\([^"]*\)".* 0$/\1/p' /tmp/hooks; }

# shellcheck disable=SC2086 # a list of words
agent $base_rights
[ -z "$(off)" ]
grep 'tasks agree' /tmp/use

agent refuse fl_sched_migrate
grep 'tasks agree' /tmp/use && exit 1
[ "$(off)" = sched_migrate_task ]
grep 'event="sched_migrate_task".*EPERM' /tmp/hooks
