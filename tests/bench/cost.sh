#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shows what the scheduler's hook costs, beside an empty program and runqlat; takes minutes:
#   tests/bench/cost.sh [--blocks N] [-o table|json]
# Believe it on a quiet machine only: the first two lines compare a thing with itself.
set -eu
cd "$(dirname "$0")/../.."
O=${O:-.out}
setup/install.sh build test >&2
make --no-print-directory -j"$(nproc)" "O=$O" all tools >&2
exec env "O=$O" python3 tests/bench/cost.py "$@"
