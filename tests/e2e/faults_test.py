#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What may go wrong around the agent: it goes on, does not grow, and counts what it lost.
MANY makes all of it larger: tests/prove/see/faults.py."""
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import GIVES_BACK, Agent, folder, least_resident
from mounts import cgroup2
from tap import check, cleanup, equal, limit, main, skip, wait_for

MANY = int(os.environ.get("MANY", "1"))
CHURNED = 1000 * MANY       # cgroups made and removed; ten times that is the acceptance line's
GROWTH_BYTES = 1 << 20      # of both together, after rounds like the one before
DEVICES = 140               # bpf/disk/disk.h has rows for 128
WAITERS = 300               # bpf/sched/sched.h has rows for 256
STOPPED_SECONDS = min(10, 2 * MANY)
LOOP_CTL_REMOVE = 0x4C81


def lost(agent):
    return {row["where"]: row["count_total"]
            for row in agent.json("/v1/snapshot?for=1ms")["losses"]}


def forked(work):
    """The id of a child that does this and ends."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def figure(**values):
    """For whoever proves: tests/prove/see/faults.py reads these lines."""
    print("# figure " + " ".join(f"{name}={value}" for name, value in values.items()))


# --- cgroups ---

def churn(base, count):
    """Makes and removes so many cgroups with a task in each."""
    for number in range(count):
        path = f"{base}/{number}"
        os.mkdir(path)

        def work(procs=f"{path}/cgroup.procs"):
            with open(procs, "w", encoding="ascii") as file:
                file.write("0")
        _, status = os.waitpid(forked(work), 0)
        equal(status, 0, "a task in its cgroup")
        os.rmdir(path)


def sums(agent, what):
    snapshot = agent.json("/v1/snapshot?for=1ms")
    return (sum(cpu[what] for cpu in snapshot["cpus"]),
            sum(cgroup[what] for cgroup in snapshot["cgroups"]), len(snapshot["cgroups"]))


@limit(900)
def test_cgroups_come_and_go():
    "cgroups that come and go by the thousand: sums stay right, rows come free, memory does not grow"
    agent = Agent()
    base = f"{cgroup2()}/fairlead-faults-{os.getpid()}"
    os.mkdir(base)
    cleanup(os.rmdir, base)
    before = sums(agent, "tasks_exited_total")
    sizes, began = [], time.monotonic()
    for _ in range(3):      # the first is to get warm
        churn(base, CHURNED // 3)
        wait_for(lambda: sums(agent, "tasks_exited_total")[2] <= before[2] + 20,
                 "the rows to come free", 40, 0.5)
        agent.get("/metrics")
        sizes.append(least_resident(agent))
    by_cpu, by_cgroup, rows = sums(agent, "tasks_exited_total")
    done = CHURNED // 3 * 3
    figure(cgroups=done, seconds=round(time.monotonic() - began, 1), exited_by_cpu=by_cpu - before[0],
           exited_by_cgroup=by_cgroup - before[1], rows_left=rows - before[2],
           grown_bytes=sizes[-1] - sizes[0], without_row=lost(agent)["sched_rows"])
    check(by_cpu - before[0] >= done * 0.995, f"{by_cpu - before[0]} of {done} ends")
    check(abs(by_cpu - by_cgroup) <= 2 + by_cpu * 0.001, f"{by_cpu} over CPUs, {by_cgroup} over cgroups")
    check(not GIVES_BACK or sizes[-1] - sizes[0] <= GROWTH_BYTES, f"resident: {sizes}")


@limit(300)
def test_many_cgroups_at_once():
    "with more cgroups than rows the beat goes on, and what found no row is counted as lost"
    agent = Agent()
    base = f"{cgroup2()}/fairlead-faults-{os.getpid()}"
    os.mkdir(base)
    cleanup(os.rmdir, base)
    for number in range(CHURNED + 500):
        path = f"{base}/{number}"
        os.mkdir(path)
        cleanup(lambda path=path: os.path.isdir(path) and os.rmdir(path))

        def work(procs=f"{path}/cgroup.procs"):
            with open(procs, "w", encoding="ascii") as file:
                file.write("0")
            time.sleep(0.0001)      # who wakes up has waited: that is counted for the cgroup
        os.waitpid(forked(work), 0)
    check(lost(agent)["sched_rows"] > 0, lost(agent))
    first, began = os.stat(f"{base}/0").st_ino, time.monotonic()
    ticks = agent.json("/v1/snapshot")["agent"]["samples_total"]

    def has_row():
        return any(c["id"] == first for c in agent.json("/v1/snapshot?for=1ms")["cgroups"])
    check(has_row(), "the first cgroup has a row")
    os.rmdir(f"{base}/0")
    wait_for(lambda: not has_row(), "a walk of the tree, which frees the row", 40, 2)
    after, seconds = agent.json("/v1/snapshot")["agent"], time.monotonic() - began
    beats = after["samples_total"] - ticks
    figure(cgroups=CHURNED + 500, without_row=lost(agent)["sched_rows"], seconds=round(seconds, 1),
           beats=beats, lag_seconds=after["loop_lag_max_seconds"])
    check(beats >= seconds * 80 / 11 - 1, f"{beats} beats of 100 ms in {seconds:.1f} s")


# --- rows of other tables ---

def loop_devices(count):
    """So many new loop devices on one file; they are gone afterwards."""
    path = f"{folder()}/disk"
    with open(path, "wb") as file:
        file.truncate(1 << 20)
    for _ in range(count):
        made = subprocess.run(["losetup", "--find", "--show", path], text=True, capture_output=True)
        if made.returncode:
            skip("no loop devices are to be had here")
        device = made.stdout.strip()

        def remove(device=device):
            # a test may have done so itself
            subprocess.run(["losetup", "--detach", device], check=False, capture_output=True)
            with open("/dev/loop-control", "rb") as control, contextlib.suppress(OSError):
                fcntl.ioctl(control, LOOP_CTL_REMOVE, int(device.removeprefix("/dev/loop")))
        cleanup(remove)
        yield device


@limit(120)
def test_more_devices_than_rows():
    "I/O of devices beyond the last row is counted as other's, and as lost"
    agent = Agent()
    devices = list(loop_devices(DEVICES))
    for device in devices:
        subprocess.run(["dd", f"if={device}", "of=/dev/null", "iflag=direct", "bs=4k", "count=4"],
                       check=True, capture_output=True)
    shown = {d["name"]: d["operations"]["read"]["ios_total"]
             for d in agent.json("/v1/snapshot?for=1ms")["disks"]}
    ours = sum(ios for name, ios in shown.items() if f"/dev/{name}" in devices)
    other = shown.get("(other)", 0)
    figure(devices=DEVICES, shown=len(shown), reads=ours, reads_of_other=other,
           without_row=lost(agent)["disk_rows"])
    # who attaches a disk reads it, too
    check(other > 0 and ours + other >= DEVICES * 4, shown)
    equal(lost(agent)["disk_rows"], other, "requests without a row")


def spin():
    os.sched_setaffinity(0, {0})
    end = time.monotonic() + 4
    while time.monotonic() < end:
        pass


@limit(120)
def test_more_waiters_than_rows():
    "tasks that wait long beyond the last row are counted as lost"
    agent = Agent()
    children = [forked(spin) for _ in range(WAITERS)]
    wait_for(lambda: lost(agent)["sched_waiter_rows"] > 0, "one without a row", 60, 0.5)

    def others():
        """All that have no row, in one, stand last, however long they waited."""
        threads = [w["thread"] for w in agent.json("/v1/snapshot?for=300ms")["waiters"]]
        check(0 not in threads[:-1], threads)
        return 0 in threads
    wait_for(others, "the row of all others", 60)
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    shown = agent.json("/v1/snapshot?for=20ms")["waiters"]
    check(len(shown) <= 16, shown)
    figure(tasks=WAITERS, long_waits_without_row=lost(agent)["sched_waiter_rows"])


# --- what goes away, and what stands still ---

@limit(60)
def test_a_device_goes_away_under_load():
    "a device that is taken away while it is read: the agent goes on, nothing stays in flight"
    agent = Agent()
    device = next(loop_devices(1))
    reader = subprocess.Popen(["sh", "-c", 'while dd if="$0" of=/dev/null iflag=direct bs=4k 2>/dev/null; do :; done',
                               device])
    cleanup(reader.wait)
    cleanup(reader.kill)
    name = os.path.basename(device)

    def row():
        return next((d for d in agent.json("/v1/snapshot?for=20ms")["disks"] if d["name"] == name), None)
    wait_for(lambda: row() and row()["operations"]["read"]["ios"] > 10, "reads", 20)
    with open(device, "rb") as open_device:
        fcntl.ioctl(open_device, 0x4C01)    # LOOP_CLR_FD: goes when the last user lets go
    reader.kill()
    wait_for(lambda: not row() or row()["in_flight"] == 0, "nothing in flight", 20)
    check(agent.process.poll() is None, agent.log())


@limit(120)
def test_both_are_stopped_under_load():
    "a warden, then an agent, that is stopped for seconds under load: both go on, beats are counted"
    agent = Agent()
    load = subprocess.Popen(["sh", "-c", "while :; do /bin/true; done"])
    cleanup(load.wait)
    cleanup(load.kill)
    for _ in range(20):     # to get warm
        agent.get("/metrics")
        agent.json("/v1/snapshot?for=1ms")
    size = least_resident(agent)
    os.kill(agent.warden, signal.SIGSTOP)
    end, slowest = time.monotonic() + STOPPED_SECONDS + 11, 0     # the agent asks it every 10 s
    while time.monotonic() < end:
        began = time.monotonic()
        equal(agent.get("/metrics")[0], 200, "status")
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.1)     # the pace of the load
    os.kill(agent.warden, signal.SIGCONT)
    agent.signal(signal.SIGSTOP)
    time.sleep(STOPPED_SECONDS)     # the fault itself
    agent.signal(signal.SIGCONT)
    check(slowest < 1, f"an answer took {slowest:.2f} s")
    beats = lost(agent)["beats"]
    grown = least_resident(agent) - size
    figure(stopped_seconds=STOPPED_SECONDS, slowest_answer_seconds=round(slowest, 4), beats_lost=beats,
           grown_bytes=grown)
    check(beats >= STOPPED_SECONDS * 8, f"{beats} beats of 100 ms lost in {STOPPED_SECONDS} s")
    check(not GIVES_BACK or grown <= GROWTH_BYTES, f"it grew by {grown} bytes")
    equal(agent.stop(), 0, "exit status")


if __name__ == "__main__":
    main(needs_root=True)
