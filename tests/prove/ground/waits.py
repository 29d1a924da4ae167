#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Waits of a cgroup against the schedstat of its tasks, here and in Debian's kernels.

The loss of an unpinned load is explained by taking its cause away: the same seven tasks on
one CPU cannot be moved, so nothing of a wait lies before a move (bpf/sched/sched.bpf.c).
The control is a load of no length: what both accounts differ by when nothing is counted.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, prove, quartiles, quietly, run, scaled

from running import Agent

RUNS = 12
LOAD_MS = 2000
KERNELS = ("6.1", "6.12", "newest")
CONTROL_WITHIN = 0.0005     # of a run's waits; the finest limit below is 0.001
COLUMNS = ["ratio", "ours, ns", "schedstat, ns", "waits"]
# name -> CPU, hogs, sleepers, ms
LOADS = {"pinned": (0, 2, 1, LOAD_MS), "unpinned": (-1, 4, 3, LOAD_MS),
         "seven on one CPU": (0, 4, 3, LOAD_MS), "no load": (0, 2, 1, 0)}
IN_GUEST = """fairlead agent --socket /run/f.sock --state-dir /tmp/state --bpf-budget 1s 2>/dev/null &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
%s
kill -TERM $!; wait $!"""


def figures(text):
    ratio, ours, kernels, waits = text.split()
    return [float(ratio), int(ours), int(kernels), int(waits)]


def measure_here():
    """{load: rows}, the loads in turns."""
    found = {load: [] for load in LOADS}
    with Agent() as agent:
        for _ in range(scaled(RUNS, 2)):
            for load, words in LOADS.items():
                result = run(f"{BUILT}/tests/lib/waits", agent.socket, *map(str, words))
                found[load].append(figures(result.stdout))
    return found


def measure_in(kernel):
    """The pinned load and no load, in a guest."""
    loads = [load for _ in range(scaled(RUNS, 2)) for load in ("pinned", "no load")]
    lines = (f"echo '{load}:' $(waits /run/f.sock {' '.join(map(str, LOADS[load]))})"
             for load in loads)
    result = run("tests/vm/person.sh", kernel, IN_GUEST % "\n".join(lines))
    found = {"pinned": [], "no load": []}
    for line in result.stdout.replace("\r", "").splitlines():
        load, _, rest = line.partition(": ")
        if load in found:
            found[load].append(figures(rest))
    if result.returncode or len(found["pinned"]) != len(loads) // 2:
        raise RuntimeError(f"the guest of {kernel} failed: {result.stdout[-500:]}")
    return found


def control(found):
    """The largest difference without a load, as a share of what a run counts."""
    usual = quartiles(row[2] for row in found["pinned"])[1]
    return max(abs(row[1] - row[2]) for row in found["no load"]) / usual


def control_is_off(found):
    share = control(found)
    return f"{share:.5f} of a run's waits differ without a load" if share > CONTROL_WITHIN else ""


def agrees(proof, claim, found, load, within, how, note=None):
    ratios = [row[0] for row in found[load]]
    proof.claim(claim, limit=f"every run within {within:.1%}", how=how, note=note,
                figure={"lowest": min(ratios), "median": quartiles(ratios)[1],
                        "highest": max(ratios), "runs": len(ratios)},
                holds=all(abs(ratio - 1) <= within for ratio in ratios),
                control={"difference without a load": control(found)},
                pairs={"columns": COLUMNS, "rows": found[load]})


def how(load):
    return "tests/lib/waits SOCKET " + " ".join(map(str, LOADS[load]))


def prove_waits(proof):
    here = quietly(measure_here, control_is_off)
    agrees(proof, "two hogs and a sleeper on one CPU, natively", here, "pinned", 0.02,
           how("pinned"))
    still = quartiles(row[0] for row in here["seven on one CPU"])[1]
    agrees(proof, "an unpinned load of seven", here, "unpinned", 0.03, how("unpinned"),
           note="what is lost is the part of a wait before the task is moved to another CPU: each "
                f"run queue counts from its own arrival. The same load on one CPU: {still:.4f}")
    agrees(proof, "the loss is gone when the seven cannot be moved", here, "seven on one CPU", 0.02,
           how("seven on one CPU"))
    for kernel in KERNELS:
        there = quietly(lambda kernel=kernel: measure_in(kernel), control_is_off)
        agrees(proof, f"two hogs and a sleeper on one CPU, in a VM of {kernel}", there, "pinned",
               0.001, f"{how('pinned')}, under tests/vm/person.sh {kernel}")


if __name__ == "__main__":
    prove(prove_waits)
