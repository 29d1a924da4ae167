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
import argparse
import json
import mmap
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cost import quartiles, statistics_on
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


def measure(rounds):
    found = {variant: [] for variant in VARIANTS}
    dice = random.Random(1)     # the same orders each time
    with Device() as device:
        for number in range(rounds):
            for variant in dice.sample(list(VARIANTS), len(VARIANTS)):
                found[variant].append(play(device, variant))
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return found


def summary(found):
    result = {}
    for variant, rounds in found.items():
        rows = {hook: quartiles(r[hook] for r in rounds) for hook in HOOKS.values()}
        rows["issue + complete"] = quartiles(r["issue"] + r["complete"] for r in rounds)
        result[variant] = rows
    return result


def main():
    parser = argparse.ArgumentParser(description="what the hooks of bpf/disk cost")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("-o", choices=("table", "json"), default="table", dest="form")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("fairlead: BPF is loaded here: run as root")
    result = summary(measure(options.rounds))
    if options.form == "json":
        print(json.dumps(result))
        return
    print(f"{options.rounds} rounds of {READS} reads; quartiles of ns a run")
    for variant, rows in result.items():
        print(variant)
        for hook, values in rows.items():
            print(f"  {hook:<18}" + "".join(f"{value:8.1f}" for value in values))


if __name__ == "__main__":
    main()
