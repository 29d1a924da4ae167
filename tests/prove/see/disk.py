#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disk I/O on ext4 on a loop device against the kernel's own counters, here and in Debian's
kernels, and its times against biolatency (libbpf-tools) on the same run.

The control are the kernel's counters of the device at rest: nobody else uses it.
"""
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, folder, prove, removed, run, scaled

from running import Agent, Holder

RUNS = 10
SIZE = 256 << 20
KERNELS = ("6.1", "6.12", "newest")
OPERATIONS = ("read", "write", "discard", "flush")
QUANTILES = (0.5, 0.9, 0.99)
COLUMNS = ["operation", "ios", "by the kernel", "bytes", "by the kernel", "merged",
           "by the kernel", "completed", "cgroups' ios", "cgroups' bytes"]
IN_GUEST = """modprobe loop
truncate -s 256M /tmp/disk
losetup /dev/loop0 /tmp/disk
mke2fs /dev/loop0 >/dev/null
mkdir /mnt/known
mount -t ext4 /dev/loop0 /mnt/known
fairlead agent --socket /run/f.sock --state-dir /tmp/state --bpf-budget 1s 2>/dev/null &
until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
for run in %s; do disks /run/f.sock /dev/loop0 /mnt/known || true; done
kill -TERM $!; wait $!"""


def rows_of(text):
    """The rows of tests/lib/disks, as COLUMNS."""
    rows = []
    for line in text.replace("\r", "").splitlines():
        words = line.split()
        if len(words) == 15 and words[0] in OPERATIONS:
            rows.append([words[0]] + [int(words[at]) for at in (2, 3, 5, 6, 8, 9, 11, 13, 14)])
    return rows


@contextlib.contextmanager
def disk():
    """A loop device and the folder that its ext4 is mounted on."""
    where = folder()
    device = None
    try:
        with open(f"{where}/disk", "wb") as file:
            file.truncate(SIZE)
        os.mkdir(f"{where}/mounted")
        device = run("losetup", "--find", "--show", f"{where}/disk").stdout.strip()
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", device)
        run("mount", device, f"{where}/mounted")
        yield device, f"{where}/mounted"
    finally:
        subprocess.run(["umount", f"{where}/mounted"], check=False, stderr=subprocess.DEVNULL)
        if device:
            run("losetup", "--detach", device)
        removed(where)


def measure_here():
    with disk() as (device, mounted), Agent(None, "--bpf-budget", "1s") as agent:
        return [row for _ in range(scaled(RUNS, 2))
                for row in rows_of(run(f"{BUILT}/tests/lib/disks", agent.socket, device,
                                       mounted).stdout)]


def measure_in(kernel):
    runs = " ".join(map(str, range(scaled(RUNS, 2))))
    rows = rows_of(run("tests/vm/person.sh", kernel, IN_GUEST % runs).stdout)
    if len(rows) != scaled(RUNS, 2) * len(OPERATIONS):
        raise RuntimeError(f"the guest of {kernel} failed")
    return rows


def submitted_is_exact(row):
    return row[1] == row[2] and row[3] == row[4] and row[5] == row[6] and row[1] > 0


def judge(proof, where, rows, completed_within):
    how = "tests/prove/prove.sh see disk"
    figure = {"runs": len(rows) // len(OPERATIONS), "ios": sum(row[1] for row in rows),
              "bytes": sum(row[3] for row in rows), "merged": sum(row[5] for row in rows)}
    pairs = {"columns": COLUMNS, "rows": rows}
    proof.claim(f"counts, bytes and merges equal the kernel's, {where}", how=how, pairs=pairs,
                limit="every run and operation exactly", figure=figure,
                holds=all(map(submitted_is_exact, rows)))
    shares = [row[7] / row[1] for row in rows if row[1]]
    proof.claim(f"completions, {where}", how=how,
                limit=f"within {completed_within:.0%}" if completed_within else "exactly",
                figure={"lowest share": min(shares), "highest share": max(shares)},
                holds=all(abs(share - 1) <= completed_within for share in shares))
    proof.claim(f"sums over the cgroups equal the device's, {where}", how=how, figure=figure,
                limit="every run and operation exactly",
                holds=all(row[1] == row[8] and row[3] == row[9] for row in rows))


def buckets_by_us(agent, name):
    """{bucket's number: count} of the device times, all operations together."""
    time.sleep(0.3)         # scrapes within a quarter of a second share a body
    body = run("curl", "-sf", "--unix-socket", agent.socket, "http://fairlead/metrics").stdout
    found = {}
    for op in OPERATIONS:
        before = 0
        pattern = (rf'fairlead_disk_device_seconds_bucket{{device="{name}",op="{op}",'
                   r'le="([^"]+)"} (\d+)')
        for number, (_, count) in enumerate(re.findall(pattern, body)):
            found[number] = found.get(number, 0) + int(count) - before
            before = int(count)
    return found


def buckets_of(text):
    """The same of biolatency: its first bucket, 0 to 1 us, is our first and second."""
    return {number + 1: int(count) for number, count in
            enumerate(re.findall(r"^\s+\d+ -> \d+\s+: (\d+)", text, re.MULTILINE))}


def quantile_bucket(buckets, quantile):
    left = quantile * sum(buckets.values())
    for number in sorted(buckets):
        left -= buckets[number]
        if left <= 0:
            return number
    return max(buckets)


def compare_times(proof):
    tool = run("setup/peer.sh", "libbpf-tools", "biolatency").stdout.strip()
    rows = []
    with disk() as (device, mounted), Agent(None, "--bpf-budget", "1s") as agent:
        name = os.path.basename(device)
        for _ in range(scaled(RUNS, 2)):
            with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
                with Holder(2, tool, "-d", name, output=out, ends_by=signal.SIGINT):
                    before = buckets_by_us(agent, name)
                    run(f"{BUILT}/tests/lib/disks", agent.socket, device, mounted)
                out.seek(0)
                theirs = buckets_of(out.read())
            ours = {number: count - before.get(number, 0)
                    for number, count in buckets_by_us(agent, name).items()}
            rows.append([quantile_bucket(b, q) for q in QUANTILES for b in (ours, theirs)]
                        + [sum(ours.values()), sum(theirs.values())])
    apart = [abs(row[2 * n] - row[2 * n + 1]) for row in rows for n in range(len(QUANTILES))]
    proof.claim("times against biolatency on the same run", how="tests/prove/prove.sh see disk",
                limit="p50, p90 and p99 of every run within one bucket",
                figure={"runs": len(rows), "buckets apart at most": max(apart),
                        "in the same bucket": apart.count(0) / len(apart)},
                pairs={"columns": [f"bucket of p{q * 100:g}, {who}" for q in QUANTILES
                                   for who in ("ours", "biolatency")]
                       + ["I/Os, ours", "I/Os, biolatency"], "rows": rows},
                holds=max(apart) <= 1)


def prove_disk(proof):
    judge(proof, "natively", measure_here(), 0.01)
    for kernel in KERNELS:
        judge(proof, f"in a VM of {kernel}", measure_in(kernel), 0)
    compare_times(proof)


if __name__ == "__main__":
    prove(prove_disk)
