#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds, and runs the tiers asked for (none: all of them):
#   tests/run.sh [unit] [bpf] [e2e] [vm] [fuzz] [ship] [check]
# One line a claim; the last line is always `N passed, N failed, N skipped`.  Exit status 1
# when anything failed, or when nothing ran.  Whole outputs are kept in .out/test/.
set -u
cd "$(dirname "$0")/.." || exit 1
O=${O:-.out}
case $O in /*) ;; *) O=$PWD/$O ;; esac
export O
# We are often a child of make; its flags would tell our own make to share a job server that
# a shell script does not pass on.
unset MAKEFLAGS MFLAGS MAKELEVEL
[ $# -gt 0 ] || set -- unit bpf e2e vm fuzz ship check

rm -rf "$O/test"
mkdir -p "$O/test" || exit 1
results=$O/test/results

say() { echo "$1" | tee -a "$results"; }

# One test program, its output read as TAP: tier, time limit in seconds, command.
program() {
	tests/lib/tally.py "$results" "$O/test/$(echo "$1-$(basename "$3")" | tr -c '[:alnum:]\n' _).log" "$@"
}

# Every program of a tier; a tier that finds none is broken, not green.
programs() {
	tier=$1 seconds=$2
	shift 2
	found=0
	for file; do
		[ -e "$file" ] || continue
		found=1
		program "$tier" "$seconds" "$file"
	done
	[ $found = 1 ] || say "not ok - $tier: there is no test to run"
}

# Role in setup/packages, then make targets; the tier is lost when either fails.
prepared() {
	tier=$1 role=$2
	shift 2
	# shellcheck disable=SC2046 # a list of words, each once
	setup/install.sh $(printf '%s\n' build test "$role" | sort -u) || {
		say "not ok - $tier: setup/install.sh $role failed"
		return 1
	}
	[ $# -eq 0 ] || make --no-print-directory -j"$(nproc)" "O=$O" "$@" >"$O/test/make.log" 2>&1 || {
		sed 's/^/    /' "$O/test/make.log"
		say "not ok - $tier: make $* failed"
		return 1
	}
}

as_root() {
	[ "$(id -u)" = 0 ] || {
		say "ok - $1: all of it # SKIP needs root: run as root, or with sudo"
		return 1
	}
}

tier_unit() {
	prepared unit test unit-tests || return
	# From the sources, so that the binary of a test that is gone is not run.
	set --
	for source in $(find tests/unit -name '*_test.c' 2>/dev/null | sort); do
		set -- "$@" "$O/san/${source%.c}"
	done
	programs unit 60 "$@"
	for threaded in worker_test otlp_sender_test; do
		[ ! -e "tests/unit/$threaded.c" ] || program 'unit (tsan)' 60 "$O/tsan/tests/unit/$threaded"
	done
}

tier_bpf() {
	as_root bpf || return
	prepared bpf vm all tools || return	# the vm role unpacks kernels for their types
	export FAIRLEAD="$O/fairlead"
	prepared bpf cross ARCH=aarch64 "O=$O/aarch64" all || return
	# cross first: it makes the arm64 objects that are then relocated
	programs bpf 300 tests/cross/*_test.sh tests/bpf/*_test.py tests/bpf/*_test.sh
}

tier_e2e() {
	as_root e2e || return
	prepared e2e test all san tools || return
	export FAIRLEAD="$O/fairlead"
	programs e2e 300 tests/e2e/*_test.py
	export FAIRLEAD="$O/san/fairlead"
	programs 'e2e (asan)' 300 tests/e2e/*_test.py
}

tier_vm() {
	prepared vm vm all tools || return
	export FAIRLEAD="$O/fairlead"
	programs vm 1200 tests/vm/run.sh
}

tier_fuzz() {
	prepared fuzz test fuzz-targets || return
	programs fuzz 600 tests/fuzz/run.sh
}

tier_ship() {
	as_root ship || return
	prepared ship image all tools || return
	setup/install.sh deb k8s || { say "not ok - ship: setup/install.sh deb k8s failed"; return; }
	export FAIRLEAD="$O/fairlead"
	programs ship 600 tests/ship/*_test.py tests/ship/*_test.sh
}

tier_check() {
	prepared check check all tools || return
	programs check 600 tests/check/run.sh
}

count() { grep -c "$1" "$results" 2>/dev/null; }

for tier; do
	case $tier in
	unit | bpf | e2e | vm | fuzz | ship | check) ;;
	*)
		echo "fairlead: no test tier '$tier': there are unit bpf e2e vm fuzz ship check" >&2
		exit 2
		;;
	esac
done
: >"$results"
for tier; do
	began=$(date +%s)
	"tier_$tier"
	echo "# $tier took $(($(date +%s) - began)) s"
done

skipped=$(count '^ok .*# SKIP')
failed=$(count '^not ok')
passed=$(($(count '^ok ') - skipped))
if [ "$skipped" -gt 0 ]; then
	echo "skipped:"
	sed -n 's/^ok - \(.*\) # SKIP *\(.*\)/  \1: \2/p' "$results"
fi
if [ "$failed" -gt 0 ]; then
	echo "failed (whole outputs are in ${O#"$PWD"/}/test):"
	sed -n 's/^not ok - /  /p' "$results"
fi
[ $((passed + failed)) -gt 0 ] || echo "nothing ran: that is a failure too"
echo "$passed passed, $failed failed, $skipped skipped" | tee "$O/test/closing"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
