#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Disk I/O against the kernel's own counters, on a loop device of the test's own."""
import contextlib
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import HELPERS, Agent, folder, read_to_end
from tap import check, cleanup, equal, main, skip, wait_for

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


@contextlib.contextmanager
def memory_disk():
    """A device without requests: a compressed disk in memory; taken away at the end."""
    control = "/sys/class/zram-control"
    if not os.path.exists(control):
        subprocess.run(["modprobe", "zram"], check=False, capture_output=True)
    if not os.path.exists(control):
        skip("no zram is to be had here")
    with open(f"{control}/hot_add", encoding="ascii") as file:
        number = file.read().strip()
    try:
        with open(f"/sys/block/zram{number}/disksize", "w", encoding="ascii") as file:
            file.write(str(SIZE))
        yield f"/dev/zram{number}"
    finally:
        with open(f"{control}/hot_remove", "w", encoding="ascii") as file:
            file.write(number)


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


def shares_of(snapshot, disk):
    """{operation: [what each cgroup did]}, of those that did anything."""
    found = {}
    for cgroup in snapshot["cgroups"]:
        for share in cgroup["disks"]:
            for operation, counts in share["operations"].items():
                if share["disk"] == disk:
                    found.setdefault(operation, []).append(counts)
    return found


def test_a_window_of_ones_own_tells_the_times_per_cgroup_and_the_standing_one_does_not():
    "a window of one's own tells the times per cgroup, which add up to the disk's"
    for make in (loop_device, memory_disk):
        with make() as device:
            agent = Agent()
            disks(agent, device)
            name = os.path.basename(device)
            with agent.connect() as connection:
                connection.sendall(b"GET /v1/snapshot?for=400ms HTTP/1.0\r\n\r\n")
                agent.json("/v1/doctor")    # one thread answers in turn: the window has begun
                subprocess.run(["dd", f"if={device}", "of=/dev/null", "bs=4k", "count=500",
                                "iflag=direct"], check=True, capture_output=True)
                answer = json.loads(read_to_end(connection).partition(b"\r\n\r\n")[2])
            disk = next(d for d in answer["disks"] if d["name"] == name)
            read = disk["operations"]["read"]
            check(read["device"]["count"] >= 490, read)
            for what in ("device", "queue"):
                counts = [s[what]["count"] for s in shares_of(answer, name)["read"]]
                equal(sum(counts), read[what]["count"], f"{what} summed over cgroups")
            for operation, shares in shares_of(answer, name).items():
                whole = disk["operations"][operation]
                equal(sum(s["completed_total"] for s in shares), whole["completed_total"],
                      f"{operation}s that came back")
                equal(sum(s["errors_total"] for s in shares), 0, "errors")
            for shares in shares_of(agent.json("/v1/snapshot"), name).values():
                check(all(s["device"] is None and s["queue"] is None for s in shares), shares)
            agent.stop()


def test_a_device_without_requests_counts_as_the_kernel_says():
    "a device without requests counts reads and writes as the kernel does, in time and per cgroup"
    for hook in ("auto", "raw_tp"):
        with memory_disk() as device:
            agent = Agent("--disk-hook", hook)
            found = disks(agent, device)
            check(found["read"]["ios"] >= 1024 and found["write"]["ios"] >= 128, found)
            equal(found["discard"]["ios"], 5, "discards")
            for operation in ("read", "write"):     # BPF may miss what interrupts pid 1
                row = found[operation]
                check(row["ios"] * 0.99 - 2 <= row["completed"] <= row["ios"], found)
            name = os.path.basename(device)
            snapshot = agent.json("/v1/snapshot?for=10ms")
            row = next(d for d in snapshot["disks"] if d["name"] == name)
            check(row["bio_based"], row)
            check(not any(d["bio_based"] for d in snapshot["disks"] if "zram" not in d["name"]),
                  snapshot["disks"])
            check(row["operations"]["read"]["untimed_total"] <= 20, row)
            shares = [d for c in snapshot["cgroups"] for d in c["disks"] if d["disk"] == name]
            check(shares and all(d["bio_based"] for d in shares), shares)
            agent.stop()


def charged_cgroup(name):
    """The path of a new cgroup that the block layer charges for what is done in it."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        mounts = [line.split() for line in file]
    for _, where, kind, options, *_ in mounts:
        v2 = f"{where}/cgroup.subtree_control"
        if kind == "cgroup" and "blkio" in options.split(",") or \
                kind == "cgroup2" and "io" in open(v2, encoding="ascii").read().split():
            path = os.path.join(where, name)
            os.mkdir(path)
            cleanup(lambda: os.path.isdir(path) and os.rmdir(path))
            return path
    return skip("no cgroup is charged for I/O here")


def test_what_a_removed_cgroup_gave_to_a_disk_stays_in_the_sums():
    "what a removed cgroup had given to a disk moves to (other), and the sums stay the disk's"
    with loop_device() as device:
        agent, name = Agent(), os.path.basename(device)
        path = charged_cgroup(f"fairlead-test-{os.getpid()}")
        subprocess.run(["sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec dd if=/dev/zero of="$1" '
                        "bs=64k count=16 oflag=direct", path, device], check=True, capture_output=True)

        def writes():
            """{cgroup: writes given to the disk}, and all that the disk was given."""
            snapshot = agent.json("/v1/snapshot?for=10ms")
            shares = {c["path"]: d["operations"].get("write", {"ios_total": 0})["ios_total"]
                      for c in snapshot["cgroups"] for d in c["disks"] if d["disk"] == name}
            whole = next(d for d in snapshot["disks"] if d["name"] == name)
            return shares, whole["operations"]["write"]["ios_total"]
        shares, whole = writes()
        gone = "/" + os.path.basename(path)
        equal((shares.get(gone), sum(shares.values())), (16, whole), shares)
        os.rmdir(path)
        wait_for(lambda: writes()[0].get("(other)") == 16, "the share of (other)", 30, 0.2)
        shares, whole = writes()
        equal((shares.get(gone), sum(shares.values())), (None, whole), shares)


def test_a_disk_that_went_to_rest_stays_shown_and_does_nothing():
    "a disk that went to rest stays shown and does nothing"
    with loop_device() as device:
        agent = Agent()
        disks(agent, device)
        name = os.path.basename(device)
    # A loop device stays in sysfs without its file; what it did stays shown, at rest.
    row = next(d for d in agent.json("/v1/snapshot?for=10ms")["disks"] if d["name"] == name)
    equal(row["operations"]["read"]["ios"], 0, "reads in a window after its end")


def write_blocks(device, count):
    subprocess.run(["dd", "if=/dev/zero", f"of={device}", "bs=64k", f"count={count}", "oflag=direct"],
                   check=True, capture_output=True)


def row_of(agent, device):
    found = [d for d in agent.json("/v1/snapshot?for=10ms")["disks"]
             if d["name"] == os.path.basename(device)]
    return found[0]["operations"]["write"] if found else None


def test_a_disk_made_again_under_its_number_counts_on():
    "a disk taken away and made again under its number, of another file, counts on and never backwards"
    agent = Agent()
    with loop_device() as device:
        write_blocks(device, 16)
        equal(row_of(agent, device)["ios_total"], 16, "writes")
    path = os.path.join(folder(), "other")
    with open(path, "wb") as file:
        file.truncate(SIZE)
    if subprocess.run(["losetup", device, path], capture_output=True, check=False).returncode:
        skip("somebody else has taken the loop device meanwhile")
    try:
        row = row_of(agent, device)
        check(row["ios"] == 0 and row["ios_total"] == 16, row)
        write_blocks(device, 5)
        row = row_of(agent, device)
        check(row["ios"] == 0 and row["ios_total"] == 21, row)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
    points = [p for s in agent.json("/v1/history?series=disk_")["series"] for p in s["points"]]
    check(all(p is None or 0 <= p < 1e12 for p in points), points)


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
