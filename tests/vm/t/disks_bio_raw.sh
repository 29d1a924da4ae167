#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# the fallback hooks count devices without requests the same
# limit: 240
HOOK=raw_tp
export HOOK
. /t/disks_bio.sh
