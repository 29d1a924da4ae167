#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What comes from the kernel's own files, against what was done and what they say themselves."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import HELPERS, Agent, command
from mounts import cgroup2, hierarchy, mounts
from tap import check, equal, limit, main, skip, wait_for

LINES_A_CGROUP = 24


def metrics(agent):
    """{name and labels: value}"""
    body = agent.get("/metrics")[2].decode()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
            for line in body.splitlines() if not line.startswith("#")}


@limit(60)
def test_what_a_cgroup_used_is_what_was_done_in_it():
    "a cgroup's CPU, throttling, memory and kills are as its files say and as was done in it"
    result = subprocess.run([f"{HELPERS}/lib/burden", Agent().socket], text=True,
                            capture_output=True, timeout=50)
    check(result.returncode == 0, result.stdout + result.stderr)
    said = dict(line.split(" ", 1) for line in result.stdout.splitlines())
    wanted = "v1:" if hierarchy("memory") else "v2"
    check(said["hierarchy"].startswith(wanted), said["hierarchy"])


def test_cpu_times_are_those_of_proc_stat():
    agent = Agent()

    def kernel():
        with open("/proc/stat", encoding="utf-8") as file:
            words = [line.split() for line in file if re.match(r"cpu\d", line)]
        return sum(int(w[1]) + int(w[3]) for w in words) / os.sysconf("SC_CLK_TCK")
    before, found, after = kernel(), metrics(agent), kernel()
    ours = sum(v for k, v in found.items()
               if re.match(r'fairlead_cpu_seconds_total\{.*mode="(user|system)"', k))
    check(before - 0.001 <= ours <= after + 0.001, (before, ours, after))


def test_how_full_the_root_filesystem_is():
    "the filesystem that / is on is shown as statvfs has it, once"
    device = next((d for d, path, kind, _ in mounts()
                   if path == "/" and kind in ("ext4", "xfs", "btrfs")), None)
    if not device:
        skip("/ is on no disk here")
    found = [k for k in metrics(Agent()) if f'device="{device}"' in k and 'state="size"' in k
             and k.startswith("fairlead_filesystem_bytes")]
    equal(len(found), 1, "series")
    check('mountpoint="/"' in found[0], found)


def test_a_window_has_what_was_used_in_it():
    "a window of one's own has CPU seconds of each CPU that add up to it"
    agent = Agent()
    snapshot = agent.json("/v1/snapshot?for=500ms")
    for cpu in snapshot["cpus"]:
        if not cpu["online"]:
            continue
        spent = sum(cpu["time"][f"{mode}_seconds"] for mode in (
            "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"))
        check(0.3 <= spent <= 0.8, f"cpu {cpu['cpu']}: {spent}")
    check(abs(snapshot["files_window_seconds"] - snapshot["window_seconds"]) < 0.05, "window of the files")


def test_the_agents_own_window_has_rates():
    "a plain snapshot of an agent has what was used, at once, and says over how long"
    agent = Agent()

    def plain():
        """The agent's window is 200 ms; its files are read every 5 s, for the first time at its start."""
        snapshot = agent.json("/v1/snapshot")
        return snapshot if (snapshot["files_window_seconds"] or 0) > 0.4 else None
    snapshot = wait_for(plain, "a window")
    length = snapshot["files_window_seconds"]
    check(length < 2, length)
    for cpu in snapshot["cpus"]:
        spent = sum(v for k, v in cpu["time"].items() if not k.endswith("_total")) \
            if cpu["online"] else length
        check(0.8 * length - 0.05 <= spent <= 1.2 * length + 0.05, f"{spent} of {length}")
    began = time.monotonic()
    out = command("snapshot", "--socket", agent.socket).stdout
    check(time.monotonic() - began < 0.4, "it waited")
    check(re.search(r"^CPUs .*user", out, re.M), out)
    check(re.search(r"^CGROUP \(v.*\), MOST CPU FIRST .*(?:\n.*){1,8}\d%", out, re.M), out)


def test_lines_of_a_cgroup_are_bounded():
    "no cgroup has more lines of metrics than 24"
    counts = {}
    for key in metrics(Agent()):
        match = re.search(r'[{,]cgroup="([^"]*)"', key)
        if match:
            counts[match[1]] = counts.get(match[1], 0) + 1
    check(counts, "no cgroup at all")
    worst = max(counts, key=counts.get)
    check(counts[worst] <= LINES_A_CGROUP, f"{worst} has {counts[worst]}")


def test_which_hierarchy_tells_what():
    "the metrics say which hierarchy a cgroup's counts come from"
    found = [k for k in metrics(Agent()) if k.startswith("fairlead_cgroup_hierarchy_info")]
    version = "v1" if hierarchy("memory") else "v2"
    check(f'fairlead_cgroup_hierarchy_info{{of="memory",hierarchy="{version}"}}' in found, found)


def test_the_agent_may_read_all_of_it():
    "no file is refused to the agent's user, and nothing is beyond the most"
    found = {k: v for k, v in metrics(Agent()).items() if k.startswith("fairlead_not_read")}
    equal(found['fairlead_not_read{what="cgroup_files_refused"}'], 0, "refused")
    equal(found['fairlead_not_read{what="cgroups"}'], 0, "unread")


@limit(120)
def test_more_cgroups_than_are_read_are_told():
    "cgroups beyond 1024 are counted as not read, in the metrics and the log"
    base = hierarchy("cpuacct") or cgroup2()
    paths = [os.path.join(base, f"fairlead-test-{os.getpid()}-{n}") for n in range(1100)]
    made = []
    try:
        for path in paths:
            os.mkdir(path)
            made.append(path)
        agent = Agent()
        found = metrics(agent)
        check(found['fairlead_not_read{what="cgroups"}'] >= 1100 - 1024, "not counted")
        check("not all is read" in agent.log(), agent.log())
    finally:
        for path in made:
            os.rmdir(path)


def test_the_table_shows_it():
    "the table has the node's CPU time and the cgroups' use, in 80 columns"
    agent = Agent()
    out = command("snapshot", "--socket", agent.socket, "--for", "300ms").stdout
    check(re.search(r"^CPUs .*user", out, re.M), out)
    check(re.search(r"^CGROUP \(v[12+v]*\), MOST CPU FIRST", out, re.M), out)
    wide = [line for line in out.splitlines() if len(line) > 80]
    check(not wide, wide)


if __name__ == "__main__":
    main(needs_root=True)
