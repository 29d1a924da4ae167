#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Boots one kernel with an overlay in QEMU, without KVM, and waits for its end:
#   tests/vm/boot.sh NAME OVERLAY LOGDIR
# LOGDIR gets console (all that was printed), result (init's report) and qemu (its complaints).
# Exit: 0 all tests passed or skipped, 1 one failed, 2 the VM died or its clock is wrong,
# 124 it did not end within LIMIT.
# Environment: CPUS, MEM (MiB), LIMIT (seconds, 0 for none), APPEND (kernel command line),
# EXTRA (QEMU options), CONSOLE=stdio (the console on this terminal).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=$1 overlay=$2 log=$3
limit=${LIMIT:-120}
base=$("$here/base.sh" "$name")
mkdir -p "$log"
rm -f "$log/console" "$log/result" "$log/qemu"
: >"$log/result"

initrd=$(mktemp)
vm=
end() {
	[ -z "$vm" ] || { kill "$vm" && wait "$vm"; } 2>/dev/null || true
	rm -f "$initrd"
}
trap end EXIT
trap 'exit 130' HUP INT TERM
cat "$base" "$overlay" >"$initrd"

# panic=-1 and -no-reboot: a panic ends QEMU.  An oops is a panic: no test passes over one.
append="console=ttyS0 quiet loglevel=4 panic=-1 oops=panic mitigations=off nokaslr
	random.trust_cpu=on cryptomgr.notests=1 tsc=reliable no_timer_check"
# Left to itself a guest on a loaded host now and then mismeasures its TSC, which is the
# host's, and its clock runs fast.  Where the host scales its frequency, its "cpu MHz" is not
# the TSC's rate, and the check of the clock below has to do.
if [ ! -e /sys/devices/system/cpu/cpu0/cpufreq ]; then
	append="$append tsc_early_khz=$(awk '/^cpu MHz/ { printf "%d", $4 * 1000; exit }' /proc/cpuinfo)"
fi
append="$append ${APPEND:-}"
case ${CONSOLE:-} in
stdio) console="-chardev stdio,id=console,signal=off -serial chardev:console" ;;
*) console="-serial file:$log/console"; exec </dev/null ;;
esac

# setpriv: should this script be killed outright, QEMU goes with it.
began=$(date +%s)
exec 3<&0
# shellcheck disable=SC2086 # lists of words
setpriv --pdeathsig TERM timeout --foreground -k 2 "$limit" qemu-system-x86_64 \
	-nodefaults -no-user-config -display none -no-reboot \
	-machine pc -accel tcg,thread=multi -cpu max -smp "${CPUS:-2}" -m "${MEM:-1024}" \
	-kernel "$(dirname "$base")/vmlinuz" -initrd "$initrd" \
	-append "$(printf '%s ' $append)" \
	$console -serial "file:$log/result" ${EXTRA:-} <&3 2>"$log/qemu" &
vm=$!
status=0
wait "$vm" || status=$?
vm=
wall=$(($(date +%s) - began))

case $status in
124 | 137) echo "fairlead: vm $name: not at its end after $limit s" >&2; exit 124 ;;
esac
uptime=$(sed -n 's/^END \([0-9]*\).*/\1/p' "$log/result")
if [ -z "$uptime" ]; then
	echo "fairlead: vm $name: died (see $log/console)" >&2
	cat "$log/qemu" >&2
	exit 2
fi
if [ "$uptime" -gt $((wall + 1)) ]; then
	echo "fairlead: vm $name: its clock counted $uptime s in $wall s" >&2
	exit 2
fi
awk '$1 == "TEST" && $3 != 0 && $3 != 77 { failed = 1 } END { exit failed }' "$log/result"
