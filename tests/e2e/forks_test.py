#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Forks as fast as all CPUs can, while thread ids are used over and over."""
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import HELPERS, Agent
from tap import check, cleanup, limit, main

FORKS = os.environ.get("FORKS", "60000")
PID_MAX = "/proc/sys/kernel/pid_max"
REUSED = 4096
SLEEPERS = 1000
# The switches away from pid 1 are not seen on some kernels, nor who comes by them.
PERCENT = "0.1"


def reuse_pids():
    """Ids wrap after so few; those that are taken stay."""
    with open(PID_MAX, encoding="ascii") as file:
        before = file.read()

    def write(value):
        with open(PID_MAX, "w", encoding="ascii") as file:
            file.write(value)
    cleanup(write, before)
    write(str(REUSED))


def forks_agree(*words):
    agent = Agent("--bpf-budget", "1s", *words)     # so many may cost more than the default allows
    result = subprocess.run([f"{HELPERS}/lib/forks", agent.socket, FORKS, PERCENT],
                            capture_output=True, text=True, timeout=500, check=False)
    for line in (result.stdout + result.stderr).splitlines():
        print(f"# {line}")
    check(result.returncode == 0 and "preempted" in result.stdout, "the counts do not agree")


@limit(600)
def test_forks_through_reused_ids():
    "forks through reused thread ids are counted, and no wait is longer than they took"
    reuse_pids()
    forks_agree()


@limit(600)
def test_forks_through_places_that_are_shared():
    "so are forks through ids that share their place with tasks that sleep, by the fallback too"
    wake = threading.Event()
    cleanup(wake.set)
    for _ in range(SLEEPERS):
        threading.Thread(target=wake.wait, daemon=True).start()
    forks_agree("--sched-hook", "raw_tp")


if __name__ == "__main__":
    main(needs_root=True)
