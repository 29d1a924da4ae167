#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a run of each of our programs takes, by the kernel's own BPF statistics, beside an empty
program on the same hook, under a load that runs all of them often:

    programs.py [--rounds N] [-o table|json]

The statistics read a clock around the program, and book what lies between: 55 ns of an empty
program are mostly that.  What is left after the empty one is taken off is the program itself.
Empty ones, node level and per cgroup take turns, forwards and backwards.
"""
import contextlib
import json
import mmap
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cost import PingPong, statistics_on
from figures import cells, quartiles, run
from running import Held

ROUNDS = 5
SWITCHES = 100000
MOVES = 5000
STARTS = 300
PAGE = 4096
PAGES = 16384       # 64 MiB
IOS = 8000
DISK_BYTES = 256 << 20
SUBJECTS = ("sched", "disk", "cache")
OURS = {"empty": ("-e", *SUBJECTS), "node": ("-n", *SUBJECTS), "cgroups": SUBJECTS}
SELDOM = 500        # runs in a round: fewer are no figure
BPFTOOL = shutil.which("bpftool") or "/usr/sbin/bpftool"


def sh(*words, **options):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


@contextlib.contextmanager
def memory_disk():
    """The folder of an ext4 on a loop device whose bytes are in memory: no device's own noise."""
    where = tempfile.mkdtemp(prefix="fairlead-bench-", dir="/dev/shm")
    device = None
    try:
        with open(f"{where}/disk", "wb") as file:
            file.truncate(DISK_BYTES)
        os.mkdir(f"{where}/mounted")
        device = sh("losetup", "--find", "--show", f"{where}/disk").strip()
        sh("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", device)
        sh("mount", device, f"{where}/mounted")
        yield f"{where}/mounted"
    finally:
        subprocess.run(["umount", f"{where}/mounted"], check=False, stderr=subprocess.DEVNULL)
        if device:
            sh("losetup", "--detach", device)
        shutil.rmtree(where, ignore_errors=True)


# --- a load that has all programs run ---

def move():
    cpus = sorted(os.sched_getaffinity(0))
    for number in range(MOVES):
        os.sched_setaffinity(0, {cpus[number % len(cpus)]})
    os.sched_setaffinity(0, cpus)


def start():
    sh("sh", "-c", f"n=0; while [ $n -lt {STARTS} ]; do /bin/true; n=$((n + 1)); done")


def read_directly(scratch):
    fd = os.open(f"{scratch}/file", os.O_RDONLY | os.O_DIRECT)
    buffer = mmap.mmap(-1, PAGE)
    for number in range(IOS):
        os.preadv(fd, [buffer], number * 7919 % PAGES * PAGE)
    os.close(fd)


def use_cache(scratch):
    """Fills, reads in order and scattered, maps, changes and evicts one file."""
    fd = os.open(f"{scratch}/file", os.O_RDWR | os.O_CREAT, 0o600)
    for _ in range(PAGES // 256):
        os.write(fd, b"x" * (256 * PAGE))
    os.fsync(fd)
    for advice in (os.POSIX_FADV_RANDOM, os.POSIX_FADV_NORMAL):
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.posix_fadvise(fd, 0, 0, advice)
        for number in range(PAGES):
            os.pread(fd, PAGE, number * 7919 % PAGES * PAGE)
    for number in range(0, PAGES, 4):
        os.pwrite(fd, b"y", number * PAGE)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    with mmap.mmap(fd, PAGES * PAGE, prot=mmap.PROT_READ) as mapped:
        mapped.madvise(mmap.MADV_RANDOM)
        for number in range(PAGES):
            mapped[number * PAGE]
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def load(scratch, table):
    table.switch_ns(SWITCHES)
    move()
    start()
    use_cache(scratch)
    read_directly(scratch)


# --- what the kernel says of it ---

def events(running):
    """{event: number of the program on it}: the event is what our tables call the part."""
    ids = {number for kind, number in running.bpf() if kind == "prog"}
    found = {}
    for link in json.loads(sh(BPFTOOL, "-j", "link", "list")):
        if link.get("prog_id") in ids:
            found[link.get("tp_name") or link.get("target_name")] = link["prog_id"]
    return found


def booked(running):
    """{event: (nanoseconds, runs)}"""
    runs = running.runs_by_program()
    return {event: runs[number] for event, number in events(running).items()}


def took(before, after):
    """{event: (nanoseconds a run, runs)} of what ran in between."""
    found = {}
    for event, (ns, runs) in after.items():
        was = before.get(event, (0, 0))     # not there: it had not run
        ns, runs = ns - was[0], runs - was[1]
        found[event] = (ns / runs if runs else None, runs)
    return found


def play(variant, scratch):
    with Held(*OURS[variant]) as running, PingPong() as table:
        load(scratch, table)        # caches learn the way
        with statistics_on():
            before = booked(running)
            load(scratch, table)
            return took(before, booked(running))


def measure(rounds, told=lambda _: None):
    """{variant: [{event: (ns a run, runs)} a round]}"""
    found = {variant: [] for variant in OURS}
    with memory_disk() as scratch:
        for number in range(rounds):
            order = list(OURS)[::1 if number % 2 == 0 else -1]
            for variant in order:
                found[variant].append(play(variant, scratch))
            told(f"round {number + 1} of {rounds}")
    return found


def summary(found):
    """{event: {runs, variant: quartiles of ns a run}} of what ran often enough."""
    result = {}
    for event in found["cgroups"][0]:
        runs = statistics.median(row[event][1] for row in found["cgroups"])
        result[event] = {"runs": runs}
        for variant, rows in found.items():
            values = [row[event][0] for row in rows if row.get(event, (0, 0))[1] >= SELDOM]
            result[event][variant] = quartiles(values) if values else None
    return result


def sizes():
    """{event: instructions and bytes of machine code} of every program that we load."""
    found = {}
    with Held(*SUBJECTS) as running:
        for event, number in events(running).items():
            about = json.loads(sh(BPFTOOL, "-j", "prog", "show", "id", str(number)))
            text = sh(BPFTOOL, "prog", "dump", "xlated", "id", str(number))
            found[event] = {"instructions": len(re.findall(r"^\s*\d+: \(", text, re.MULTILINE)),
                            "machine_code_bytes": about["bytes_jited"]}
    return found


def show(found):
    print(f"{'ns a run, quartiles':<36}{'empty':^21}{'node level':^21}{'per cgroup':^21}{'runs':>9}")
    for event, row in summary(found).items():
        three = (cells(row[k], "7.1f") if row[k] else f"{'-':^21}" for k in OURS)
        print(f"{event:<36}" + "".join(three) + f"{row['runs']:9.0f}")


if __name__ == "__main__":
    run("what a run of each program takes", ("rounds", ROUNDS), measure,
        lambda found: {"rounds": found, "summary": summary(found)}, show)
