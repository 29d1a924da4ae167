#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Takes the type information (raw BTF) out of a kernel image as distributions ship it:
#   setup/btf.sh VMLINUZ OUT
set -eu
image=$1 out=$2
kernel=$(mktemp)
trap 'rm -f "$kernel"' EXIT
export LC_ALL=C

slice() { tail -c "+$(($2 + 1))" "$1" | head -c "$3"; }	# FILE OFFSET LENGTH
number() { od -An -v -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }	# FILE OFFSET WIDTH

# Unpacks LENGTH bytes at OFFSET of the image, by the magic that they begin with.  After them
# may stand four bytes of size, about which the unpackers complain: whether all went well
# shows in what is found below.
unpack() {
	case $(slice "$image" "$1" 4 | od -An -v -t x1 | tr -d ' ') in
	1f8b*) with=gzip ;;
	28b52ffd) with=zstd ;;
	02214c18) with=lz4 ;;
	fd377a58) with=xz ;;
	*) echo "fairlead: $image is packed in a way that is not known here" >&2; exit 1 ;;
	esac
	slice "$image" "$1" "$2" | $with -dc 2>/dev/null || true
}

if [ "$(slice "$image" 4 4 | tr -d '\0')" = zimg ]; then	# an EFI program that unpacks itself
	unpack "$(number "$image" 8 4)" "$(number "$image" 12 4)" >"$kernel"
elif [ "$(slice "$image" 514 4 | tr -d '\0')" = HdrS ]; then	# x86 boot protocol 2.08
	setup=$(((1 + $(number "$image" 497 1)) * 512))
	unpack $((setup + $(number "$image" 584 4))) "$(number "$image" 588 4)" >"$kernel"
else	# arm64: not packed at all
	cat "$image" >"$kernel"
fi

# BTF begins with magic, version, flags and its header's length; then come offset and length
# of types and of strings.  Bytes that only look like a beginning do not fit together.
beginnings=$(grep -aboP '\x9f\xeb\x01\x00[\x18-\x40]\x00\x00\x00' "$kernel" | cut -d: -f1)
for at in $beginnings; do
	header=$(number "$kernel" $((at + 4)) 4)
	types=$(number "$kernel" $((at + 12)) 4)
	strings_at=$(number "$kernel" $((at + 16)) 4)
	strings=$(number "$kernel" $((at + 20)) 4)
	if [ "$types" -eq "$strings_at" ] && [ "$types" -gt 65536 ]; then
		slice "$kernel" "$at" $((header + types + strings)) >"$out"
		exit 0
	fi
done
echo "fairlead: $image holds no BTF" >&2
exit 1
