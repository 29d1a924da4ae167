# SPDX-License-Identifier: Apache-2.0
"""What the scheduler did, per CPU and per cgroup, against what was done."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import HELPERS, Agent
from tap import check, cleanup, limit, main, skip, wait_for


def tasks_agree(agent):
    result = subprocess.run([f"{HELPERS}/lib/tasks", agent.socket, "2"], capture_output=True,
                            text=True, timeout=60, check=False)
    check(result.returncode == 0 and "preemptions" in result.stdout, result)


@limit(120)
def test_what_tasks_do_is_counted_for_their_cgroup():
    "run time, sleep, forks, execs, migrations and preemptions of a cgroup are what its tasks did"
    tasks_agree(Agent())


@limit(120)
def test_the_raw_hooks_count_the_same():
    "the fallback hooks count the same run time, sleep, forks, execs, migrations, preemptions"
    tasks_agree(Agent("--sched-hook", "raw_tp"))


@limit(60)
def test_a_cpu_runs_or_idles():
    "run time and idle time of a CPU are its whole time, also while nothing is switched"
    agent = Agent()
    hog = subprocess.Popen(["sh", "-c", "while :; do :; done"])
    cleanup(hog.wait)
    cleanup(hog.kill)
    snapshot = agent.json("/v1/snapshot?for=3s")    # long beside the moments that a busy host takes
    window = snapshot["window_seconds"]
    for cpu in snapshot["cpus"]:
        if cpu["online"]:
            spent = cpu["run_seconds"] + cpu["idle_seconds"]
            check(abs(spent - window) <= window * 0.02, f"{spent} of {window} s: {cpu}")
    ran = sum(cpu["run_seconds"] for cpu in snapshot["cpus"])
    by_cgroup = sum(c["run_seconds"] for c in snapshot["cgroups"])
    check(0.5 * window <= ran, f"ran {ran}")
    check(abs(ran - by_cgroup) <= 0.02 * window, f"{ran} over CPUs, {by_cgroup} over cgroups")


@limit(60)
def test_ids_that_share_a_place():
    "who shares a place with another task is counted as lost, never with the other's time"
    result = subprocess.run([f"{HELPERS}/lib/places", Agent().socket], capture_output=True,
                            text=True, timeout=50, check=False)
    if result.returncode == 77:
        skip(result.stdout.strip())
    check(result.returncode == 0, result.stdout + result.stderr)


@limit(60)
def test_who_waits_longest_is_named():
    "tasks that wait long for a CPU are listed with name and cgroup, and are forgotten again"
    agent = Agent()
    hogs = [subprocess.Popen(["taskset", "-c", "0", "yes"], stdout=subprocess.DEVNULL)
            for _ in range(3)]
    for hog in hogs:
        cleanup(hog.wait)
        cleanup(hog.kill)
    pids = {hog.pid for hog in hogs}

    def named():
        waiters = agent.json("/v1/snapshot?for=300ms")["waiters"]
        return [w for w in waiters if w["thread"] in pids and w["name"] == "yes"]
    wait_for(lambda: len(named()) == 3, "all three to be named", 20)
    for waiter in named():
        check(waiter["wait_seconds"] <= 0.5 and waiter["longest_seconds"] >= 0.001, waiter)
        check(waiter["cgroup"].startswith("/"), waiter)
    for hog in hogs:
        hog.kill()
        hog.wait()
    wait_for(lambda: not named(), "them to be forgotten", 30)


if __name__ == "__main__":
    main(needs_root=True)
