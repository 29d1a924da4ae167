# SPDX-License-Identifier: Apache-2.0
"""The ledger's rows: who gets one, and what happens when it is gone or there is none left."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import Agent
from mounts import cgroup2
from tap import check, cleanup, equal, limit, main, wait_for

ROWS = 1023     # bpf/lib/ledger.h, less the one for others


def make(name):
    path = os.path.join(cgroup2(), name)
    os.mkdir(path)
    cleanup(lambda: os.path.isdir(path) and os.rmdir(path))
    return path


def run_in(path):
    """A process that goes to sleep, be it for a moment, and wakes up in the cgroup: a wait of its own."""
    subprocess.run(["sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec sleep 0.001', path], check=True)


def rows(agent):
    snapshot = agent.json("/v1/snapshot?for=20ms")
    by_cpu = sum(cpu["waits_total"] for cpu in snapshot["cpus"])
    by_cgroup = sum(c["waits_total"] for c in snapshot["cgroups"])
    # The two are read one after the other while the node goes on.
    check(abs(by_cpu - by_cgroup) <= 50 + by_cpu // 1000, f"{by_cpu} over CPUs, {by_cgroup} over cgroups")
    return {c["path"]: c for c in snapshot["cgroups"]}


@limit(120)
def test_a_removed_cgroup_stays_in_the_sums():
    "what a removed cgroup had counted moves to (other), and its row is free again"
    agent = Agent()
    name = f"fairlead-test-{os.getpid()}"
    path = make(name)
    for _ in range(20):
        run_in(path)
    mine = rows(agent)[f"/{name}"]
    check(mine["waits_total"] >= 20, mine)
    equal(mine["id"], os.stat(path).st_ino, "id")
    before = rows(agent).get("(other)", {"waits_total": 0})["waits_total"]
    os.rmdir(path)
    wait_for(lambda: rows(agent).get("(other)", {"waits_total": 0})["waits_total"]
             >= before + mine["waits_total"], "the sweep", 30, 0.5)
    check(mine["id"] not in [c["id"] for c in rows(agent).values()], "the row is still there")


@limit(120)
def test_cgroups_beyond_the_last_row_are_counted_as_other():
    agent = Agent()
    base = make(f"fairlead-test-many-{os.getpid()}")
    for number in range(ROWS + 200):
        run_in(make(f"{os.path.basename(base)}/{number}"))
    shown = rows(agent)
    waited = [c for c in shown.values() if c["waits_total"]]    # the others are known by their files
    check(len(waited) <= ROWS + 1, f"{len(waited)} rows")
    check(shown["(other)"]["waits_total"] >= 200, shown["(other)"])


if __name__ == "__main__":
    main(needs_root=True)
