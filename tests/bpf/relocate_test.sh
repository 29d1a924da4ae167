#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every CO-RE relocation of every object resolves against every kernel that we support, from
# files: the types in Debian's kernels and in this machine's; nothing is booted.
# Objects for this machine lie in $O/bpf, those for arm64 in $O/aarch64/bpf.
set -u
cd "$(dirname "$0")/../.." || exit 1
O=${O:-.out}
count=0 failed=0

result() { # "" or "not ", the claim, what was said
	count=$((count + 1))
	echo "$1ok $count - $2"
	[ -z "$1" ] || failed=1
	[ -z "$3" ] || echo "$3" | sed 's/^/# /'
}

# relocate KERNEL BTF FOLDER: every object of the folder against one kernel.
relocate() {
	for object in $(find "$3" -name '*.o' ! -name '*.bpf.o' | sort); do
		claim="${object#"$O"/} relocates to the types of $1"
		if said=$("$O/tests/bpf/relocate" "$2" "$object" 2>&1); then
			result "" "$claim" ""
		else
			result "not " "$claim" "$said"
		fi
	done
}

# fetched ROLE FOLDER: the same against one of Debian's kernels.
fetched() {
	if kernel=$(setup/kernel.sh "$1"); then
		relocate "$1 ($(cut -d' ' -f1 "$kernel/version"))" "$kernel/vmlinux.btf" "$2"
	else
		result "not " "the types of kernel $1 can be fetched" ""
	fi
}

if [ "$(uname -m)" = x86_64 ]; then
	for role in 6.1 6.12 newest; do
		fetched $role "$O/bpf"
	done
fi
if [ -r /sys/kernel/btf/vmlinux ]; then
	relocate "this machine ($(uname -r))" /sys/kernel/btf/vmlinux "$O/bpf"
else
	result "" "objects relocate to the types of this machine # SKIP its kernel has no BTF" ""
fi
if [ -d "$O/aarch64/bpf" ]; then
	fetched arm64 "$O/aarch64/bpf"
else
	result "" "objects relocate to the types of arm64 # SKIP none were built: make ARCH=aarch64" ""
fi
echo "1..$count"
exit $failed
