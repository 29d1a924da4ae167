#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the guest scripts t/*.sh under Debian's own kernels and prints a line for each:
#   tests/vm/run.sh [--kernels "6.1 6.12 newest"] [--only GLOB]
# The head of a script says how it is run: its first sentence is its name, then
#   # limit: 30            seconds until it is ended (60)
#   # kernels: newest      only under these
#   # cmdline: lockdown=integrity    booted with these words, together with its likes
#   # with: escape/x.awk   files of this folder that lie beside it in the guest
# Exit status 77 skips it, its last line being the reason.  A guest that dies is booted once
# more.  What each one printed is in .out/vm/KERNEL*/.
set -eu
cd "$(dirname "$0")/../.."
kernels="6.1 6.12 newest" only='*'
while [ $# -gt 0 ]; do
	case $1 in
	--kernels) kernels=$2 ;;
	--only) only=$2 ;;
	*) echo "usage: tests/vm/run.sh [--kernels 'NAME...'] [--only GLOB]" >&2; exit 2 ;;
	esac
	shift 2
done
logs=${O:-.out}/vm
work=$(mktemp -d)
vm=
end() {
	[ -z "$vm" ] || { kill "$vm" && wait "$vm"; } 2>/dev/null || true
	rm -rf "$work"
}
trap end EXIT
trap 'exit 130' HUP INT TERM

header() { sed -n "s/^# $2: *//p" "$1"; }
sentence() { sed -n '/^# SPDX/d; s/\.$//; s/^# \(.* .*\)/\1/p' "$1" | head -n 1; }

count=0 passed=0 failed=0 skipped=0
pass() { count=$((count + 1)) passed=$((passed + 1)); echo "ok $count - $1"; }
fail() { count=$((count + 1)) failed=$((failed + 1)); echo "not ok $count - $1"; }
skip() { count=$((count + 1)) skipped=$((skipped + 1)); echo "ok $count - $1 # SKIP $2"; }

# What one test printed, out of the console's log.
said() { sed -n "/^=== $2\$/,/^=== $2: exit/p" "$1/console" | tr -d '\r' | sed '1d'; }

# One line for each script of a boot: LOG STATUS NAME SCRIPT...
verdicts() {
	log=$1 died=$2 kernel=$3
	shift 3
	for script; do
		name=$(basename "$script" .sh)
		title="$kernel: $(sentence "$script")"
		status=$(awk -v name="$name" '$1 == "TEST" && $2 == name { print $3 }' "$log/result")
		case $status in
		0) pass "$title" ;;
		77) skip "$title" "$(said "$log" "$name" | sed '$d' | grep -v '^\[' | tail -n 1)" ;;
		*)
			fail "$title"
			if [ -n "$status" ]; then
				said "$log" "$name"
			elif grep -qx "START $name" "$log/result"; then
				echo "=== $name: the guest ended under it ($died)"
				tail -n 40 "$log/console" | tr -d '\r'
			else
				echo "=== $name: the guest ended before it ($died)"
			fi | sed 's/^/# /'
			;;
		esac
	done
}

# Boots in the background, so that a signal to us is not kept waiting for the guest.
boot() {
	died=0
	APPEND=$4 LIMIT=$5 setpriv --pdeathsig TERM tests/vm/boot.sh "$1" "$2" "$3" 2>"$work/said" &
	vm=$!
	wait "$vm" || died=$?
	vm=
	sed 's/^/# /' "$work/said"
}

# All scripts of one kernel that want the same command line, in one guest.
group() {
	kernel=$1 cmdline=$2
	shift 2
	log=$logs/$kernel$(echo "${cmdline:+-$cmdline}" | tr -c '[:alnum:]=.\n-' _)
	limit=60	# the boot, on a loaded machine
	beside=
	for script; do
		limit=$((limit + $(header "$script" limit | grep . || echo 60)))
		for file in $(header "$script" with); do
			beside="$beside tests/vm/$file"
		done
	done
	# shellcheck disable=SC2086 # a list of files
	tests/vm/overlay.sh "$work/scripts" -- "$@" $beside
	cat "$work/programs" "$work/scripts" >"$work/overlay"
	boot "$kernel" "$work/overlay" "$log" "$cmdline" "$limit"
	case $died in
	0 | 1) ;;
	*)
		rm -rf "$log.died"
		mv "$log" "$log.died"
		echo "# $kernel: the guest is booted once more; what the first one said is in $log.died"
		boot "$kernel" "$work/overlay" "$log" "$cmdline" "$limit"
		;;
	esac
	case $died in
	124) died="after $limit s" ;;
	*) died="it died" ;;
	esac
	verdicts "$log" "$died" "$kernel" "$@"
}

programs=$(tests/vm/programs.sh)
# shellcheck disable=SC2086 # a list of words
tests/vm/overlay.sh "$work/programs" $programs

for kernel in $kernels; do
	folder=$(setup/kernel.sh "$kernel" 2>"$work/said") || {
		fail "$kernel: the kernel can be fetched"
		sed 's/^/# /' "$work/said"
		continue
	}
	echo "# $kernel: $(cat "$folder/version")"
	: >"$work/plan"	# command line, tab, script
	for script in tests/vm/t/$only.sh; do
		wanted=$(header "$script" kernels)
		case " ${wanted:-$kernel} " in
		*" $kernel "*) printf '%s\t%s\n' "$(header "$script" cmdline)" "$script" >>"$work/plan" ;;
		esac
	done
	cut -f1 "$work/plan" | sort -u >"$work/cmdlines"
	while IFS= read -r cmdline; do
		# shellcheck disable=SC2046 # a list of files
		group "$kernel" "$cmdline" $(awk -F'\t' -v cmdline="$cmdline" '$1 == cmdline { print $2 }' "$work/plan")
	done <"$work/cmdlines"
done
echo "1..$count"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$count" -gt 0 ]
