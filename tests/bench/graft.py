# SPDX-License-Identifier: Apache-2.0
"""What a started interpreter saves: tests/bench/graft.py [RUNS], after `make all tools`.

From the job sent to its first byte, and what a waiting python has to itself, in its own slot."""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

from graft import WAITS, Bed, program

HELLO = {"python": ("main.py", "print('Hello World')"),
         "node": ("main.js", "console.log('Hello World')"),
         "java": ("Main.java", 'class Main { public static void main(String[] w) '
                  '{ System.out.println("Hello World"); } }')}


def unique(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))


def first_byte(slot, payload):
    """Seconds to the first byte, to the last."""
    ends = [os.pipe() for _ in range(2)]
    null = os.open("/dev/null", os.O_RDWR)
    began = time.perf_counter()
    slot.give(payload, (null, ends[0][1], ends[1][1]))
    for end in ends:
        os.close(end[1])
    got = os.read(ends[0][0], 100)
    first = time.perf_counter()
    assert got == b"Hello World\n", got
    os.read(ends[0][0], 1)
    last = time.perf_counter()
    for end in ends:
        os.close(end[0])
    os.close(null)
    slot.wait()
    slot.job.close()
    return first - began, last - began


def measure(runtime, runs, *imports):
    bed = Bed(runtime, *imports)
    payload = program(*HELLO[runtime])
    made, times, private = [], [], []
    for _ in range(runs):
        began = time.perf_counter()
        slot = bed.slot()
        assert slot.report()[0] == WAITS
        made.append(time.perf_counter() - began)
        private.append(unique(slot.pid))
        times.append(first_byte(slot, payload))
    first, last = ([time_of[i] * 1e3 for time_of in times] for i in (0, 1))
    print(f"{' '.join((runtime, *imports)):24} first byte {statistics.median(first):7.2f} ms "
          f"(min {min(first):.2f}), end {statistics.median(last):7.2f} ms, "
          f"made in {statistics.median(made) * 1e3:7.2f} ms, its own {statistics.median(private)} KiB",
          flush=True)
    bed.end()


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    measure("python", runs)
    measure("python", runs, "json", "re", "random", "subprocess", "http.client", "sqlite3")
    measure("node", runs)
    measure("java", runs)


if __name__ == "__main__":
    main()
