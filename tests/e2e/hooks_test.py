#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What measuring needs: the rights of the base DaemonSet, and one hook for one metric."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import known
from fairlead import HELPERS, Agent
from tap import check, equal, limit, main, skip, wait_for


ATTEMPTS = 3    # who comes by a switch away from pid 1 is not seen on some kernels


def measured(agent, lost=""):
    """The hooks, and the rows of known use; once more where some are off."""
    for _ in range(ATTEMPTS):
        try:
            with known.disk() as (device, file):
                rows = known.judge(known.use(HELPERS, agent.socket, device, file))
        except subprocess.CalledProcessError:
            skip("no loop device is to be had here")
        check(len(rows) > 50, f"only {len(rows)} rows")
        if not known.disagree(rows, lost):
            break
        print(f"# off: {known.disagree(rows, lost)}")
    return known.hooks(agent.get("/metrics")[2].decode()), rows


@limit(180)
def test_the_base_rights_suffice():
    "with the capabilities of the base DaemonSet alone every hook is on, and known use is counted"
    hooks, rows = measured(Agent(prefix=known.base_rights()))
    check(len(hooks) >= 18 and all(hook for hook, _ in hooks.values()), hooks)
    equal(known.disagree(rows), [], "rows that are off")


def refused(program):
    event, lost = known.COST[program]
    agent = Agent(prefix=[f"{HELPERS}/lib/refuse", program])
    hooks, rows = measured(agent, lost)
    off = {name for name, (hook, _) in hooks.items() if not hook}
    equal(off, {event}, "hooks that are off")
    check("EPERM" in hooks[event][1], hooks[event])
    finding = next(h for h in agent.json("/v1/doctor")["hooks"] if h["name"] == event)
    check(finding["state"] == "off" and "EPERM" in finding["reason"] and finding["lost"], finding)
    equal(known.disagree(rows, lost), [], "rows that are off")
    check(known.disagree(rows), f"{lost} is right without its program")
    agent.stop()


@limit(300)
def test_one_refused_hook_costs_one_metric():
    "a hook that the kernel refuses costs its own metric, told with the reason; the rest is right"
    for program in os.environ.get("REFUSE", "fl_sched_migrate fl_disk_complete fl_cache_get").split():
        refused(program)


@limit(60)
def test_runs_that_the_kernel_left_out():
    "runs that the kernel left out are counted as lost, as many as it says"
    agent = Agent()

    def lost():
        return next(row["count_total"] for row in agent.json("/v1/snapshot?for=1ms")["losses"]
                    if row["where"] == "bpf_runs")

    def kernel():
        folder, missed = f"/proc/{agent.warden}/fdinfo", 0
        for name in os.listdir(folder):
            with open(f"{folder}/{name}", encoding="ascii", errors="replace") as file:
                rows = dict(line.split(":\t", 1) for line in file if ":\t" in line)
            if "link_id" not in rows:
                missed += int(rows.get("recursion_misses", 0))
        return missed
    wait_for(lambda: lost() == kernel(), "the two to be the same", 30, 0.5)


if __name__ == "__main__":
    main(needs_root=True)
