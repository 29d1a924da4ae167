#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What make ARCH=aarch64 builds here is of that architecture, starts, and passes the unit tests
# under qemu's emulation of one process.  (That its BPF objects relocate to arm64's types is
# tests/bpf/relocate_test.sh's claim.)
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-.out}
O=${O#"$PWD"/}/aarch64	# as make calls it, so that its targets are known by that name
unset MAKEFLAGS MFLAGS MAKELEVEL

skip() {
	echo "1..0 # SKIP $*"
	exit 77
}
[ "$(uname -m)" != aarch64 ] || skip "this machine is of that architecture: all other tests are for it"
sysroot=$(setup/sysroot.sh aarch64) || skip "the libraries for aarch64 cannot be had here"
qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static) || skip "no qemu-aarch64: setup/install.sh cross"

count=0 failed=0
result() { # STATUS CLAIM OUTPUT
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "$3" | sed 's/^/# /'
		echo "not ok $count - $2"
		failed=1
	fi
}
emulated() { timeout 60 "$qemu" -L "$sysroot" "$@" 2>&1; }

tests=$(find tests/unit -name '*_test.c' | sort | sed "s,\(.*\)\.c$,$O/\1,")
# shellcheck disable=SC2086 # a list of words
said=$(make --no-print-directory -j"$(nproc)" ARCH=aarch64 "O=$O" all $tests 2>&1)
status=$?
result $status "make ARCH=aarch64 builds the agent and the unit tests" "$said"
[ $status = 0 ] || {
	echo "1..$count"
	exit 1
}

said=$(readelf -h "$O/fairlead")
echo "$said" | grep -q 'Machine: *AArch64'
result $? "the binary is for AArch64" "$said"
for option in --version --help; do
	said=$(emulated "$O/fairlead" $option)
	result $? "aarch64: fairlead $option runs" "$said"
done

# A test program's own results, renumbered; it is one failure more when it ends early.
for test in $tests; do
	said=$(emulated "$test")
	status=$?
	echo "$said" | awk -v number="$count" '
		/^(not )?ok / { sub(/ok [0-9]+ - /, "ok " ++number " - aarch64: ") }
		!/^1\.\.[0-9]+$/'
	plan=$(echo "$said" | sed -n 's/^1\.\.//p')
	given=$(echo "$said" | grep -cE '^(not )?ok ')
	count=$((count + given))
	case $status:$given in
	[01]:"$plan" | 77:"$plan") [ $status != 1 ] || failed=1 ;;
	*) result 1 "aarch64: $(basename "$test") runs to its end" "exit status $status, $given of ${plan:-0} results" ;;
	esac
done
echo "1..$count"
exit $failed
