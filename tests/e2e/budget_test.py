# SPDX-License-Identifier: Apache-2.0
"""What measuring costs is known, and kept to what it may cost."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import Agent
from tap import check, cleanup, limit, main, wait_for


def busy():
    """Something that switches and reads all the time, until the test ends."""
    load = subprocess.Popen(["sh", "-c", "while :; do cat /proc/self/exe >/dev/null; done"])
    cleanup(load.wait)
    cleanup(load.kill)


def details(agent):
    return {d["name"]: d["on"] for d in agent.json("/v1/snapshot")["details"]}


@limit(60)
def test_every_program_says_what_it_costs():
    "programs that ran often have an estimate of what a run takes, and /metrics has it too"
    agent = Agent()
    busy()

    def priced():
        programs = agent.json("/v1/snapshot?for=200ms")["programs"]
        return {p["event"]: p["seconds_total"] / p["runs_total"] for p in programs
                if p["seconds_total"]}
    wait_for(lambda: {"sched_switch", "mm_filemap_get_pages"} <= set(priced()), "two prices", 30)
    for event, seconds in priced().items():
        check(1e-9 < seconds < 1e-4, f"{event}: {seconds} s a run")
    body = agent.get("/metrics")[2].decode()
    check('fairlead_bpf_run_seconds_total{subject="sched",program="sched_switch"}' in body, "no metric")


@limit(60)
def test_over_the_budget_detail_is_left_out_and_comes_back():
    "over bpf_budget details are left out, said in log, doctor and metrics; a new budget brings them back"
    agent = Agent(config="bpf_budget: 1us\n")
    busy()
    wait_for(lambda: not all(details(agent).values()), "a detail to be left out", 30)
    check("left out: " in agent.log(), agent.log())
    name = next(name for name, on in details(agent).items() if not on)
    row = next(r for r in agent.json("/v1/doctor")["backends"] if r["name"] == name)
    check(row["state"] == "off" and "bpf_budget" in row["reason"], row)
    check(f'fairlead_detail_on{{detail="{name}"}} 0' in agent.get("/metrics")[2].decode(), "no metric")
    agent.write_config("bpf_budget: 1s\n")
    agent.signal(1)
    wait_for(lambda: all(details(agent).values()), "them to be back", 20)


if __name__ == "__main__":
    main(needs_root=True)
