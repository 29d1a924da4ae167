#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The Debian package: builds, pleases lintian, installs into a throw-away Debian, runs there,
# and goes without a trace.  The throw-away Debian is made once and kept in .cache/.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
out=$(mkdir -p "${O:-.out}" && cd "${O:-.out}" && pwd)
skip() { echo "1..0 # SKIP $*"; exit 77; }
[ "$(id -u)" = 0 ] || skip "needs root"
for tool in dpkg-buildpackage dh lintian mmdebstrap; do
	command -v $tool >/dev/null || skip "no $tool (setup/install.sh deb)"
done

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
n=0 failed=0
check() {	# SENTENCE CMD…: what the command says is shown when it fails
	n=$((n + 1)) sentence=$1
	shift
	if "$@" >"$work/said" 2>&1; then
		echo "ok $n - $sentence"
	else
		echo "not ok $n - $sentence"
		tail -n 40 "$work/said" | sed 's/^/# /'
		failed=1
	fi
}
finish() { echo "1..$n"; exit $failed; }

tree=$(ls -A . packaging packaging/debian)
check "the package builds from a copy of the tree" packaging/deb.sh "$out" "$(setup/version.sh)"
[ $failed = 0 ] || finish
check "the build leaves nothing in the tree" test "$(ls -A . packaging packaging/debian)" = "$tree"
deb=$(ls "$out"/fairlead_*.deb)
check "lintian has nothing to say" lintian --allow-root --fail-on error,warning "$deb"

# --- a minimal Debian with what the package depends on, so that dpkg alone can install it ---
# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
needs=$(dpkg-deb -f "$deb" Depends | tr ',' '\n' |
	sed 's/.*systemd-standalone-sysusers.*/systemd-standalone-sysusers/; s/(.*//; s/ //g' | sort -u)
base=.cache/deb-root-$codename-$(echo "$needs" | cksum | cut -d' ' -f1).tar
if [ ! -e "$base" ]; then
	mkdir -p .cache
	mirror=$(setup/mirror.sh "$codename")
	sources="deb $mirror $codename main"
	include=$(echo "$needs" | paste -sd,)
	if [ "$codename" = bookworm ]; then	# see setup/packages: libbpf comes from backports
		sources="$sources
deb $mirror bookworm-backports main"
		include=$(echo "$include" | sed 's,libbpf1,libbpf1/bookworm-backports,')
	fi
	echo "$sources" | mmdebstrap --quiet --format=tar --variant=minbase --include="$include" "$codename" \
		"$base.new" - 2>"$work/mmdebstrap" ||
		skip "no Debian from the mirror: $(tail -n 1 "$work/mmdebstrap")"
	mv "$base.new" "$base"
fi
there=$work/root
mkdir "$there"
tar --exclude='./dev/*' -C "$there" -xf "$base"
mknod -m 666 "$there/dev/null" c 1 3
cp "$deb" "$there/fairlead.deb"

# shellcheck disable=SC2317 # called by check
inside() {
	timeout 120 env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$there" "$@"
}
# Every path with owner and mode, but for the logs of dpkg and the old copies that tools keep.
list() {
	(cd "$there" && find . -printf '%y %M %u:%g %p %l\n' |
		grep -vE ' \./(var/log/dpkg\.log|var/lib/dpkg/(status-old|lock|triggers/Lock)|etc/(passwd|group|shadow|gshadow)-|etc/\.pwd\.lock) ' |
		LC_ALL=C sort -k4)
}
# The same user data base as before, whatever the order of its lines.
users() { (cd "$there/etc" && LC_ALL=C sort passwd group shadow gshadow); }

list >"$work/before"
users >"$work/users.before"
check "it installs with nothing but what it depends on" inside dpkg -i /fairlead.deb
check "the installed binary runs" inside fairlead --version
check "top finds its library: all that it lacks is a terminal" \
	inside sh -c 'fairlead top </dev/null 2>&1 | grep "and this is none"'
check "user fairlead is there, with no shell and no password" \
	inside sh -c 'getent passwd fairlead | grep -q nologin && getent shadow fairlead | grep -q "^fairlead:[!*]"'
check "the unit is enabled" test -L "$there/etc/systemd/system/multi-user.target.wants/fairlead.service"
check "it was not started" sh -c "! find /proc/[0-9]*/root -prune -lname '$there*' 2>/dev/null | grep ."
check "the shipped configuration is a conffile" \
	inside sh -c "dpkg-query -W -f '\${Conffiles}' fairlead | grep /etc/fairlead/fairlead.yaml"
check "the shipped configuration is accepted" inside fairlead agent --check --config /etc/fairlead/fairlead.yaml
check "so are the defaults that it shows" \
	inside sh -c 'sed "s/^#\([a-z]\|  [a-z]\)/\1/" /etc/fairlead/fairlead.yaml >/tmp/all.yaml &&
		fairlead agent --check --config /tmp/all.yaml && rm /tmp/all.yaml'
for file in /usr/share/man/man1/fairlead.1.gz /usr/share/man/man5/fairlead.yaml.5.gz \
	/usr/share/bash-completion/completions/fairlead /usr/share/zsh/vendor-completions/_fairlead; do
	check "it brings $file" test -s "$there$file"
done
check "installing it again over itself works" inside dpkg -i /fairlead.deb

mkdir -p "$there/var/lib/fairlead/old" "$there/run/fairlead"
touch "$there/var/lib/fairlead/old/state" "$there/run/fairlead/fairlead.sock"
check "it is removed" inside dpkg -r fairlead
check "a removed package keeps configuration and state" \
	test -e "$there/etc/fairlead/fairlead.yaml" -a -e "$there/var/lib/fairlead/old/state"
check "it is purged" inside dpkg -P fairlead
list >"$work/after"
users >"$work/users.after"
check "purged, not a file is left or changed hands" diff "$work/before" "$work/after"
check "purged, no user and no group is left" diff "$work/users.before" "$work/users.after"
finish
