#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disk I/O against the kernel's own counters, on a loop device of the test's own."""
import contextlib
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import HELPERS, Agent, folder
from tap import check, equal, main, skip

SIZE = 32 << 20


@contextlib.contextmanager
def loop_device():
    """A disk in a file; detached at the end."""
    path = os.path.join(folder(), "disk")
    with open(path, "wb") as file:
        file.truncate(SIZE)
    made = subprocess.run(["losetup", "--find", "--show", path], text=True, capture_output=True)
    if made.returncode:
        skip("no loop device is to be had here")
    device = made.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


def disks(agent, device):
    """{operation: {what: [ours, kernel]}} of the known I/O that tests/lib/disks does."""
    result = subprocess.run([f"{HELPERS}/lib/disks", agent.socket, device], text=True,
                            capture_output=True, timeout=60)
    check(result.returncode == 0, result.stdout + result.stderr)
    return {words[0]: dict(ios=int(words[2]), bytes=int(words[5]), completed=int(words[11]))
            for words in map(str.split, result.stdout.splitlines())}


def expect(found):
    check(found["read"]["bytes"] >= (4 << 20) + (16 << 20), found)      # and read-ahead
    equal(found["discard"]["ios"], 5, "discards")
    check(found["write"]["ios"] >= 128 and found["flush"]["ios"] >= 2, found)
    for operation, row in found.items():    # on some kernels BPF misses what interrupts pid 1
        check(row["ios"] * 0.99 - 2 <= row["completed"] <= row["ios"], f"{operation}: {row}")


def test_ios_bytes_and_merges_equal_the_kernels():
    "disk I/Os, bytes and merges equal the kernel's own counters, also summed over cgroups"
    with loop_device() as device:
        agent = Agent()
        expect(disks(agent, device))
        name = os.path.basename(device)
        row = next(d for d in agent.json("/v1/snapshot?for=10ms")["disks"] if d["name"] == name)
        equal(row["in_flight"], 0, "in flight")
        for operation, counts in row["operations"].items():
            check(counts["errors_total"] == 0, (operation, counts))


def test_the_fallback_hooks_count_disk_io_the_same_and_doctor_calls_them_a_fallback():
    "the fallback hooks count disk I/O the same, and doctor calls them a fallback"
    with loop_device() as device:
        agent = Agent("--disk-hook", "raw_tp")
        found = subprocess.run([f"{HELPERS}/lib/disks", agent.socket, device], text=True,
                               capture_output=True, timeout=60).stdout
        rows = {words[0]: words for words in map(str.split, found.splitlines())}
        for operation, words in rows.items():   # merges have no such hook, and doctor says so
            equal(words[2:4] + words[5:7], [words[2]] * 2 + [words[5]] * 2, operation)
        hooks = {h["name"]: h for h in agent.json("/v1/doctor")["hooks"]}
        equal(hooks["block_rq_issue"]["state"], "fallback", "block_rq_issue")
        equal(hooks["block_bio_backmerge"]["state"], "off", "block_bio_backmerge")
        check(hooks["block_bio_backmerge"]["lost"], hooks)


def test_a_disk_that_went_to_rest_stays_shown_and_does_nothing():
    "a disk that went to rest stays shown and does nothing"
    with loop_device() as device:
        agent = Agent()
        disks(agent, device)
        name = os.path.basename(device)
    # A loop device stays in sysfs without its file; what it did stays shown, at rest.
    row = next(d for d in agent.json("/v1/snapshot?for=10ms")["disks"] if d["name"] == name)
    equal(row["operations"]["read"]["ios"], 0, "reads in a window after its end")


def test_disk_hook_off_leaves_disks_null_and_the_subject_says_why():
    "disk.hook off leaves disks null, and the subject says why"
    agent = Agent("--disk-hook", "off")
    snapshot = agent.json("/v1/snapshot?for=10ms")
    equal(snapshot["disks"], None, "disks")
    subject = next(s for s in snapshot["subjects"] if s["name"] == "disk")
    equal(subject["state"], "off", "state")
    check("disk.hook is off" in subject["reason"], subject)
    check(snapshot["cpus"], "the other subjects measure on")


def test_disk_cgroups_off_leaves_the_devices_counters_and_no_shares():
    "disk.cgroups off leaves the devices' counters and no shares"
    with loop_device() as device:
        agent = Agent(config="disk:\n  cgroups: false\n")
        subprocess.run(["dd", "if=/dev/zero", f"of={device}", "bs=64k", "count=16",
                        "oflag=direct"], check=True, capture_output=True)
        name = os.path.basename(device)
        snapshot = agent.json("/v1/snapshot?for=10ms")
        row = next(d for d in snapshot["disks"] if d["name"] == name)
        equal(row["operations"]["write"]["ios_total"], 16, "writes")
        shares = [d for c in snapshot["cgroups"] for d in c["disks"] if d["disk"] == name]
        equal(shares, [], "shares of cgroups")


if __name__ == "__main__":
    main(needs_root=True)
