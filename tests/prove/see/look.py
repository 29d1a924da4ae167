#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`fairlead snapshot` where no agent runs and nothing is configured: from its start to its end by
the clock, and whether what it says is of use.

The control is how long the same binary takes to say its version: what the machine itself takes
to start a process."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, folder, prove, quartiles, quietly, removed, scaled

RUNS = 100
LIMIT_SECONDS = 1.2
START_SECONDS = 0.05    # a machine that takes longer to start a process is not quiet
HEADINGS = ("node ", "Linux ", "memory ", "WAITING FOR A CPU", "DISK", "INTERFACE", "CGROUP", "sched  on")


def timed(*words):
    """How long it took, and what it said: with no environment but a path, and no configuration."""
    began = time.monotonic()
    result = subprocess.run([f"{BUILT}/fairlead", *words], env={"PATH": os.environ["PATH"]},
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return time.monotonic() - began, result


def measure():
    where = folder()
    try:
        nowhere = ("--socket", f"{where}/none")
        rows = []
        for _ in range(scaled(RUNS, 5)):
            start, _ = timed("--version")
            took, result = timed("snapshot", *nowhere)
            widest = max(map(len, result.stdout.splitlines()), default=0)
            useful = result.returncode == 0 and not result.stderr and all(
                f"\n{heading}" in "\n" + result.stdout for heading in HEADINGS)
            rows.append([took, start, useful, widest])
        waits = json.loads(timed("snapshot", "-o", "json", *nowhere)[1].stdout)["node"]["wait"]["count"]
        return rows, waits
    finally:
        removed(where)


def control_is_off(measured):
    start = quartiles(row[1] for row in measured[0])[1]
    return f"a process takes {start:.3f} s to start" if start > START_SECONDS else ""


def prove_look(proof):
    if os.path.exists("/etc/fairlead/fairlead.yaml"):
        proof.not_run("fairlead snapshot without a configuration", "this machine has one")
        return
    rows, waits = quietly(measure, control_is_off)
    how = "tests/prove/prove.sh see look"
    took = [row[0] for row in rows]
    proof.claim("fairlead snapshot without an agent, from its start to its end", how=how,
                limit=f"every run ≤ {LIMIT_SECONDS} s",
                figure={"runs": len(rows), "longest s": max(took), "median s": quartiles(took)[1]},
                control={"median s to say its version": quartiles(row[1] for row in rows)[1]},
                pairs={"columns": ["s", "s to say its version", "useful", "columns"], "rows": rows},
                holds=max(took) <= LIMIT_SECONDS)
    proof.claim("it says something useful, in 80 columns", how=how,
                limit="node, memory, waits for CPUs, disks, network, cgroups, what is measured; "
                      "waits were counted; no line over 80 columns, nothing on stderr",
                figure={"useful runs": sum(row[2] for row in rows), "widest line": max(row[3] for row in rows),
                        "waits in one look": waits},
                holds=all(row[2] and row[3] <= 80 for row in rows) and waits > 0)


if __name__ == "__main__":
    prove(prove_look)
