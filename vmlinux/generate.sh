#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes vmlinux/ARCH/vmlinux.h, every type of the newest Debian kernel that has sched_ext,
# and notes in vmlinux/README.md what it was made from:
#   vmlinux/generate.sh x86_64|aarch64
set -eu
cd "$(dirname "$0")/.."
arch=${1:-}
case $arch in
x86_64) role=newest ;;
aarch64) role=arm64 ;;
*) echo "fairlead: no vmlinux.h for '$arch': x86_64 or aarch64" >&2; exit 2 ;;
esac
PATH=$PATH:/usr/sbin	# bpftool's place, which an ordinary user does not search

kernel=$(setup/kernel.sh $role)
read -r release version suite <"$kernel/version"
mkdir -p "vmlinux/$arch"
new=$(mktemp)
trap 'rm -f "$new"' EXIT

bpftool btf dump file "$kernel/vmlinux.btf" format c >"$new"
grep -q '^struct sched_ext_ops {' "$new" || {
	echo "fairlead: $release has no sched_ext: vmlinux/$arch/vmlinux.h stays as it was" >&2
	exit 1
}
{
	echo "/* SPDX-License-Identifier: GPL-2.0-only */"
	cat "$new"
} >"vmlinux/$arch/vmlinux.h"

# The line of this architecture in the README's table, put in the place of the old one.
row="| $arch | $release | $version ($suite) | $(bpftool version | sed -n '1s/ v/ /p') | $(date -u +%F) |"
sed "s#^| $arch |.*#$row#" vmlinux/README.md >"$new"
cat "$new" >vmlinux/README.md
echo "vmlinux/$arch/vmlinux.h: $release"
