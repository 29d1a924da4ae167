#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the version: from the newest tag vX.Y.Z where there is one, else 0.0.COMMITS, then
# what lies on top of it.  A tree without git says 0.0.0.
git describe --tags --match 'v*' --dirty --abbrev=12 2>/dev/null | sed 's/^v//' | grep . ||
	{ count=$(git rev-list --count HEAD 2>/dev/null) &&
		echo "0.0.$count-g$(git describe --always --dirty --abbrev=12)"; } ||
	echo 0.0.0
