#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the address of the Debian mirror that this machine's own apt uses for SUITE
# (bookworm, trixie-backports, bookworm-security ...).  A suite that apt does not have
# comes from the mirror of the release that it does have.
set -eu
suite=$1
targets=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages')
uri_of() { echo "$targets" | awk -v suite="$1" '$1 == suite { print $2; exit }'; }

uri=$(uri_of "$suite")
own=$(. /etc/os-release && echo "$VERSION_CODENAME")
case $suite in
*-security) [ -n "$uri" ] || uri=$(uri_of "$own-security") ;;
*) [ -n "$uri" ] || uri=$(uri_of "$own") ;;
esac
[ -n "$uri" ] || {
	echo "fairlead: apt on this machine has no mirror for $suite: add the $own release to its sources" >&2
	exit 1
}
echo "$uri"
