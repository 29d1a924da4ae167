#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a fixed mixed load takes from end to end with nothing loaded, with empty programs on our
hooks, with all that Fairlead has (sched, disk and cache, per cgroup), with the part of it that
runqlat and biolatency (libbpf-tools) do together, and with these two:

    mixed.py [--blocks N] [-o table|json]

The load: this project's C is compiled, its files are packed, hashed, sorted and piped, programs
are started, 4 KiB blocks are read and written directly, and files through the cache, on an ext4
whose device is in memory.  A block plays every variant once in a random order and once more in
the opposite one.  `nothing` is played twice under two names: what differs there is the machine.

A load that wants a whole second is not the same to a percent twice on a virtual machine, so the
kernel's BPF statistics say as well what each variant's programs took of it.  They cost time
themselves, so that is another go, whose length is not compared.
"""
import contextlib
import os
import random
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cost import statistics_on
from figures import cells, compare, quartiles, run, show_compared
from programs import OURS, SUBJECTS, memory_disk
from running import ROOT, Held, Holder

BLOCKS = 10
NAMES = {"nothing again": "nothing"}
VARIANTS = ("nothing", "nothing again", "empty", "all", "sched and disk", "peers")
BOOKED = ("empty", "all", "sched and disk", "peers")
COMPARISONS = (("nothing again", "nothing"), ("empty", "nothing"), ("all", "nothing"),
               ("all", "empty"), ("sched and disk", "nothing"), ("peers", "nothing"))
SOURCES = ("agent/signals/*.c", "agent/decide/*.c", "agent/snapshot/*.c", "agent/loop/*.c",
           "exporters/json/*.c")
LOAD = f"""set -e
for file in {' '.join(SOURCES)}; do gcc -std=gnu17 -O2 -D_GNU_SOURCE -I. -c $file -o "$1/object.o"; done
tar -cf "$1/all.tar" agent bpf docs tests vmlinux
sha256sum <"$1/all.tar" >"$1/sum"
find agent bpf docs tests -name '*.[ch]' -exec cat {{}} + | tr -s ' \\t' '\\n' | sort | uniq -c | sort -rn >"$1/words"
n=0; while [ $n -lt 300 ]; do /bin/true; n=$((n + 1)); done
dd if="$1/all.tar" of="$1/copy" bs=64k conv=fsync status=none
dd if=/dev/zero of="$1/direct" bs=4k count=2000 oflag=direct status=none
dd if="$1/direct" of=/dev/null bs=4k iflag=direct status=none
dd if="$1/copy" bs=4k status=none | cat | cat >/dev/null
find "$1" -type f -delete
"""


@contextlib.contextmanager
def loaded(variant, tools):
    kind = NAMES.get(variant, variant)
    if kind == "nothing":
        yield []
    elif kind == "peers":
        runqlat, biolatency = tools
        with Holder(3, runqlat, "86400", "1") as one, Holder(2, biolatency, "86400", "1") as other:
            yield [one, other]
    else:
        words = {"empty": OURS["empty"], "all": SUBJECTS, "sched and disk": SUBJECTS[:2]}[kind]
        with Held(*words) as running:
            yield [running]


def seconds(scratch):
    began = time.monotonic_ns()
    subprocess.run(["sh", "-c", LOAD, "sh", scratch], cwd=ROOT, check=True)
    return (time.monotonic_ns() - began) / 1e9


def play(scratch, variant, tools):
    with loaded(variant, tools):
        return seconds(scratch)


def account(scratch, variant, tools):
    """Seconds that the programs took of the load, by the kernel's statistics, and their runs."""
    with loaded(variant, tools) as programs, statistics_on():
        before = [held.runs() for held in programs]
        took = seconds(scratch)
        ns, runs = (sum(column) for column in
                    zip(*([after - first for after, first in zip(held.runs(), was)]
                          for held, was in zip(programs, before))))
    return {"booked_seconds": ns / 1e9, "runs": runs, "seconds": took}


def peers():
    return [subprocess.run([f"{ROOT}/setup/peer.sh", "libbpf-tools", name], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.strip()
            for name in ("runqlat", "biolatency")]


def measure(blocks, told=lambda _: None):
    """A list of blocks, each {"seconds": {variant: [forth, back]}, "booked": {variant: …}}."""
    tools, found = peers(), []
    dice = random.Random(1)     # the same orders each time
    with memory_disk() as scratch:
        seconds(scratch)        # the sources come into the page cache
        for number in range(blocks):
            order = dice.sample(VARIANTS, len(VARIANTS))
            block = {"seconds": {variant: [] for variant in VARIANTS}}
            for variant in order + order[::-1]:
                block["seconds"][variant].append(play(scratch, variant, tools))
            block["booked"] = {v: account(scratch, v, tools) for v in order if v in BOOKED}
            found.append(block)
            told(f"block {number + 1} of {blocks}")
    return found


def typical(block, variant):
    return statistics.mean(block["seconds"][variant])


def summary(blocks):
    usual = statistics.median(typical(b, "nothing") for b in blocks)
    result = {"seconds": usual, "booked": {},
              "comparisons": compare(blocks, COMPARISONS, typical, "added_seconds")}
    for variant in BOOKED:
        of_variant = [b["booked"][variant] for b in blocks]
        shares = quartiles(row["booked_seconds"] / usual for row in of_variant)
        result["booked"][variant] = {
            "share": shares, "runs": statistics.median(row["runs"] for row in of_variant)}
    return result


def show(blocks):
    result = summary(blocks)
    print(f"{len(blocks)} blocks of a load of {result['seconds']:.2f} s; quartiles\n")
    show_compared("end to end", result["comparisons"], "added_seconds", "ms", 1e3)
    print(f"\n{'by the kernel':<28}{'share of the load':^30}{'runs':>10}")
    for name, row in result["booked"].items():
        print(f"{name:<28}" + cells(row["share"], "10.3%") + f"{row['runs']:10.0f}")


if __name__ == "__main__":
    run("what a mixed load takes with and without us", ("blocks", BLOCKS), measure,
        lambda blocks: {"blocks": blocks, **summary(blocks)}, show)
