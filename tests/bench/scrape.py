#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a scrape costs on a large node, beside node_exporter in the same run:

    tests/bench/scrape.py [SCRAPES]         prints one JSON object

The node is made: 250 cgroups that have waited and read, and 64 loop devices that were read
from, all gone afterwards.  Both are scraped in turns, uncompressed, less often than scrapes
share a body.  CPU is that of all threads of the processes, by schedstat, from before the
request until after the answer; the agent's beats in between count for it too.  How quiet the
machine was is told by the control: a process that answers as much after a fixed piece of work.
"""
import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from running import ROOT, Agent, Running, family, until

CGROUPS, DEVICES = 250, 64
LOOP_CTL_REMOVE = 0x4C81
TURN_SECONDS = 0.3      # more than the quarter of a second for which scrapes share a body
CONTROL_SECONDS, CONTROL_BYTES = 0.0012, 700_000    # of the control, for an answer


def hierarchy(kind, controller=None):
    """Where a hierarchy is mounted: cgroup2, or the v1 one of a controller."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for _, where, fstype, options, *_ in map(str.split, file):
            if fstype == kind and (not controller or controller in options.split(",")):
                return where
    return None


def removed_folder(path):
    """A cgroup goes when its last process has."""
    def goes():
        with contextlib.suppress(OSError):
            os.rmdir(path)
        return not os.path.isdir(path)
    until(goes, f"{path} to be empty", 10)


def remove_device(device, wholly):
    """Detached, and gone if it is of our making; who still looks at it (udev) is waited for."""
    subprocess.run(["losetup", "--detach", device], check=False)
    with open("/dev/loop-control", "rb") as control:
        def goes():
            with contextlib.suppress(OSError):
                fcntl.ioctl(control, LOOP_CTL_REMOVE, int(device.removeprefix("/dev/loop")))
            return not os.path.isdir(f"/sys/block/{os.path.basename(device)}")
        if wholly:
            until(goes, f"{device} to be let go", 10)


@contextlib.contextmanager
def devices(count):
    there = set(os.listdir("/sys/block"))
    with contextlib.ExitStack() as stack:
        where = stack.enter_context(tempfile.TemporaryDirectory(prefix="fairlead-bench-"))
        made = []
        for number in range(count):
            path = f"{where}/{number}"
            with open(path, "wb") as file:
                file.truncate(4 << 20)
            device = subprocess.run(["losetup", "--find", "--show", path], check=True, text=True,
                                    capture_output=True).stdout.strip()
            stack.callback(remove_device, device, os.path.basename(device) not in there)
            made.append(device)
        yield made


@contextlib.contextmanager
def cgroups(count):
    """Folders of as many cgroups: a list of one a hierarchy for each."""
    roots = [root for root in (hierarchy("cgroup2"), hierarchy("cgroup", "blkio")) if root]
    with contextlib.ExitStack() as stack:
        parents = [f"{root}/fairlead-bench-{os.getpid()}" for root in roots]
        for parent in parents:
            os.mkdir(parent)
            stack.callback(removed_folder, parent)
        made = [[f"{parent}/{number:03}" for parent in parents] for number in range(count)]
        for path in sum(made, []):
            os.mkdir(path)
            stack.callback(removed_folder, path)
        yield made


def read_in(folders, device):
    """A process in these cgroups reads from the device, and waits for a CPU while it does."""
    enter = "".join(f"echo $$ >{folder}/cgroup.procs;" for folder in folders)
    subprocess.run(["sh", "-c", f"{enter} exec dd if={device} of=/dev/null bs=4k count=16 "
                    "iflag=direct status=none"], check=True)


class NodeExporter(Running):
    def __init__(self):
        program = subprocess.run([f"{ROOT}/setup/peer.sh", "prometheus-node-exporter",
                                  "prometheus-node-exporter"], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout.strip()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = free.getsockname()
        super().__init__(program, f"--web.listen-address=127.0.0.1:{self.address[1]}")

    def connect(self):
        return socket.create_connection(self.address)

    def is_ready(self):
        super().is_ready()
        try:
            self.connect().close()
            return True
        except OSError:
            return False


class Control:
    """Answers by a process of ours, after a fixed piece of work: what the machine makes of that is
    no doing of the agent's."""

    def __init__(self):
        self.where = tempfile.TemporaryDirectory(prefix="fairlead-bench-")
        self.path = f"{self.where.name}/control.sock"
        self.child = 0

    def serve(self, listener):
        body = b"HTTP/1.0 200 OK\r\n\r\n" + b"0" * CONTROL_BYTES
        door = select.epoll()       # so that the kernel wakes it as it does the agent
        door.register(listener, select.EPOLLIN)
        while True:
            door.poll()
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                end = time.process_time() + CONTROL_SECONDS
                while time.process_time() < end:
                    pass
                connection.sendall(body)

    def __enter__(self):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path)
            listener.listen()
            self.child = os.fork()
            if not self.child:
                try:
                    self.serve(listener)
                finally:
                    os._exit(1)
        return self

    def __exit__(self, *_):
        os.kill(self.child, signal.SIGKILL)
        os.waitpid(self.child, 0)
        self.where.cleanup()

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.path)
        return connection


def connect_to_agent(agent):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(agent.socket)
    return connection


def run_ns(pids):
    total = 0
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
    return total


def scrape(connect, path="/metrics", headers=""):
    """Seconds and body."""
    began = time.perf_counter()
    with connect() as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n{headers}\r\n".encode())
        parts = []
        while part := connection.recv(1 << 18):
            parts.append(part)
    took = time.perf_counter() - began
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    if b" 200 " not in head[:20]:
        raise RuntimeError(f"a scrape was answered {head[:60]!r}")
    return took, body


def series(body):
    return sum(1 for line in body.splitlines() if line and not line.startswith(b"#"))


def resident_bytes(pids):
    found = {}
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            rows = dict(line.split(":", 1) for line in file if ":" in line)
        found[rows["Name"].strip()] = int(rows["VmRSS"].split()[0]) << 10
    return found


def cpu_share(pids, each_second):
    """Of one CPU, over two windows of 10 s, in each of which the kernel's files are read once."""
    began, before = time.monotonic(), run_ns(pids)
    for _ in range(20):
        each_second()
        time.sleep(1)       # what is measured
    return (run_ns(pids) - before) / 1e9 / (time.monotonic() - began)


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def measure(scrapes):
    with devices(DEVICES) as disks, cgroups(CGROUPS) as groups, Agent() as agent, \
            NodeExporter() as exporter, Control() as control:
        for number, folders in enumerate(groups):
            read_in(folders, disks[number % len(disks)])
        who = {"fairlead": (lambda: connect_to_agent(agent), agent.pids()),
               "node_exporter": (exporter.connect, family(exporter.process.pid))}
        took = {name: [] for name in who}
        spent = {name: [] for name in who}
        bodies, quiet = {}, []
        for name in list(who) * 2:      # warm
            scrape(who[name][0])
            time.sleep(TURN_SECONDS)    # the pace itself, here and below
        for turn in range(scrapes):
            for name in list(who) if turn % 2 else reversed(list(who)):
                connect, pids = who[name]
                before = run_ns(pids)
                seconds, bodies[name] = scrape(connect)
                spent[name].append(run_ns(pids) - before)
                took[name].append(seconds)
                time.sleep(TURN_SECONDS / 2)
            quiet.append(scrape(control.connect)[0])
            time.sleep(TURN_SECONDS)    # the next turn may begin with who was last in this one
        unasked = cpu_share(agent.pids(), lambda: None)
        scraped = cpu_share(agent.pids(), lambda: scrape(who["fairlead"][0]))
        return {"scrapes": scrapes, "cgroups": CGROUPS, "devices": DEVICES,
                "cpu_share_unasked": unasked,
                "cpu_share_scraped_each_second": scraped,
                "control": {"p50_seconds": statistics.median(quiet),
                            "p99_seconds": quantile(quiet, 0.99)},
                "resident_bytes": resident_bytes(agent.pids()),
                **{name: {"series": series(bodies[name]), "bytes": len(bodies[name]),
                          "p50_seconds": statistics.median(took[name]),
                          "p99_seconds": quantile(took[name], 0.99),
                          "cpu_seconds": statistics.mean(spent[name]) / 1e9,
                          "cpu_seconds_median": statistics.median(spent[name]) / 1e9}
                   for name in who}}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else 200), indent=1))
