#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A million forks as fast as the CPUs can, thread ids used over and over: tests/lib/forks.c, here
and, fewer, in Debian's kernels."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, prove, run, scaled

from running import Agent

FORKS = 1_000_000
FORKS_IN_GUEST = 60_000
KERNELS = ("6.1", "6.12", "newest")
PID_MAX = "/proc/sys/kernel/pid_max"
REUSED = 4096           # ids wrap after so many: 250 times
PERCENT = 0.1           # here: who comes by a switch away from pid 1 is not seen
IN_GUEST = """echo 1024 >/proc/sys/kernel/pid_max
fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state 2>/dev/null &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
forks /run/f.sock %d
get /run/f.sock /metrics | grep '^fairlead_lost_total{where="sched'
kill -TERM $!; wait $!"""


def set_pid_max(value):
    with open(PID_MAX, "r+", encoding="ascii") as file:
        before = file.read()
        file.seek(0)
        file.write(str(value))
    return before


def measure_here():
    before = set_pid_max(REUSED)
    try:
        with Agent(None, "--bpf-budget", "1s") as agent:
            known = run(f"{BUILT}/tests/lib/forks", agent.socket, str(scaled(FORKS, 20_000)),
                        str(PERCENT)).stdout
            metrics = run("curl", "-sf", "--unix-socket", agent.socket,
                          "http://fairlead/metrics").stdout
            lost = "\n".join(re.findall(r"^fairlead_lost_total.where=.sched.*$", metrics, re.MULTILINE))
            return f"{known}\n{lost}"
    finally:
        set_pid_max(before)


def measure_in(kernel):
    return run("tests/vm/person.sh", kernel, IN_GUEST % scaled(FORKS_IN_GUEST, 4000)).stdout


def judge(proof, where, text, percent):
    text = text.replace("\r", "")
    rows = {what: (int(ours), int(truth)) for what, ours, truth in
            re.findall(r"^(\w[\w ,]*?)\s+(\d+) (?:<= )?\s*(\d+)$", text, re.MULTILINE)}
    lost = dict(re.findall(r'where="(\w+)"\} (\d+)', text))
    if len(rows) != 7 or not lost:
        raise RuntimeError(f"no counts {where}: {text[-300:]}")
    pairs = {"columns": ["what", "counted", "true or limit"],
             "rows": [[what, *row] for what, row in rows.items()]}
    common = {"pairs": pairs, "how": "tests/lib/forks, pid_max lowered"}
    proof.claim(f"tasks started and ended, {where}", **common,
                limit=f"within {percent} % of the forks" if percent else "exactly the forks",
                figure={"started": rows["started"][0], "ended": rows["exited"][0],
                        "forks and forkers": rows["started"][1], "lost": lost},
                holds=all(abs(ours - truth) <= truth * percent / 100 for ours, truth in
                          (rows["started"], rows["exited"])))
    bounds = [rows[what] for what in ("waits too long", "longest wait, ns", "waited, ns",
                                      "slept, ns", "preempted, ns")]
    proof.claim(f"no wait longer than the test lasted, {where}", **common,
                limit="no bucket, no waiter, no sum of times beyond the test's length",
                figure={"waits too long": rows["waits too long"][0],
                        "seconds": rows["longest wait, ns"][1] / 1e9,
                        "forks a second": int(re.search(r"forks a second +(\d+)", text)[1])},
                holds=all(ours <= limit for ours, limit in bounds))


def prove_forks(proof):
    judge(proof, "natively", measure_here(), PERCENT)
    for kernel in KERNELS:
        judge(proof, f"in a VM of {kernel}", measure_in(kernel), 0)


if __name__ == "__main__":
    prove(prove_forks)
