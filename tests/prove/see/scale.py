#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scrapes of a node with 250 cgroups and 64 devices, beside node_exporter in the same run
(tests/bench/scrape.py).  The control is a process that answers as much after 1.2 ms of
work: how slow its slowest are is the machine's doing."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import prove, quietly, scaled

from scrape import measure

SCRAPES = 300
LIMIT_SECONDS = 0.005
LIMIT_BYTES = 24_000_000
LIMIT_SHARE = 0.005
QUIET_SECONDS = 0.003    # the control's own work and answer take 1.7 ms
SERIES = 6000


def control_is_off(found):
    slow = found["control"]["p99_seconds"]
    return f"an answer of no agent took {slow * 1e3:.1f} ms" if slow > QUIET_SECONDS else ""


def prove_scale(proof):
    found = quietly(lambda: measure(scaled(SCRAPES, 20)), control_is_off)
    ours, theirs = found["fairlead"], found["node_exporter"]
    common = {"how": f"tests/bench/scrape.py {scaled(SCRAPES, 20)}", "pairs": found,
              "control": {"as much of an answer after 1.2 ms of work, p99 seconds":
                          found["control"]["p99_seconds"]}}
    proof.claim("a scrape of 6,000 series, uncompressed", limit="p99 ≤ 5 ms",
                figure={key: ours[key] for key in ("series", "bytes", "p50_seconds",
                                                   "p99_seconds")},
                holds=ours["series"] >= SERIES and ours["p99_seconds"] <= LIMIT_SECONDS, **common)
    proof.claim("p99 of a scrape, beside node_exporter's in the same run",
                limit="below node_exporter's", figure={
                    "ours, seconds": ours["p99_seconds"], "theirs": theirs["p99_seconds"],
                    "their series": theirs["series"]},
                holds=ours["p99_seconds"] < theirs["p99_seconds"], **common)
    proof.claim("CPU of a scrape, beside node_exporter's in the same run",
                limit="less than node_exporter's, mean and median",
                figure={"ours, seconds": ours["cpu_seconds"],
                        "theirs": theirs["cpu_seconds"], "their series": theirs["series"],
                        "ours, median": ours["cpu_seconds_median"],
                        "theirs, median": theirs["cpu_seconds_median"]},
                holds=all(ours[key] < theirs[key]
                          for key in ("cpu_seconds", "cpu_seconds_median")), **common)
    resident = sum(found["resident_bytes"].values())
    proof.claim("both processes with 250 cgroups and 64 devices", limit="≤ 24 MB, VmRSS added up",
                figure={"bytes": resident, **found["resident_bytes"]},
                holds=resident <= LIMIT_BYTES, **common)
    shares = {"share": found["cpu_share_unasked"],
              "scraped each second as well": found["cpu_share_scraped_each_second"]}
    proof.claim("CPU of both processes, measuring each second, and scraped each second as well",
                limit="both ≤ 0.5 % of one CPU", figure=shares,
                holds=max(shares.values()) <= LIMIT_SHARE, **common)


if __name__ == "__main__":
    prove(prove_scale)
