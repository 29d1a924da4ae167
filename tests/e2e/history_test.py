#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The last ten minutes, second by second: what the door gives, and gaps that are gaps."""
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import Agent
from mounts import cgroup2
from tap import check, cleanup, equal, main, wait_for


def history(agent, query=""):
    return agent.json("/v1/history" + query)


def series(agent, name, **labels):
    """Points of the one series with these labels."""
    found = [s for s in history(agent, f"?series={name}")["series"]
             if s["name"] == name and labels.items() <= s["labels"].items()]
    return found[0]["points"] if found else []


def test_history_is_one_object_of_series_of_one_length():
    agent = Agent()
    wait_for(lambda: len(series(agent, "cpu_busy")) >= 3, "three seconds", 20, 0.2)
    said = history(agent)
    equal((said["schema"], said["step_seconds"], said["ewma_seconds"]),
          ("fairlead/history/v1", 1, [10, 60]), "head")
    check(abs(time.time() - time.mktime(time.strptime(said["end"][:19], "%Y-%m-%dT%H:%M:%S"))
              + time.timezone) < 5, said["end"])
    lengths = {len(s["points"]) for s in said["series"]}
    equal(len(lengths), 1, "lengths")
    by_name = {s["name"]: s for s in said["series"]}
    for name in ("cpu_busy", "run_queue_wait", "run_queue_wait_p99", "switches", "page_fills",
                 "memory_available", "cgroup_run", "cgroup_wait", "network_sent"):
        check(name in by_name, f"no {name}")
    busy = by_name["cpu_busy"]
    check(all(p is not None and 0 <= p <= 1 for p in busy["points"][1:]), busy)
    check(all(0 <= e <= 1 for e in busy["ewma"]), busy)
    check(by_name["cgroup_run"]["labels"]["cgroup"], by_name["cgroup_run"]["labels"])
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/http.md"), encoding="utf-8") as file:
        documented = file.read().partition("## `fairlead/history/v1`")[2].partition("\n## ")[0]
    for unit in {s["unit"] for s in said["series"]}:
        check(f"`{unit}`" in documented, f"docs/http.md does not say what {unit} is")


def test_series_and_for_choose_what_is_shown():
    agent = Agent()
    wait_for(lambda: len(series(agent, "cpu_busy")) >= 3, "three seconds", 20, 0.2)
    shown = history(agent, "?series=pressure_&for=2s")["series"]
    equal({s["name"] for s in shown}, {"pressure_cpu", "pressure_memory", "pressure_io"}, "names")
    equal({len(s["points"]) for s in shown}, {2}, "points")
    for query in ("series=nothing", "for=11m", "for=0", "for=5parsecs", "for", "series=c&series=d",
                  "fro=1s", "for=1s&for=2s", "for="):
        status, head, body = agent.get(f"/v1/history?{query}")
        equal((status, json.loads(body)["status"]), (400, 400), query)
        check("application/problem+json" in head, head)
    equal(agent.get("/v1/history", "HEAD")[2], b"", "body of HEAD")


def test_who_leaves_in_the_middle_harms_nobody():
    agent = Agent()
    for _ in range(20):
        with agent.connect() as guest:
            guest.sendall(b"GET /v1/history HTTP/1.1\r\nHost: x\r\n\r\n")
            guest.recv(1)
    wait_for(lambda: agent.json("/v1/snapshot")["agent"]["connections"] == 1, "their leaving")
    equal(agent.stop(), 0, "exit status")


def test_an_agent_that_stood_still_has_a_gap_and_no_spike():
    agent = Agent()
    wait_for(lambda: len(series(agent, "switches")) >= 2, "two seconds", 20, 0.2)
    agent.signal(signal.SIGSTOP)
    time.sleep(4)       # the standstill itself
    agent.signal(signal.SIGCONT)
    after = len(series(agent, "switches")) + 2
    wait_for(lambda: len(series(agent, "switches")) >= after, "the beat", 20, 0.2)
    points = series(agent, "cpu_busy")
    check(sum(p is None for p in points) >= 2, points)
    check(all(p is None or 0 <= p <= 1 for p in points), points)


def test_what_runs_is_in_the_history_of_its_cgroup_by_name():
    agent = Agent()
    path = os.path.join(cgroup2(), f"fairlead-test-history-{os.getpid()}")
    os.mkdir(path)
    cleanup(os.rmdir, path)
    burner = subprocess.Popen(["sh", "-c", 'echo 0 >"$0/cgroup.procs"; while :; do :; done', path])
    cleanup(lambda: (burner.kill(), burner.wait()))
    name = "/" + os.path.basename(path)
    wait_for(lambda: max((p or 0 for p in series(agent, "cgroup_run", cgroup=name)), default=0) > 0.1,
             "its run time", 30, 0.3)
    for what in ("cgroup_run", "cgroup_wait"):
        points = series(agent, what, cgroup=name)
        check(all(p is None or 0 <= p <= 1.05 for p in points), (what, points))


if __name__ == "__main__":
    main(needs_root=True)
