#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page cache's counts of a cgroup against known reads, faults and writes of 64 MiB, here and
in Debian's kernels.  Nothing is left out to keep to a budget, as emulated machines are slow.

The control are the counts that have to be 0: fills and misses of what is in the cache.  The
stated error are the file system's own pages (its metadata is read through the cache as well),
and of accesses by large cold reads up to 2 %, which the kernel does not trace.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, ROOT, folder, prove, removed, run, scaled

sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import known
from running import Agent

RUNS = 10
KERNELS = ("6.1", "6.12", "newest")
COLUMNS = ["step", "counter", "ours", "known"]
IN_GUEST = """modprobe loop
dd if=/dev/zero of=/tmp/disk bs=1M count=64 2>/dev/null
losetup /dev/loop0 /tmp/disk
fairlead agent --socket /run/f.sock --state-dir /tmp/state --bpf-budget 1s 2>/dev/null &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
for run in %s; do cached /run/f.sock /dev/loop0 || true; done
kill -TERM $!; wait $!"""
GROUPS = {"cold": ("fill", "cold 4k", "cold 1M"), "warm": ("warm 4k", "warm 1M"),
          "random": ("random", "again", "refill"), "mmap": ("mmap", "mapped", "maprnd"),
          "evicted and changed": ("evict", "change")}


def rows_of(text):
    """The rows of tests/lib/cached, as COLUMNS."""
    found = re.findall(r"^(\w[\w ]*?) +(\w+) +(\d+) +(\d+)(?:  <--)?\s*$", text, re.MULTILINE)
    return [[step, counter, int(ours), int(truth)] for step, counter, ours, truth in found]


def measure_here():
    where = folder()
    try:
        with Agent(None, "--bpf-budget", "1s") as agent:
            return [row for number in range(scaled(RUNS, 2))    # a new file has no page yet
                    for row in rows_of(run(f"{BUILT}/tests/lib/cached", agent.socket,
                                           f"{where}/{number}").stdout)]
    finally:
        removed(where)


def measure_in(kernel):
    runs = " ".join(map(str, range(scaled(RUNS, 2))))
    return rows_of(run("tests/vm/person.sh", kernel, IN_GUEST % runs).stdout)


def ranges(rows):
    """{step counter: what was known, and the least and most that we counted}."""
    found = {}
    for step, counter, ours, truth in rows:
        found.setdefault((step, counter, truth), []).append(ours)
    return {f"{step} {counter} {truth}": [min(all_of), max(all_of)]
            for (step, counter, truth), all_of in found.items()}


def judge(proof, where, rows):
    runs = scaled(RUNS, 2)
    if not rows or len(rows) % runs or {row[0] for row in rows} != set(sum(GROUPS.values(), ())):
        raise RuntimeError(f"{where}: {len(rows)} rows of {runs} runs")
    for group, steps in GROUPS.items():
        of_group = [row for row in rows if row[0] in steps]
        apart = [abs(row[2] - row[3]) for row in of_group]
        proof.claim(f"{group}, {where}", figure=ranges(of_group),
                    limit=f"every count of every run within {known.PAGES_ERROR} of the known one; "
                          f"accesses of a large cold read up to {known.LEFT_OUT_OF_COLD_READS:.0%} less",
                    holds=all(off <= known.pages_error(*row) for off, row in zip(apart, of_group)),
                    how="tests/lib/cached SOCKET FILE",
                    note=f"{apart.count(0)} of {len(apart)} counts exact, at most "
                         f"{max(apart)} off; {runs} runs; step, counter, known: least, most",
                    control={"counted where nothing was done":
                             max((row[2] for row in of_group if row[3] == 0), default=0)},
                    pairs={"columns": COLUMNS, "rows": of_group})


def prove_cache(proof):
    judge(proof, "natively", measure_here())
    for kernel in KERNELS:
        judge(proof, f"in a VM of {kernel}", measure_in(kernel))


if __name__ == "__main__":
    prove(prove_cache)
