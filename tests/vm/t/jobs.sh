#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# jobs run through the agent, in sandboxes started ahead, with limits of cgroup v2, and all goes with it
# limit: 120
set -eu
has() { case $1 in *"$2"*) ;; *) echo "no '$2' in: $1"; exit 1 ;; esac }
job() { ask /tmp/s POST /v1/jobs "$1"; }
pools() { ask /tmp/s GET /v1/pools; }
until_pools_say() { for _ in $(seq 200); do case $(pools) in *"$1"*) return ;; esac; sleep 0.1; done; pools; exit 1; }
jobs_of_user() { grep -l '^Uid:.64991' /proc/[0-9]*/status 2>/dev/null | wc -l; }

modprobe overlay
fairlead agent --execute --socket /tmp/s --state-dir /tmp/state >/tmp/log 2>&1 &
agent=$!
for _ in $(seq 100); do ask /tmp/s GET /readyz >/dev/null && break; sleep 0.1; done
until_pools_say '"ready":2'

echo "a job, its streams and its exit code"
has "$(job '{"argv":["/bin/sh","-c","cat; echo err >&2; exit 3"],"stdin":"in"}')" \
	'"exit_code":3,"signal":null,"timed_out":false,"killed_by":null,"stdout":"in"'
has "$(job '{"lang":"sh","code":"echo $0 $1; pwd","args":["x"]}')" '"stdout":"main.sh x\n/job\n"'

echo "isolated"
has "$(job '{"lang":"sh","code":"grep -c : /proc/net/dev; cd /proc; echo [0-9]*"}')" '"stdout":"1\n2'
has "$(job "{\"lang\":\"sh\",\"code\":\"awk '/^CapEff/ { print \$2 }' /proc/self/status\"}")" 0000000000000000
for forbidden in 'touch /bin/x' 'ls /sys' 'cat /init' 'echo 1 >/proc/sys/kernel/panic' 'unshare -U true' \
	'mount -t tmpfs x /tmp' 'chroot /tmp /bin/sh' 'dmesg' 'mknod /tmp/x c 1 3' 'ls /sys/fs/cgroup/fairlead-jobs'; do
	case $(job "{\"lang\":\"sh\",\"code\":\"$forbidden\"}") in *'"exit_code":0'*) echo "$forbidden"; exit 1 ;; esac
done

echo "limits"
has "$(job '{"lang":"sh","code":"x=$(yes | head -c 200000000); echo no","memory_bytes":16777216}')" '"killed_by":"memory"'
has "$(job '{"argv":["sleep","60"],"timeout_seconds":0.2}')" '"timed_out":true'
has "$(job '{"lang":"sh","code":"echo still"}')" '"stdout":"still\n"'

echo "a root of its own"
mkdir -p /tmp/jobs-root/bin
cp /bin/busybox /tmp/jobs-root/bin/
ln -s busybox /tmp/jobs-root/bin/sh
chmod 755 /tmp/jobs-root /tmp/jobs-root/bin
has "$(job '{"lang":"sh","code":"echo x >/tmp/made; echo /bin/*","root":"/tmp/jobs-root"}')" '"stdout":"/bin/busybox /bin/sh\n"'
[ ! -e /tmp/jobs-root/tmp/made ]

echo "nothing is left but what is ready"
until_pools_say '"ready":2,"making":0,"busy":0,"ending":0,"waiting":0'
kill -KILL $agent
for _ in $(seq 100); do [ "$(jobs_of_user)" = 0 ] && break; sleep 0.1; done
[ "$(jobs_of_user)" = 0 ]
