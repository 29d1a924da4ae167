#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""VictoriaMetrics of Debian takes what the agent pushes, and gives the snapshot's numbers back.

A relay between the two keeps every body, so that protoc can read it as well.  The agent pushes once
more when it is told to stop; what it then says on its socket is compared with what a query gives."""
import gzip
import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import folder, prove, removed, run, scaled

from running import Agent, Running, until

PUSHES = 60
REQUEST = "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest"
SERVICE = "opentelemetry/proto/collector/metrics/v1/metrics_service.proto"
HOW = "tests/prove/prove.sh see otlp"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Relay(http.server.ThreadingHTTPServer):
    """Hands pushes on, and keeps them: (status that came back, body)."""
    daemon_threads = True

    def __init__(self, target):
        super().__init__(("127.0.0.1", 0), RelayHandler)
        self.target, self.kept = target, []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class RelayHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):      # noqa: N802, the library's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver = http.client.HTTPConnection("127.0.0.1", self.server.target)
        receiver.request("POST", "/opentelemetry/v1/metrics", body,
                         {name: self.headers[name] for name in ("Content-Type", "Content-Encoding")})
        answer = receiver.getresponse()
        said = answer.read()
        self.server.kept.append((answer.status, gzip.decompress(body)))
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


def readable(body):
    """Does protoc read it by the official files, without a field that these do not know?"""
    out = subprocess.run(["protoc", "-I", "/usr/include", f"--decode={REQUEST}", SERVICE],
                         input=body, capture_output=True, check=False)
    return out.returncode == 0 and not re.search(rb"^ *\d+: ", out.stdout, re.MULTILINE)


class Database(Running):
    def __init__(self, tool, where):
        self.port = free_port()
        super().__init__(tool, f"-httpListenAddr=127.0.0.1:{self.port}", f"-storageDataPath={where}",
                         "-search.latencyOffset=0s")

    def get(self, path, **arguments):
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(arguments)}"
        return urllib.request.urlopen(url, timeout=30).read()

    def is_ready(self):
        super().is_ready()
        try:
            return self.get("/health") == b"OK"
        except OSError:
            return False

    def last(self, name):
        """{labels: the newest value} of a metric."""
        self.get("/internal/force_flush")
        lines = self.get("/api/v1/export", **{"match[]": f'{{__name__="{name}"}}',
                                              "end": int(time.time()) + 60}).splitlines()
        rows = [json.loads(line) for line in lines]
        return {frozenset(row["metric"].items()): row["values"][-1] for row in rows}


def find(values, **labels):
    """The one value whose labels have these."""
    wanted = {(name.replace("__", "."), value) for name, value in labels.items()}
    found = [value for key, value in values.items() if wanted <= key]
    return found[0] if len(found) == 1 else None


def snapshot(agent):
    out = run("curl", "-sS", "--unix-socket", agent.socket, "http://fairlead/v1/snapshot?for=1ms")
    return json.loads(out.stdout)


def compare(before, after, database):
    """[(what, least, got, most)]: a push is between two snapshots, so are its numbers."""
    rows = []

    def between(what, least, got, most):
        rows.append((what, least, got, most))

    ios, sizes = database.last("system.disk.operations"), database.last("system.disk.io")
    for old, new in zip(before["disks"], after["disks"]):
        if old["name"] != new["name"]:
            continue
        for op, counts in old["operations"].items():
            labels = {"system__device": old["name"], "disk__io__direction": op}
            between(f"I/Os {old['name']} {op}", counts["ios_total"], find(ios, **labels),
                    new["operations"][op]["ios_total"])
            between(f"bytes {old['name']} {op}", counts["bytes_total"], find(sizes, **labels),
                    new["operations"][op]["bytes_total"])
    count, total = (database.last(f"fairlead.sched.wait_{end}") for end in ("count", "sum"))
    for old, new in zip(before["cpus"], after["cpus"]):
        labels = {"cpu__logical_number": str(old["cpu"])}
        between(f"waits cpu{old['cpu']}", old["waits_total"], find(count, **labels),
                new["waits_total"])
        between(f"waited ns cpu{old['cpu']}", old["wait_seconds_total"] * 1e9 - 1,
                find(total, **labels), new["wait_seconds_total"] * 1e9 + 1)
    limit = database.last("system.memory.limit")
    between("memory", before["memory"]["total_bytes"], find(limit), after["memory"]["total_bytes"])
    network = database.last("system.network.io")
    for old, new in zip(before["network"], after["network"]):
        for ours, theirs in (("received", "receive"), ("sent", "transmit")):
            between(f"bytes {old['name']} {ours}", old[ours]["bytes_total"],
                    find(network, network__interface__name=old["name"],
                         network__io__direction=theirs), new[ours]["bytes_total"])
    return rows


def buckets_agree(database):
    """The buckets that were stored have together what the count says."""
    counts = database.last("fairlead.sched.wait_count")
    buckets = database.last("fairlead.sched.wait_bucket")
    for key, count in counts.items():
        cpu = dict(key)["cpu.logical_number"]
        sums = sum(value for labels, value in buckets.items()
                   if dict(labels)["cpu.logical_number"] == cpu)
        if sums != count:
            return False
    return bool(counts)


def measure(tool, where):
    with Database(tool, f"{where}/data") as database:
        relay = Relay(database.port)
        os.environ["no_proxy"] = "*"
        with Agent(None, "--otlp-endpoint", f"http://127.0.0.1:{relay.server_address[1]}",
                   "--otlp-interval", "1s") as agent:
            pushes = scaled(PUSHES, 5)
            until(lambda: len(relay.kept) >= pushes, f"{pushes} pushes", 5 * pushes)
            rows = between_two(agent, relay, database)
            agent.process.send_signal(signal.SIGTERM)
            agent.process.wait(30)
        same = buckets_agree(database)
        relay.shutdown()
    return rows, same, relay.kept


def between_two(agent, relay, database):
    """A snapshot right before a push and one right after it."""
    seen, before = len(relay.kept), snapshot(agent)

    def pushed():
        nonlocal before
        now = snapshot(agent)
        if len(relay.kept) > seen:      # this one may be from before or after it
            return True
        before = now
        return False
    until(pushed, "a push", 10)
    return compare(before, snapshot(agent), database)


def prove_otlp(proof):
    tool = run("setup/peer.sh", "victoria-metrics", "victoria-metrics", "trixie").stdout.strip()
    where = folder()
    try:
        rows, same, kept = measure(tool, where)
    finally:
        removed(where)
    wrong = [row for row in rows if row[2] is None or not row[1] <= row[2] <= row[3]]
    proof.claim("a query gives the snapshot's numbers", how=HOW,
                limit="each between those of the snapshots right before and after the push",
                figure={"compared": len(rows), "different": len(wrong)},
                pairs={"columns": ["what", "before", "query", "after"], "rows": wrong or rows},
                holds=bool(rows) and not wrong)
    proof.claim("the buckets of every stored distribution have its count", how=HOW,
                limit="all of them", figure={"agree": same}, holds=same)
    statuses = sorted({status for status, _ in kept})
    unread = sum(not readable(body) for _, body in kept)
    proof.claim("every push is taken, and read by protoc with the official files", how=HOW,
                limit="status 2xx, no field unknown", holds=not unread and statuses in ([200], [204]),
                figure={"pushes": len(kept), "statuses": statuses, "unread": unread,
                        "bytes each": max(len(body) for _, body in kept)})


if __name__ == "__main__":
    prove(prove_otlp)
