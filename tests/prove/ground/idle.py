#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What both processes take when nothing is asked of them: memory and a share of one CPU.

The control is the same agent in a second window of the same length, and how busy the rest of
the machine was: an agent whose hook counts for others is not idle."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import prove, quietly, scaled

from running import Agent

WARM_SECONDS = 30
WINDOW_SECONDS = 60
LIMIT_BYTES = 16 << 20
LIMIT_SHARE = 0.002
OTHERS_BUSY = 0.05      # of all CPUs together
NAMES = ("agent", "warden")


def run_ns(pid):
    """Time on a CPU by schedstat, to the nanosecond, of every thread."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def ticks(pid):
    """utime + stime: what `top` goes by."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return sum(map(int, file.read().rpartition(")")[2].split()[11:13]))


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        rows = dict(line.split(":", 1) for line in file)
    return int(rows["VmRSS"].split()[0]) << 10


def busy_share():
    """Busy and whole time of all CPUs since the start, in ticks."""
    with open("/proc/stat", encoding="ascii") as file:
        spent = list(map(int, file.readline().split()[1:9]))    # what follows is in these already
    return sum(spent) - spent[3] - spent[4], sum(spent)         # idle and iowait


def window(pids, seconds):
    """Both processes through a window: CPU by two accounts, the largest memory of any second."""
    before = [run_ns(pid) for pid in pids], [ticks(pid) for pid in pids], busy_share()
    began, resident = time.monotonic(), [0] * len(pids)
    while time.monotonic() < began + seconds:
        resident = [max(most, resident_bytes(pid)) for most, pid in zip(resident, pids)]
        time.sleep(1)       # the step of the window that is measured
    took = time.monotonic() - began
    ran = [(run_ns(pid) - first) / 1e9 / took for pid, first in zip(pids, before[0])]
    ticked = [(ticks(pid) - first) / os.sysconf("SC_CLK_TCK") / took
              for pid, first in zip(pids, before[1])]
    busy, whole = (after - first for after, first in zip(busy_share(), before[2]))
    return {"seconds": took, "cpu_share": ran, "cpu_share_by_ticks": ticked,
            "resident_bytes": resident, "machine_busy": busy / whole}


def measure():
    with Agent() as agent:
        time.sleep(WARM_SECONDS if scaled(100) == 100 else 3)   # idle for a while, as is claimed
        return [window(agent.agent_and_warden(), scaled(WINDOW_SECONDS, 5)) for _ in range(2)]


def control_is_off(windows):
    busiest = max(w["machine_busy"] for w in windows)
    return f"the machine was {busiest:.0%} busy" if busiest > OTHERS_BUSY else ""


def prove_idle(proof):
    windows = quietly(measure, control_is_off)
    first, second = windows
    common = {"how": f"fairlead agent with defaults; after {WARM_SECONDS} s, two windows of "
                     f"{scaled(WINDOW_SECONDS, 5)} s", "pairs": windows}

    resident = sum(first["resident_bytes"])
    proof.claim("both processes together ≤ 16 MB RSS", limit="≤ 16 MiB, VmRSS of both added up",
                figure={"bytes": resident, **dict(zip(NAMES, first["resident_bytes"]))},
                holds=max(resident, sum(second["resident_bytes"])) <= LIMIT_BYTES,
                control={"again": sum(second["resident_bytes"])}, **common)

    shares = [sum(w["cpu_share"]) for w in windows]
    proof.claim("both processes together ≤ 0.2 % of one CPU",
                limit="≤ 0.002 by schedstat and by utime + stime",
                figure={"share": shares[0], **dict(zip(NAMES, first["cpu_share"])),
                        "by ticks": sum(first["cpu_share_by_ticks"])},
                holds=max(*shares, *(sum(w["cpu_share_by_ticks"]) for w in windows)) <= LIMIT_SHARE,
                control={"again": shares[1],
                         "machine busy": [w["machine_busy"] for w in windows]}, **common)


if __name__ == "__main__":
    prove(prove_idle)
