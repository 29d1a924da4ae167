#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a switch costs with nothing on the hook, with empty BPF programs on our hooks, with
Fairlead counting for the node alone and per cgroup as well, and with runqlat (libbpf-tools),
all in one run:

    cost.py [--blocks N] [-o table|json]

A block plays every variant once in a random order and then once more in the opposite order, so
that whatever drifts, or is left behind by the one before, is shared evenly by all of them, and
that PALINDROMES times over: a program that is loaded lands at another place each time, where it
costs up to 1 % more or less, so a block is the lower quartile of many short loads.
`nothing` and `empty` are played twice under two names: the difference between a thing and
itself is what this machine can tell apart today.  runqlat is played apart, as the kernel works
on for a while after its tables were dropped, which whoever comes next would pay for.
Fairlead's programs are loaded as the warden does it, by a process that then sleeps, as the empty
ones are: an agent that wakes up each second is felt on the other half of a core, which is no cost
of the hook (tests/prove/ground/idle.py has that one).

A figure is the median of many short goes of one pair of processes (tests/bench/pingpong)
that stays on one CPU; programs are loaded and taken away outside of the time that is
measured.  After the goes the kernel's own BPF statistics, which cost time themselves, are
switched on for some more switches: nanoseconds a run, runs a switch.
"""
import contextlib
import os
import random
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from figures import cells, compare, quartiles, run, show_compared
from running import BUILT, ROOT, Held, Holder

PALINDROMES = 10        # of the close ones in a block
FAR_PALINDROMES = 2
GOES = 6                # of each variant in half a palindrome
SWITCHES = 5000         # in a go: 12 ms, about as long as a disturbance
SETTLING_SWITCHES = 50000
COUNTED_SWITCHES = 20000
STATISTICS = "/proc/sys/kernel/bpf_stats_enabled"
NAMES = {"nothing again": "nothing", "empty again": "empty"}
OURS = {"empty": ("-e", "sched"), "node": ("-n", "sched"), "cgroups": ("sched",)}
CLOSE = ("nothing", "nothing again", "empty", "empty again", "node", "cgroups")
FAR = ("nothing", "cgroups", "runqlat")
VARIANTS = CLOSE + ("runqlat",)
COMPARISONS = (("nothing again", "nothing"), ("empty again", "empty"), ("empty", "nothing"),
               ("node", "nothing"), ("cgroups", "nothing"), ("runqlat", "nothing"),
               ("node", "empty"), ("cgroups", "empty"))


def last_cpu():
    """The CPU to play on: not the first, which has most of the interrupts."""
    return max(os.sched_getaffinity(0))


class PingPong:
    def __enter__(self):
        self.process = subprocess.Popen(
            ["nice", "-n", "-20", f"{BUILT}/tests/bench/pingpong", str(last_cpu())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def switch_ns(self, switches):
        self.process.stdin.write(f"{switches // 2}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def set_statistics(text):
    with open(STATISTICS, "w", encoding="ascii") as file:
        file.write(text)


@contextlib.contextmanager
def statistics_on():
    with open(STATISTICS, encoding="ascii") as file:
        before = file.read()
    try:
        set_statistics("1")
        yield
    finally:
        set_statistics(before)


def loaded(variant, runqlat):
    kind = NAMES.get(variant, variant)
    if kind in OURS:
        return Held(*OURS[kind])
    if kind == "runqlat":
        return Holder(3, runqlat, "86400", "1")     # wakeup, wakeup_new, switch
    return contextlib.nullcontext()


def play(table, variant, runqlat):
    """Nanoseconds a switch; and a run, and runs a switch, by the kernel's statistics."""
    with loaded(variant, runqlat) as running:
        table.switch_ns(SETTLING_SWITCHES)      # caches learn the new way, what was before goes
        ns = statistics.median(table.switch_ns(SWITCHES) for _ in range(GOES))
        if running is None:
            return {"ns": ns}
        with statistics_on():
            before = running.runs()
            table.switch_ns(COUNTED_SWITCHES)
            run_ns, runs = (after - first for after, first in zip(running.runs(), before))
    return {"ns": ns, "run_ns": run_ns / runs, "runs_a_switch": runs / COUNTED_SWITCHES}


def measure(blocks, told=lambda _: None):
    """A list of blocks, each {variant: [first half, second half, first half of the next …]}."""
    runqlat = subprocess.run([f"{ROOT}/setup/peer.sh", "libbpf-tools", "runqlat"], check=True,
                             stdout=subprocess.PIPE, text=True).stdout.strip()
    found = []
    dice = random.Random(1)     # the same orders each time
    for number in range(blocks):
        block = {variant: [] for variant in VARIANTS}
        with PingPong() as table:       # anew, as it lies in other pages then, too
            for variants, palindromes in ((CLOSE, PALINDROMES), (FAR, FAR_PALINDROMES)):
                for _ in range(palindromes):
                    order = dice.sample(variants, len(variants))
                    for variant in order + order[::-1]:
                        block[variant].append(play(table, variant, runqlat))
        found.append(block)
        told(f"block {number + 1} of {blocks}")
    return found


def typical(block, variant, field="ns"):
    """The lower quartile: a virtual machine has two speeds, a fifth apart, as somebody is on the
    other half of its core or not, and the median of goes of both says which had more of one."""
    return quartiles(half[field] for half in block[variant])[0]


def summary(blocks):
    result = {"comparisons": compare(blocks, COMPARISONS, typical, "added_ns"), "kernel": {}}
    for variant in ("empty", "node", "cgroups", "runqlat"):
        run_ns = quartiles(typical(b, variant, "run_ns") for b in blocks)
        runs = statistics.median(typical(b, variant, "runs_a_switch") for b in blocks)
        result["kernel"][variant] = {"run_ns": run_ns, "runs_a_switch": runs,
                                     "ns_a_switch": run_ns[1] * runs}
    return result


def show(blocks):
    result = summary(blocks)
    print(f"{len(blocks)} blocks; quartiles\n")
    show_compared("time a switch", result["comparisons"], "added_ns", "ns")
    print(f"\n{'by the kernel':<28}{'ns a run':^24}{'runs':^10}{'ns a switch':^12}")
    for name, row in result["kernel"].items():
        print(f"{name:<28}" + cells(row["run_ns"], "8.1f") +
              f"{row['runs_a_switch']:8.2f}{row['ns_a_switch']:12.1f}")


if __name__ == "__main__":
    run("what a hook on sched_switch costs", ("blocks", 4), measure,
        lambda blocks: {"blocks": blocks, **summary(blocks)}, show)
