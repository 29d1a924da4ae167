#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The scheduler's account: waits as part Ground has them, what tasks do against what was done,
both here and in Debian's kernels, and the waits against runqlat (libbpf-tools) on the same run.

The controls: what a thing leaves alone is counted as 0 (a task that only burns starts nobody),
and a second runqlat beside the first says what runqlat differs from itself by.
"""
import os
import re
import signal
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ground"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, ROOT, prove, quietly, run, scaled

sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import waits
from known import COUNTS_ERROR, TIMES_ERROR_NS, TIMES_WITHIN_HERE, TIMES_WITHIN_THERE
from running import Agent, Holder

RUNS = 10
QUANTILES = (0.5, 0.9, 0.99)
LOAD = (-1, 4, 3, 2000)     # CPU, hogs, sleepers, ms of tests/lib/waits: waits of all lengths
BULK = 0.95                 # of the waits have to be at most a bucket away
BULK_BUCKET = 4             # from 16 us on: see compare_with_runqlat()
CONTROL_WITHIN = 0.05       # of the waits: where two runqlats may differ by more than a bucket
COLUMNS = ["thing", "counter", "ours", "done"]
HOW = "tests/lib/tasks SOCKET"
UNLIMITED = ("--bpf-budget", "1s")     # nothing is left out, however slow the machine is
IN_GUEST = waits.IN_GUEST


def rows_of(text):
    """The rows of tests/lib/tasks, as COLUMNS."""
    found = re.findall(r"^(\w+) +(\w+) +(\d+) +(\d+)\s*$", text, re.MULTILINE)
    return [[thing, counter, int(ours), int(done)] for thing, counter, ours, done in found]


def tasks_here():
    with Agent(None, *UNLIMITED) as agent:
        return [row for _ in range(scaled(RUNS, 2))
                for row in rows_of(run(f"{BUILT}/tests/lib/tasks", agent.socket, "2").stdout)]


def tasks_in(kernel):
    lines = "tasks /run/f.sock 5 || true\n" * scaled(RUNS, 2)
    rows = rows_of(run("tests/vm/person.sh", kernel, IN_GUEST % lines).stdout)
    if not rows or len(rows) % scaled(RUNS, 2):
        raise RuntimeError(f"the guest of {kernel} failed")
    return rows


def is_time(row):
    return row[1].endswith("_seconds")


def judge_tasks(proof, where, rows, times_within):
    counts = [row for row in rows if not is_time(row)]
    times = [row for row in rows if is_time(row)]
    nothing = [row[2] for row in counts if row[3] == 0]
    apart = [abs(row[2] - row[3]) for row in counts]
    common = {"how": HOW, "control": {"counted of what was not done": max(nothing)}}
    by_counter = {}
    for (_, counter, ours, done), off in zip(counts, apart):
        if done:
            so_far = by_counter.get(counter, 0)
            by_counter[counter] = max(so_far, off)
    proof.claim(f"starts, exits, execs, migrations, preemptions and waits of a cgroup, {where}",
                limit=f"every run within {COUNTS_ERROR} of what was done",
                figure={"runs": scaled(RUNS, 2), "done": sum(row[3] for row in counts),
                        "exact": f"{apart.count(0)} of {len(apart)}", "most apart": by_counter},
                holds=max(apart) <= COUNTS_ERROR and max(nothing) == 0,
                pairs={"columns": COLUMNS, "rows": counts}, **common)
    off = [abs(row[2] - row[3]) / row[3] for row in times]
    proof.claim(f"run and sleep times of a cgroup, {where}", figure={"most apart": max(off)},
                limit=f"every run within {times_within:.0%} and {TIMES_ERROR_NS / 1e6:g} ms",
                holds=all(abs(row[2] - row[3]) <= times_within * row[3] + TIMES_ERROR_NS
                          for row in times),
                pairs={"columns": COLUMNS, "rows": times}, **common)


def ours_by_bucket(agent):
    """Counts of all waits of the node in runqlat's buckets: its first, 0 and 1 us, are our first
    two, and from there on a bucket of 2^n us is ours of 1.024 x 2^n."""
    body = run("curl", "-sf", "--unix-socket", agent.socket, "http://fairlead/metrics").stdout
    found, cpu, before, slot = {}, None, 0, 0
    pattern = r'^fairlead_sched_wait_seconds_bucket\{cpu="(\d+)",le="[^"]+"\} (\d+)'
    for of, count in re.findall(pattern, body, re.MULTILINE):
        if of != cpu:
            cpu, before, slot = of, 0, 0
        bucket = max(0, slot - 1)
        found[bucket] = found.get(bucket, 0) + int(count) - before
        before, slot = int(count), slot + 1
    return found


def theirs_by_bucket(text):
    counts = re.findall(r"^\s+\d+ -> \d+\s+: (\d+)", text, re.MULTILINE)
    return {bucket: int(count) for bucket, count in enumerate(counts)}


def quantile_bucket(buckets, quantile):
    left = quantile * sum(buckets.values())
    for bucket in sorted(buckets):
        left -= buckets[bucket]
        if left <= 0:
            return bucket
    return max(buckets)


def farther_than_a_bucket(some, others, first=0):
    """The share of waits that have no place in the other distribution at most a bucket away."""
    some, others = ({b: n for b, n in buckets.items() if b >= first} for buckets in (some, others))
    last = max(*some, *others)

    def below(buckets):
        """Shares that lie in a bucket or under it, with one bucket more at either end."""
        whole, sums = sum(buckets.values()), [0, 0]
        for bucket in range(last + 1):
            sums.append(sums[-1] + buckets.get(bucket, 0) / whole)
        return sums + sums[-1:]
    one, other = below(some), below(others)
    return max(max(one[b] - other[b + 1], other[b] - one[b + 1]) for b in range(len(one) - 1))


def beside_runqlat(*policy):
    """A load between readings of all three: [(ours, runqlat's, the other runqlat's)]."""
    tool = run("setup/peer.sh", "libbpf-tools", "runqlat").stdout.strip()
    found = []
    with Agent(None, *UNLIMITED) as agent:
        for _ in range(scaled(RUNS, 2)):
            with tempfile.TemporaryFile("w+", encoding="utf-8") as one, \
                 tempfile.TemporaryFile("w+", encoding="utf-8") as other:
                with Holder(3, tool, output=one, ends_by=signal.SIGINT), \
                     Holder(3, tool, output=other, ends_by=signal.SIGINT):
                    before = ours_by_bucket(agent)
                    run(*policy, f"{BUILT}/tests/lib/waits", agent.socket, *map(str, LOAD))
                    after = ours_by_bucket(agent)
                texts = []
                for file in (one, other):
                    file.seek(0)
                    texts.append(theirs_by_bucket(file.read()))
            found.append(({b: after[b] - before.get(b, 0) for b in after}, *texts))
    return found


def runqlat_is_off(found):
    share = max(farther_than_a_bucket(one, other) for _, one, other in found)
    return f"two runqlats differ in {share:.1%} of the waits" if share > CONTROL_WITHIN else ""


def compare_with_runqlat(proof):
    """Both count nearly the same waits, by different clocks.  A wake-up that takes the CPU from who
    has it is one event to the kernel, which reads the run queue's clock once for it (RQCF_ACT_SKIP):
    /proc/PID/schedstat and we book no wait.  runqlat reads a clock of its own twice and books what
    lies between, some microseconds, more on a slow machine.  So single waits are compared where
    they are longer, and under a policy whose wake-ups never take the CPU from anybody."""
    names = ("ours", "runqlat", "runqlat again")
    for policy, also in (((), ""), (("chrt", "--batch", "0"), ", tasks that wait for their turn")):
        found = quietly(lambda words=policy: beside_runqlat(*words), runqlat_is_off)
        rows = [[quantile_bucket(b, q) for q in QUANTILES for b in three]
                + [farther_than_a_bucket(*three[:2], BULK_BUCKET),
                   farther_than_a_bucket(*three[:2]), farther_than_a_bucket(*three[1:])]
                + [sum(b.values()) for b in three] for three in found]
        quantiles = [row[3 * n:3 * n + 3] for row in rows for n in range(len(QUANTILES))]
        apart = [abs(ours - theirs) for ours, theirs, _ in quantiles]
        outside, of_all, again = (max(row[3 * len(QUANTILES) + n] for row in rows)
                                  for n in range(3))
        common = {"how": " ".join((*policy, "tests/lib/waits SOCKET", *map(str, LOAD)))
                         + ", all waits of the node",
                  "control": {"runqlat from a second one, buckets of the quantiles":
                              max(abs(a - b) for _, a, b in quantiles),
                              "waits farther than one bucket": again},
                  "pairs": {"columns": [f"bucket of p{q * 100:g}, {who}" for q in QUANTILES
                                        for who in names]
                            + ["farther than a bucket from 16 us on", "of all", "runqlat again"]
                            + [f"waits, {who}" for who in names], "rows": rows}}
        single = {"single waits within one bucket, from 16 us on, least": 1 - outside,
                  "of any length": 1 - of_all}
        proof.claim(f"waits against runqlat on the same run: quantiles{also}",
                    limit="p50, p90 and p99 of every run within one log2 bucket",
                    figure={"runs": len(rows), "buckets apart at most": max(apart),
                            "in the same bucket": apart.count(0) / len(apart), **single},
                    holds=max(apart) <= 1, **common)
        if policy:
            proof.claim(f"waits against runqlat on the same run: single waits from 16 us on{also}",
                        limit=f"{BULK:.0%} of the waits of every run within one log2 bucket",
                        figure=single, holds=outside <= 1 - BULK, **common)


def prove_sched(proof):
    waits.prove_waits(proof)
    judge_tasks(proof, "natively", tasks_here(), TIMES_WITHIN_HERE)
    for kernel in waits.KERNELS:
        judge_tasks(proof, f"in a VM of {kernel}", tasks_in(kernel), TIMES_WITHIN_THERE)
    compare_with_runqlat(proof)


if __name__ == "__main__":
    prove(prove_sched)
