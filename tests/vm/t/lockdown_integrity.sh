#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# under lockdown=integrity it runs, and doctor names the lockdown and what is off
# limit: 60
# cmdline: lockdown=integrity
set -eu
mount -t securityfs none /sys/kernel/security
fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
fairlead doctor --socket /run/f.sock | tee /tmp/doctor
grep 'lockdown is integrity' /tmp/doctor
fairlead snapshot --socket /run/f.sock
kill -TERM $!
wait $!
