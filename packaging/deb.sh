#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Debian package from a copy of the tree, so that the tree stays clean and nothing is fetched:
#   packaging/deb.sh OUT VERSION    makes OUT/fairlead_VERSION_ARCH.deb
# Built as any Debian package is, with the distribution's hardening flags.
set -eu
cd "$(dirname "$0")/.."
mkdir -p "$1"
out=$(cd "$1" && pwd) version=$2
debian_version=$(echo "$version" | tr - +)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH

work=$out/deb tree=$out/deb/fairlead
rm -rf "$work"
mkdir -p "$tree"
{
	git ls-files -z --cached --others --exclude-standard 2>/dev/null ||
		find . \( -name .out -o -name .cache -o -name .git \) -prune -o -type f -print0
} | tar --null --files-from=- --ignore-failed-read -cf - 2>/dev/null | tar -C "$tree" -xf -
mv "$tree/packaging/debian" "$tree/debian"
echo "$version" >"$tree/debian/upstream-version"
mkdir "$tree/debian/source" && echo "3.0 (native)" >"$tree/debian/source/format"
sed "s/@VERSION@/$debian_version/; s/@DATE@/$(LC_ALL=C date -Ru -d "@$SOURCE_DATE_EPOCH")/" \
	"$tree/debian/changelog.in" >"$tree/debian/changelog"

# -d: what the build needs may come from elsewhere than packages; setup/install.sh saw to it.
if ! (cd "$tree" && env -u MAKEFLAGS -u MAKELEVEL DEB_BUILD_OPTIONS=noautodbgsym \
	dpkg-buildpackage -b -d -us -uc -jauto) >"$work/log" 2>&1; then
	tail -n 40 "$work/log" >&2
	echo "fairlead: the package did not build: $work/log" >&2
	exit 1
fi
rm -f "$out"/fairlead_*.deb
mv "$work"/fairlead_*.deb "$out/"
rm -rf "$tree"
ls "$out"/fairlead_*.deb
