#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What our programs say themselves that a run takes (bpf/lib/self.h), beside the kernel's
statistics less an empty program's, on the same runs:

    selftime.py [--rounds N] [-o table|json]

The agent exports the programs' own estimate; the kernel keeps its own of the warden's programs.
Empty ones and the agent's take turns under the same load.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cost import PingPong, statistics_on
from figures import cells, quartiles, run
from programs import OURS, PAGE, PAGES, booked, memory_disk, took, use_cache
from running import Agent, Held

ROUNDS = 5
SWITCHES = 400000
READS = 20          # times the whole file, so that each program is timed a hundred times
TIMED_LEAST = 50    # in all: 1 in 1,024 of the runs
EVENTS = {"sched_switch": "sched", "mm_filemap_get_pages": "cache",
          "mm_filemap_add_to_page_cache": "cache", "mm_filemap_delete_from_page_cache": "cache",
          "page_cache_sync_ra": "cache", "mm_filemap_fault": "cache"}


def read_warm(scratch):
    fd = os.open(f"{scratch}/file", os.O_RDONLY)
    for _ in range(READS):
        for number in range(PAGES):
            os.pread(fd, PAGE, number * PAGE)
    os.close(fd)


def load(scratch, table):
    table.switch_ns(SWITCHES)
    for _ in range(4):
        use_cache(scratch)
    read_warm(scratch)


def own(agent):
    """{event: (nanoseconds, runs)} as the agent exports it."""
    body = subprocess.run(["curl", "-sf", "--unix-socket", agent.socket, "http://fairlead/metrics"],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {}
    for name, scale in (("fairlead_bpf_run_seconds_total", 1e9), ("fairlead_bpf_runs_total", 1)):
        for _, event, value in re.findall(
                rf'^{name}\{{subject="(\w+)",program="(\w+)"\}} (\S+)$', body, re.MULTILINE):
            found.setdefault(event, []).append(float(value) * scale)
    return {event: tuple(pair) for event, pair in found.items()}


def play_empty(scratch):
    with Held(*OURS["empty"]) as running, PingPong() as table, statistics_on():
        before = booked(running)
        load(scratch, table)
        return took(before, booked(running))


def play_agent(scratch):
    """What the kernel says, and what the programs say."""
    with Agent(None, "--bpf-budget", "1s") as agent, PingPong() as table, statistics_on():
        before = booked(agent), own(agent)
        load(scratch, table)
        return took(before[0], booked(agent)), took(before[1], own(agent))


def measure(rounds, told=lambda _: None):
    """{event: [[ns a run by the kernel less an empty one, ns a run by itself, runs] a round]}"""
    found = {event: [] for event in EVENTS}
    with memory_disk() as scratch:
        use_cache(scratch)
        for number in range(rounds):
            empty = play_empty(scratch)
            kernel, itself = play_agent(scratch)
            for event, rows in found.items():
                rows.append([kernel[event][0] - empty[event][0], itself[event][0],
                             itself[event][1]])
            told(f"round {number + 1} of {rounds}")
    return found


def summary(found):
    result = {}
    for event, rows in found.items():
        result[event] = {"kernel": quartiles(row[0] for row in rows),
                         "itself": quartiles(row[1] for row in rows),
                         "timed": sum(row[2] for row in rows) / 1024}
    return result


def show(found):
    print(f"{'ns a run, quartiles':<36}{'kernel less empty':^21}{'itself':^21}{'timed':>8}")
    for event, row in summary(found).items():
        print(f"{event:<36}" + cells(row["kernel"] + row["itself"], "7.1f") + f"{row['timed']:8.0f}")


if __name__ == "__main__":
    run("programs' own account beside the kernel's", ("rounds", ROUNDS), measure,
        lambda found: {"rounds": found, "summary": summary(found)}, show)
