#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The unit file: judged by systemd-analyze, then run by a real systemd, which is PID 1 of
# namespaces of its own, sees no unit but ours and a root file system that is read-only.
# shellcheck disable=SC2317 # most functions are called through check
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
binary=$(realpath "${FAIRLEAD:-${O:-$root/.out}/fairlead}")
skip() { echo "1..0 # SKIP $*"; exit 77; }
[ -x /lib/systemd/systemd ] || skip "no systemd (setup/install.sh test)"
[ "$(id -u)" = 0 ] || skip "needs root"
cgroup2=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
[ -n "$cgroup2" ] || skip "no cgroup2 is mounted, which systemd needs"

work=$(mktemp -d)
cgroup=$cgroup2/fairlead-test-$$
pid1=
end() {
	# The one process that holds the namespaces: with it goes all that ran in them.
	[ -z "$pid1" ] || kill -9 "$pid1" 2>/dev/null || true
	wait
	find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT
trap 'exit 143' TERM INT

n=0 failed=0
check() {	# SENTENCE CMD…: what the command says is shown when it fails
	n=$((n + 1)) sentence=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		echo "ok $n - $sentence"
	else
		echo "not ok $n - $sentence"
		tail -n 30 "$work/said" "$work/log" 2>/dev/null | sed 's/^/# /'
		failed=1
	fi
}
finish() { echo "1..$n"; exit $failed; }

# --- judged ---
unit=$work/fairlead.service
sed "s,/usr/bin/fairlead,$binary," "$root/examples/systemd/fairlead.service" >"$unit"
mkdir "$work/broken"
sed 's/^ProtectHome=/ProtectHoem=/' "$unit" >"$work/broken/fairlead.service"
# verify's exit status is 0 whatever it finds
verify() { systemd-analyze verify "$1" >"$work/verify" 2>&1; cat "$work/verify"; [ ! -s "$work/verify" ]; }
breaks() { ! "$@"; }
check "systemd-analyze verify says not a word" verify "$unit"
check "it does when a setting is misspelt" breaks verify "$work/broken/fairlead.service"
check "the exposure is 3.0 at most" systemd-analyze security --offline=true --threshold=30 --no-pager "$unit"

# --- run ---
cat >"$work/inside" <<-'END'
	set -e
	mount --make-rprivate /
	for folder in /run /tmp /var/tmp /var/lib; do
		mount -t tmpfs none $folder
		[ $folder != /tmp ] || chmod 1777 /tmp
	done
	umount -R -l /sys/fs/cgroup
	mount -t cgroup2 none /sys/fs/cgroup
	mkdir -p /run/units/fairlead.service.d /run/bin
	# By descriptor, as where they lie may be hidden by now.
	cat <&3 >/run/units/fairlead.service
	cat <&4 >/run/bin/fairlead
	chmod 755 /run/bin/fairlead
	sed -i 's,^ExecStart=.*,ExecStart=/run/bin/fairlead agent,' /run/units/fairlead.service
	printf '%s\n' '[Unit]' DefaultDependencies=no '[Service]' WatchdogSec=3s StandardOutput=file:/run/log \
		StandardError=file:/run/log >/run/units/fairlead.service.d/test.conf
	printf '%s\n' '[Unit]' Description=Test DefaultDependencies=no >/run/units/test.target
	mount -o remount,bind,ro /
	exec env -i container=test PATH="$PATH" SYSTEMD_UNIT_PATH=/run/units SYSTEMD_GENERATOR_PATH=/run/none \
		/lib/systemd/systemd --system --unit=test.target --log-target=console --log-level=notice --show-status=no
END
mkdir "$cgroup"
# shellcheck disable=SC2016 # the inner shell's own
sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$cgroup" \
	unshare --mount --uts --ipc --pid --fork --kill-child --cgroup --mount-proc \
	sh "$work/inside" 3<"$root/examples/systemd/fairlead.service" 4<"$binary" >"$work/log" 2>&1 </dev/null &
holder=$!
for _ in $(seq 100); do
	pid1=$(pgrep -P $holder || true)
	[ -z "$pid1" ] || ! nsenter -t "$pid1" -m test -S /run/systemd/private 2>/dev/null || break
	sleep 0.1
done

# In the namespaces' mounts and processes, with systemd's own environment.
inside() { timeout 60 nsenter -t "$pid1" -m -p -i -u -C -- "$@"; }
ctl() { inside systemctl "$@"; }
show() { ctl show -P "$1" fairlead.service; }
is() { got=$(show "$1"); echo "$1=$got"; [ "$got" = "$2" ]; }
within() {	# SECONDS CMD…
	for _ in $(seq $(($1 * 5))); do
		if (shift && "$@"); then return 0; fi
		sleep 0.2
	done
	return 1
}
log_without() { inside cat /run/log; ! inside grep -E "$1" /run/log; }
status() { inside cat "/proc/$1/status"; }
agent_has_nothing() {
	pid=$(show MainPID)
	status "$pid" | grep -E '^(Uid|Cap|NoNewPrivs|Seccomp):'
	status "$pid" | grep -qE '^Uid:	[1-9]' && ! status "$pid" | grep -E '^Cap([IE]..|Prm|Amb):.*[1-9a-f]'
}
warden_has_little() {	# CAP_PERFMON is bit 38, CAP_BPF bit 39
	pid=$(inside cat "/proc/$(show MainPID)/task/$(show MainPID)/children" | tr -d ' ')
	status "$pid" | grep -E '^(Uid|Cap|NoNewPrivs|Seccomp):'
	status "$pid" | grep -qx 'CapEff:	000000c000000000'
}
hook_is_on() {
	inside /run/bin/fairlead snapshot -o json | tee /dev/stderr |
		python3 -c 'import json, sys
sys.exit(all(s["state"] != "on" for s in json.load(sys.stdin)["subjects"]))'
}
started() {
	ctl start fairlead.service && return
	inside cat /run/log
	return 1
}
agent_stopped_is_replaced() {
	before=$(show MainPID)
	[ "$before" -gt 1 ] || return 1
	inside kill -STOP "$before"
	within 15 is NRestarts 1 && within 10 is ActiveState active && [ "$(show MainPID)" != "$before" ]
}

check "a real systemd runs in namespaces of its own" ctl list-units --no-pager
[ -n "$pid1" ] || finish
check "the unit starts: the agent says that it is ready" started
[ $failed = 0 ] || finish
check "it is active" is ActiveState active
check "its probe works under the unit's sandbox" hook_is_on
check "the agent has a uid of its own and no capability" agent_has_nothing
check "the warden holds CAP_BPF and CAP_PERFMON and no other" warden_has_little
check "it reloads" ctl reload fairlead.service
check "it starts again over the state that it left" ctl restart fairlead.service
check "nothing was refused it by the sandbox" \
	log_without '^(warn|error)|Permission denied|Operation not permitted|EPERM|EACCES'
check "an agent that hangs is replaced by the watchdog" agent_stopped_is_replaced
check "it stops" ctl stop fairlead.service
check "it stopped cleanly" is Result success
finish
