#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Packs what a guest gets on top of its base:
#   tests/vm/overlay.sh OUT BINARY... [-- FILE...]
# A program goes to /bin, its shared libraries to the same paths as here.  A library (*.so*)
# may be named as well and keeps its path: so comes one that is only dlopened.  Files go to /t.
# The kernel unpacks archives one after the other, so overlays may be joined with cat.
set -eu
umask 022
out=$1
shift
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$tree"	# it becomes the guest's /, which other users must be able to enter

place() {
	mkdir -p "$tree$(dirname "$2")"
	cp -L "$1" "$tree$2"
}

while [ $# -gt 0 ] && [ "$1" != -- ]; do
	case $1 in
	*.so | *.so.*) place "$1" "$(realpath -s "$1")" ;;
	*) place "$1" "/bin/${1##*/}" ;;
	esac
	closure=$(ldd "$1" 2>/dev/null || true)	# a static program has none
	case $closure in
	*"not found"*) echo "fairlead: $1 lacks libraries here: $closure" >&2; exit 1 ;;
	esac
	for library in $(echo "$closure" | sed -n 's#^[^/]*\(/[^ ]*\) (0x.*#\1#p'); do
		[ -e "$tree$library" ] || place "$library" "$library"
	done
	shift
done
[ $# = 0 ] || shift
for file; do
	place "$file" "/t/${file##*/}"
done

(cd "$tree" && find . | cpio --quiet -o -H newc -R +0:+0 | gzip -1) >"$out"
