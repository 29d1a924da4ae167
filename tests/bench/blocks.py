#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Fairlead's disk programs take of an I/O, by the kernel's own BPF run time statistics:

    blocks.py [--rounds N] [-o table|json]

Direct 4 KiB reads of a loop device over a file in memory, one at a time: each is issued and
completed, and before that its bio passes by on the hook for devices without requests.  A round plays every
variant once, in a random order, and loads it anew, as a program that is loaded lands at another
place each time.  The statistics count about 50 ns a run that are theirs and the hook's: `empty`
has nothing else.
"""
import json
import mmap
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cost import statistics_on
from figures import cells, quartiles, run
from running import BUILT, Holder

READS, WARM_READS = 20000, 2000
SIZE = 16 << 20
HOLD = f"{BUILT}/tests/bench/hold"
VARIANTS = {    # links, words
    "empty": (3, HOLD, f"{BUILT}/tests/bench/blocks.bpf.o"),
    "disk": (9, HOLD, "disk"),
    "without cgroups": (9, HOLD, "-n", "disk"),
}
HOOKS = {"issue": "issue", "comple": "complete", "bio": "bio"}     # the kernel keeps 15 bytes


class Device:
    """A disk in memory, by way of a loop device; detached at the end."""

    def __enter__(self):
        self.file = tempfile.NamedTemporaryFile(dir="/dev/shm")
        self.file.truncate(SIZE)
        self.path = subprocess.run(["losetup", "--find", "--show", self.file.name], check=True,
                                   stdout=subprocess.PIPE, text=True).stdout.strip()
        self.disk = os.open(self.path, os.O_RDONLY | os.O_DIRECT)
        self.buffer = mmap.mmap(-1, 4096)
        return self

    def __exit__(self, *_):
        os.close(self.disk)
        subprocess.run(["losetup", "--detach", self.path], check=True)
        self.file.close()

    def read(self, count):
        for number in range(count):
            os.preadv(self.disk, [self.buffer], number * 4096 % SIZE)


def programs():
    """{name: (nanoseconds, runs)} of all programs that are loaded."""
    listed = subprocess.run(["bpftool", "-j", "prog", "show"], check=True, stdout=subprocess.PIPE,
                            text=True).stdout
    return {row["id"]: row for row in json.loads(listed)}


def play(device, variant):
    """{hook: nanoseconds a run} of one load."""
    links, *words = VARIANTS[variant]
    with Holder(links, *words) as holder:
        own = {int(rows["prog_id"]) for (kind, _), rows in holder.bpf().items() if kind == "prog"}
        device.read(WARM_READS)
        with statistics_on():
            before = programs()
            device.read(READS)
            after = programs()
    found = {}
    for number in own:
        name = after[number]["name"]
        runs = after[number].get("run_cnt", 0) - before[number].get("run_cnt", 0)
        spent = after[number].get("run_time_ns", 0) - before[number].get("run_time_ns", 0)
        short = name.removeprefix("empty_").removeprefix("fl_disk_")
        hook = HOOKS.get(short[:6])
        if hook and runs > READS / 2:
            found[hook] = spent / runs
    return found


def measure(rounds, told=lambda _: None):
    found = {variant: [] for variant in VARIANTS}
    dice = random.Random(1)     # the same orders each time
    with Device() as device:
        for number in range(rounds):
            for variant in dice.sample(list(VARIANTS), len(VARIANTS)):
                found[variant].append(play(device, variant))
            told(f"round {number + 1} of {rounds}")
    return found


def summary(found):
    result = {}
    for variant, rounds in found.items():
        rows = {hook: quartiles(r[hook] for r in rounds) for hook in HOOKS.values()}
        rows["issue + complete"] = quartiles(r["issue"] + r["complete"] for r in rounds)
        result[variant] = rows
    return result


def show(found):
    print(f"{len(found['empty'])} rounds of {READS} reads; quartiles of ns a run")
    for variant, rows in summary(found).items():
        print(variant)
        for hook, values in rows.items():
            print(f"  {hook:<18}" + cells(values, "8.1f"))


if __name__ == "__main__":
    run("what the hooks of bpf/disk cost", ("rounds", 9), measure, summary, show)
