#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# a clean build in another folder gives the same bytes
cd "$(dirname "$0")/../.." || exit 1
O=${O:-.out}
unset MAKEFLAGS MFLAGS MAKELEVEL
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT

# As much as may differ does: the paths and their length, a link on the way, where the build
# goes, the order of files in a folder, who may read them, the zone of time, and where malloc
# puts things, since compilers have walked through tables in the order of addresses.
tree=$elsewhere/a-folder-with-a-name-that-is-a-good-deal-longer-than-the-name-of-the-one-we-are-in
mkdir -p "$tree/real"
ln -s real "$tree/link"
git ls-files -co --exclude-standard | sort -r |
	while read -r file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done |
	xargs -0 cp --parents -t "$tree/real" || exit 1

# The version is the commit's, which the copy cannot ask for.
version=$(tests/check/flags.sh version)
make -s --no-print-directory "O=$O" all >/dev/null || exit 1
(
	cd "$tree/link" && umask 077 &&
		TZ=Asia/Kathmandu GLIBC_TUNABLES=glibc.malloc.mmap_threshold=4096 \
			make -s --no-print-directory -j"$(nproc)" "O=$elsewhere/o" "version=$version" all >/dev/null
) || exit 1

bad=0
for made in fairlead $(cd "$elsewhere/o" && find bpf -name '*.o' | sort); do
	cmp "$O/$made" "$elsewhere/o/$made" || bad=1
done
if grep -aoF "$PWD" "$O/fairlead" | head -n1 | grep .; then
	echo "$O/fairlead names the folder that it was built in"
	bad=1
fi
exit $bad
