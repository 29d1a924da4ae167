#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# jobs run as root and as an ordinary user: isolated, limited by cgroup v2, with a root of their own, and leave nothing
# limit: 120
set -eu
equal() { [ "$1" = "$2" ] || { echo "got '$1', wanted '$2'"; exit 1; }; }
status() { "$@" >/tmp/out 2>/tmp/err && echo 0 || echo $?; }
job() { fairlead run --lang sh "$@"; }

for user in root ordinary; do
	as=
	[ $user = root ] || as="/bin/setpriv --reuid 64980 --regid 64980 --clear-groups"
	# shellcheck disable=SC2086 # a list of words
	run() { $as fairlead run -q --lang sh "$@"; }
	echo "as $user"
	equal "$(run -e 'cd /proc; echo [0-9]*')" 2
	equal "$(run -e 'grep -c : /proc/net/dev')" 1
	equal "$(run -e 'uname -n')" sandbox
	equal "$(run -e "awk '/^Cap/ { print \$2 }' /proc/self/status | sort -u")" 0000000000000000
	equal "$(run -e "awk '/^(NoNewPrivs|Seccomp):/ { print \$2 }' /proc/self/status" | tr '\n' ' ')" "1 2 "
	equal "$(run -e 'ls -A /tmp /run')" "$(printf '/run:\n\n/tmp:')"
	for forbidden in 'touch /bin/x' 'touch /x' 'ls /sys' 'ls /t' 'cat /init' 'echo 1 >/proc/sys/kernel/panic' \
		'unshare -U true' 'mount -t tmpfs x /tmp' 'chroot /tmp /bin/sh' 'kill -KILL 1 && ls /proc/1' 'hostname x' \
		'ip link set lo up' 'dmesg' 'mknod /tmp/x c 1 3'; do
		[ "$(status run -e "$forbidden")" != 0 ] || { echo "as $user: $forbidden"; exit 1; }
	done
	equal "$(status run -e 'exit 7')" 7
	equal "$(status run -e 'kill -9 $$')" 137
	equal "$(status run --timeout 500ms -e 'trap "" TERM; while :; do sleep 1; done')" 124
	equal "$(status run --tmp 1M -e 'dd if=/dev/zero of=/tmp/x bs=64k count=64')" 1
	grep -q 'No space left' /tmp/err
	equal "$(echo in | run -e 'cat')" in
	run -e 'setsid sh -c "setsid sleep 4711 &" & wait'
	if grep -qs 4711 /proc/[0-9]*/cmdline; then exit 1; fi
done

echo "limits of a cgroup"
equal "$(status job --memory 16M -e 'x=$(yes | head -c 200000000); echo survived')" 137
grep -q -e --memory /tmp/err
job --pids 8 -e 'for i in 1 2 3 4 5 6 7 8 9; do sleep 100 & done; echo survived' >/tmp/out 2>&1 || true
grep -q -i -e fork -e temporarily /tmp/out
[ ! -e /sys/fs/cgroup/fairlead-jobs ]

echo "a root of its own"
modprobe overlay
mkdir -p /tmp/system/bin
cp /bin/busybox /tmp/system/bin/
ln -s busybox /tmp/system/bin/sh
ln -s busybox /tmp/system/bin/ls
chmod 755 /tmp/system
equal "$(job --root /tmp/system -e 'ls /bin; echo x >/made; ls -d /made')" "$(printf 'busybox\nls\nsh\n/made')"
[ ! -e /tmp/system/made ]
mkdir /tmp/volume
echo shared >/tmp/volume/file
equal "$(job --volume /tmp/volume:/data:ro -e 'cat /data/file')" shared
[ "$(status job --volume /tmp/volume:/data:ro -e 'echo >/data/file')" != 0 ]

echo "nothing is left"
[ ! -e /sys/fs/cgroup/fairlead-jobs ]
if grep fairlead /proc/mounts; then exit 1; fi
