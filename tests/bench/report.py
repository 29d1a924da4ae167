#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what Fairlead costs on this machine and prints docs/cost.md:

    report.py [--scale 0.1]         (make cost)

It takes a quarter of an hour on a machine that does nothing else; --scale makes it a trial.
"""
import argparse
import datetime
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cost
import mixed
import programs
from figures import begin, quartiles, told
from running import ROOT, Agent
from scrape import connect_to_agent, quantile, resident_bytes, run_ns, scrape, series

SWITCH_BLOCKS, ROUNDS, MIXED_BLOCKS = 6, 8, 6
STARTS, SCRAPES = 30, 100
IDLE_SECONDS = 60
PACE_SECONDS = 0.3      # scrapes that follow each other more closely share a body


def spread(values, form="{:.1f}"):
    """Median, and the quartiles around it."""
    low, middle, high = values
    return f"{form} ({form} to {form})".format(middle, low, high)


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"
    yield ""


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [row.partition(": ")[2].strip() for row in file if row.startswith("model name")]
    version = subprocess.run([f"{ROOT}/setup/version.sh"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout.strip()
    today = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    return (f"Fairlead {version} on Linux {os.uname().release}, {os.cpu_count()} x "
            f"{models[0] if models else os.uname().machine}, {today}")


def a_run(scale):
    found = programs.measure(max(2, round(ROUNDS * scale)), told)
    sizes = programs.sizes()
    yield "## A run of each program\n"
    yield ("Nanoseconds by the kernel's BPF statistics, median and quartiles. What is booked on an "
           "empty program on the same hook, in the third column, is mostly the statistics' own "
           "clock, and is taken off the next two. There are no hardware counters on this machine, "
           "so instructions are those of the whole program as the kernel translated it; a run "
           "passes a part of them. `-`: it ran too seldom for a figure.\n")
    rows = []
    for event, row in programs.summary(found).items():
        empty = row["empty"][1] if row["empty"] else 0
        ours = (spread([value - empty for value in row[kind]]) if row[kind] and empty else "-"
                for kind in ("node", "cgroups"))
        rows.append([f"`{event}`", sizes[event]["instructions"], sizes[event]["machine_code_bytes"],
                     f"{empty:.1f}" if empty else "-", *ours])
    yield from table(["hook", "instructions", "machine code, bytes", "empty, ns", "node level, ns",
                      "per cgroup, ns"], rows)
    yield "`tests/bench/programs.py`\n"


def a_switch(scale):
    result = cost.summary(cost.measure(max(2, round(SWITCH_BLOCKS * scale)), told))
    yield "## A switch, from end to end\n"
    yield ("Two processes on one CPU hand a byte back and forth: nearly all of the time is the "
           "switch itself. Ratios of wall time; the first two rows compare a thing with itself, "
           "and what they differ from 1 by is what this machine could not tell apart.\n")
    yield from table(["wall time", "ratio", "added, ns a switch"],
                     [[name, spread(row["ratio"], "{:.4f}"), spread(row["added_ns"], "{:.0f}")]
                      for name, row in result["comparisons"].items()])
    yield from table(["by the kernel", "ns a run", "runs a switch", "ns a switch"],
                     [[name, spread(row["run_ns"]), f"{row['runs_a_switch']:.2f}",
                       f"{row['ns_a_switch']:.1f}"] for name, row in result["kernel"].items()])
    yield "`tests/bench/cost.sh`\n"


def a_load(scale):
    result = mixed.summary(mixed.measure(max(2, round(MIXED_BLOCKS * scale)), told))
    yield "## A mixed load, from end to end\n"
    yield (f"Compiling, packing, hashing, sorting, pipes, starting programs, direct and cached I/O: "
           f"{result['seconds']:.2f} s. `all` is sched, disk and cache per cgroup; `peers` are "
           "runqlat and biolatency of libbpf-tools, which do less than `sched and disk`.\n")
    yield from table(["wall time", "ratio"], [[name, spread(row["ratio"], "{:.4f}")]
                                              for name, row in result["comparisons"].items()])
    yield from table(["by the kernel", "share of the load", "runs"],
                     [[name, spread([share * 100 for share in row["share"]], "{:.3f} %"),
                       f"{row['runs']:.0f}"] for name, row in result["booked"].items()])
    yield "`tests/bench/mixed.py`\n"


def starts(count):
    """Seconds from the start of the process until it is ready, which is looked for every 5 ms."""
    found = []
    for _ in range(count):
        began = time.monotonic()
        with Agent():
            found.append(time.monotonic() - began)
    return found


def idle(agent, seconds):
    began, before = time.monotonic(), run_ns(agent.pids())
    time.sleep(seconds)     # the window that is measured
    return (run_ns(agent.pids()) - before) / 1e9 / (time.monotonic() - began)


def scrapes(agent, count):
    took, spent, body = [], [], b""
    for _ in range(count):
        before = run_ns(agent.pids())
        seconds, body = scrape(lambda: connect_to_agent(agent))
        spent.append((run_ns(agent.pids()) - before) / 1e9)
        took.append(seconds)
        time.sleep(PACE_SECONDS)    # the pace itself
    return took, spent, body


def the_agent(scale):
    ready = starts(max(3, round(STARTS * scale)))
    with Agent() as agent:
        scrape(lambda: connect_to_agent(agent))
        seconds = max(5, round(IDLE_SECONDS * scale))
        share = idle(agent, seconds)
        took, spent, body = scrapes(agent, max(10, round(SCRAPES * scale)))
        resident = resident_bytes(agent.pids())
    yield "## The agent and its warden\n"
    yield from table(["what", "figure"], [
        ["start to ready, a first beat of 1 s with it", spread([value * 1e3 for value in quartiles(ready)], "{:.0f} ms")],
        ["resident memory (VmRSS, after the scrapes)",
         ", ".join(f"{name} {value / (1 << 20):.1f} MiB" for name, value in resident.items())],
        [f"CPU when nothing is asked, over {seconds} s, both processes", f"{share:.3%} of one CPU"],
        ["a scrape as text, uncompressed",
         f"median {statistics.median(took) * 1e3:.2f} ms, p99 {quantile(took, 0.99) * 1e3:.2f} ms, "
         f"{statistics.median(spent) * 1e3:.2f} ms of CPU"],
        ["its size", f"{len(body)} bytes, {series(body)} series"]])
    yield ("A node with 250 cgroups and 64 devices, beside node_exporter: "
           "`tests/bench/scrape.py`.\n")


def page(scale):
    yield "# What Fairlead costs\n"
    yield ("Made by `make cost` (tests/bench/report.py), which measures all of it again here; each "
           "section names the program that measures it alone. Times are never from an emulated "
           "machine. docs/proof has what is promised, with its limits and controls.\n")
    yield f"{machine()}.\n"
    if scale < 1:
        yield f"**A trial at {scale:g} of the counts, on a machine that did other things as well.**\n"
    for part in (a_run, a_switch, a_load, the_agent):
        told(part.__name__)
        yield from part(scale)


def main():
    parser = argparse.ArgumentParser(description="measures what Fairlead costs; prints docs/cost.md")
    parser.add_argument("--scale", type=float, default=1)
    rows = list(page(begin(parser).scale))    # nothing is printed of a report that fails
    print("\n".join(rows).rstrip())


if __name__ == "__main__":
    main()
