#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# An OCI image of the agent, as an archive, without a daemon and with a storage of its own:
#   setup/image.sh BINARY OUT.oci.tar [VERSION]
# FROM scratch: the binary, the libraries that it loads at the paths where it looks for them,
# a few descriptions of terminals, and their licences.  No shell, no certificates, no users.  The same input gives the same
# bytes.  Needs root, as layers carry root's files.
set -eu
binary=$1 out=$2 version=${3:-0.0.0}
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

fail() { echo "fairlead: $*" >&2; exit 1; }
command -v buildah >/dev/null || fail "no buildah here: setup/install.sh image"
[ "$(id -u)" = 0 ] || fail "an image is built as root: its files belong to root"

mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$(cd "$(dirname "$out")" && pwd)/image.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

install -D -m 755 "$binary" "$root/usr/bin/fairlead"
# What is loaded only when it is used (top, a push) no linker tells of.
ldd "$binary" >"$work/ldd"
for name in libncursesw.so.6 libcurl.so.4; do
	loaded=$(ldconfig -p | awk -v name="$name" '$1 == name { print $NF; exit }')
	[ -n "$loaded" ] || fail "no $name here: setup/install.sh build"
	{ ldd "$loaded"; echo "$name => $loaded"; } >>"$work/ldd"
done
! grep 'not found' "$work/ldd" >&2 || fail "a library is missing here"
# "name => path (address)", or for the loader "path (address)"
awk '$2 == "=>" { print $3; next } $1 ~ /^\// { print $1 }' "$work/ldd" | sort -u >"$work/libraries"
while read -r library; do
	install -D -m 755 "$library" "$root$library"
	# Files from before /usr was merged are in dpkg's list without /usr.
	real=$(readlink -f "$library")
	package=$(dpkg -S "$real" 2>/dev/null || dpkg -S "${real#/usr}" 2>/dev/null) || continue
	package=${package%%:*}
	install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
done <"$work/libraries"
# What a terminal can do: those that people sit at, and those between (tmux, screen).
for terminal in linux screen screen-256color tmux tmux-256color vt100 vt220 xterm xterm-256color; do
	entry=$(find /lib/terminfo /usr/share/terminfo -name "$terminal" 2>/dev/null | head -n 1)
	[ -z "$entry" ] || install -D -m 644 "$entry" "$root/usr/share/terminfo/$(echo "$terminal" | cut -c1)/$terminal"
done
install -D -m 644 /usr/share/doc/ncurses-base/copyright "$root/usr/share/doc/ncurses-base/copyright"
install -D -m 644 LICENSE "$root/usr/share/doc/fairlead/LICENSE"
mkdir -p "$root/run/fairlead" "$root/var/lib/fairlead" "$root/etc/fairlead"
find "$root" -type d -exec chmod 755 {} +

cat >"$work/Containerfile" <<-END
	FROM scratch
	COPY root/ /
	ENV PATH=/usr/bin
	LABEL org.opencontainers.image.title="fairlead" \\
	      org.opencontainers.image.version="$version" \\
	      org.opencontainers.image.licenses="Apache-2.0 AND (GPL-2.0-only OR BSD-2-Clause)"
	STOPSIGNAL SIGTERM
	ENTRYPOINT ["/usr/bin/fairlead"]
	CMD ["agent"]
END
container_tool() {
	buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}
container_tool build --isolation chroot --timestamp "$epoch" --quiet \
	--tag "fairlead:latest" "$work" >/dev/null
container_tool push --quiet fairlead:latest "oci:$work/oci:fairlead:latest"
tar -C "$work/oci" --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner -cf "$work/out" .
mv "$work/out" "$out"
