#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# every known trick to leave a sandbox is refused, and works once its guard is taken away
# limit: 150
# with: escape/escape.awk
set -eu
echo "as $(uname -r)"
work=/tmp/escape
ordinary="/bin/setpriv --reuid 64980 --regid 64980 --clear-groups"

# What this machine would refuse anyway must not be what guards: the machine is made lax.
lax() {
	[ -e "/proc/sys/$1" ] || return 0
	was=$(cat "/proc/sys/$1")
	echo "$2" >"/proc/sys/$1" && echo "echo '$was' >'/proc/sys/$1'" >>/run/strict
}
: >/run/strict
leave() {
	set +e
	. /run/strict
	mount --make-rprivate /
	rm -rf /usr/lib/escape $work /tmp/escape.* /etc/shadow
	chmod 700 /root
}
trap leave EXIT
lax kernel/unprivileged_bpf_disabled 0
lax kernel/perf_event_paranoid -1
lax kernel/kptr_restrict 0
lax kernel/dmesg_restrict 0
lax kernel/yama/ptrace_scope 0
lax kernel/io_uring_disabled 0
lax vm/unprivileged_userfaultfd 1
lax dev/tty/legacy_tiocsti 1
lax net/ipv4/ping_group_range "0 2147483647"
lax fs/protected_hardlinks 0
lax fs/protected_symlinks 0
lax vm/nr_hugepages 4
lax kernel/core_pattern "|/bin/tricks --core"
for module in overlay af_alg algif_hash af_key vsock nfnetlink binfmt_misc; do modprobe -q $module || true; done
mount --make-rshared /
echo root:secret >/etc/shadow
chmod 644 /etc/shadow
chmod 711 /root

# Files that only a mount guards: open to everybody, and the job's user's own.
mkdir -p /usr/lib/escape $work
chmod 777 /usr/lib/escape $work
cp /bin/tricks /usr/lib/escape/setuid
cp /bin/tricks /usr/lib/escape/tricks
printf 1234 >/usr/lib/escape/open
touch /usr/lib/escape/watched /usr/lib/escape/own
printf '%4096s' x >$work/open
printf '%4096s' x >$work/handed
chmod 666 /usr/lib/escape/open $work/open $work/handed
chown 64991 $work/open
chown 64991:64991 /usr/lib/escape/own /usr/lib/escape/tricks
chmod 777 /usr/lib/escape/tricks
chown 12345:12345 /usr/lib/escape/setuid
chmod 4755 /usr/lib/escape/setuid

# Neighbours: a process of the machine and a job, both the same user as jobs that root starts.
/bin/setpriv --reuid 64991 --regid 64991 --clear-groups tricks --neighbour >/tmp/escape.ready.1 &
outside=$!
fairlead run -q --net loopback -- tricks --neighbour >/tmp/escape.ready.2 &
for ready in 1 2; do
	until grep -q ready /tmp/escape.ready.$ready; do kill -0 $outside && kill -0 $!; done
done

# A root of its own for --root, with nothing in it but the tricks.
mkdir -p /tmp/escape.root/bin
cp /bin/tricks /tmp/escape.root/bin/
chmod 755 /tmp/escape.root

# Each line of a result gets the way that it came by before it.
inside() {
	way=$1 handed=$2
	shift 2
	status=0
	"$@" >/tmp/escape.said 2>/tmp/escape.err </dev/null || status=$?
	case $status in
	0) sed "s|^|$way |" /tmp/escape.said ;;
	125) # it was not even started, which must be for what it was handed
		grep -q 'cannot hand over stdin' /tmp/escape.err || { cat /tmp/escape.err; return 1; }
		tricks --names "$handed" | sed "s|.*|$way & refused not-started|"
		;;
	*) echo "$way: exit status $status"; cat /tmp/escape.said /tmp/escape.err; return 1 ;;
	esac
}

phase() { echo "# $1 at $(cut -d" " -f1 /proc/uptime) s"; }
phase begin
for handed in none file tty stream dgram tcp udp folder; do
	# A way a line: name, who starts it, options.
	while IFS='|' read -r way as options; do
		case $handed,$way in
		none,* | *,root | *,root-strict | *,user) ;;
		*) continue ;; # what is handed in does not differ there
		esac
		# The file that is handed in is the job's user's own.
		case $way in
		root*) chown 64991 $work/handed ;;
		*) chown 64980 $work/handed ;;
		esac
		# shellcheck disable=SC2086 # lists of words
		inside "$way" $handed $as tricks --hand $handed fairlead run -q \
			$options -- tricks --run $handed
	done <<-ways
		root||--volume $work:/ro:ro
		root-strict||--profile strict --volume $work:/ro:ro
		root-loopback||--net loopback --volume $work:/ro:ro
		root-overlay||--root /tmp/escape.root --volume $work:/ro:ro
		user|$ordinary|--volume $work:/ro:ro
		user-strict|$ordinary|--profile strict --volume $work:/ro:ro
		user-overlay|$ordinary|--root /tmp/escape.root --volume $work:/ro:ro
	ways
done >/tmp/escape.inside || { tail -n 20 /tmp/escape.inside; exit 1; }

phase sandboxes
tricks --sets | while read -r handed set; do
	tricks --hand "$handed" bare --without "$set" tricks --run "$handed" "$set" \
		</dev/null >/tmp/escape.said 2>&1 ||
		{ echo "without $set: exit status $?"; cat /tmp/escape.said; }
	sed 's/^/control /' /tmp/escape.said
done >/tmp/escape.controls

phase controls
# What these kernels are built without; whatever else cannot be tried is a fault of the test.
case $(uname -r) in
6.1.*) lacks="call-x32 overlay-redirect" ;;	# no user attributes in its tmpfs
*) lacks="call-x32" ;;
esac
awk -f /t/escape.awk -v kernel="$(uname -r)" -v lacks=" $lacks " -v all="$(tricks --names | tr '\n' ' ')" /tmp/escape.inside /tmp/escape.controls
