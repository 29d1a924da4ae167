#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Metrics pushed over OTLP, to receivers of all kinds."""
import gzip
import http.server
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import GIVES_BACK, Agent, command, folder, least_resident, one_line
from tap import check, cleanup, equal, main, wait_for

REQUEST = "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest"
SERVICE = "opentelemetry/proto/collector/metrics/v1/metrics_service.proto"


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it is sent; answers with what .answers has, then with 200."""
    daemon_threads = True
    block_on_close = False

    def __init__(self, tls=None, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.requests, self.answers, self.times = [], [], []
        self.port = self.server_address[1]
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        cleanup(self.stop)

    def stop(self):
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        pass        # a client that does not like our certificate

    def url(self, scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}"

    def wait(self, count, seconds=15):
        wait_for(lambda: len(self.requests) >= count, f"{count} pushes", seconds)
        return self.requests[count - 1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        server.times.append(time.monotonic())
        status, headers = server.answers.pop(0) if server.answers else (200, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if status == 200:
            server.requests.append((self.path, self.headers, body))

    def log_message(self, *_):
        pass


def pushing(url, *words, **options):
    return Agent("--otlp-endpoint", url, "--otlp-interval", "1s", *words, no_proxy="*", **options)


def decoded(body):
    """The request in protobuf's text form, by the official files."""
    return subprocess.run(["protoc", "-I", "/usr/include", f"--decode={REQUEST}", SERVICE],
                          input=body, capture_output=True, check=True).stdout.decode()


def points(text):
    """{name: {attributes: value}} of sums and gauges."""
    found = {}
    for metric in re.split(r"(?=^    metrics \{$)", text, flags=re.MULTILINE)[1:]:
        name = re.search(r'name: "(.*)"', metric).group(1)
        for point in re.split(r"(?=^        data_points \{$)", metric, flags=re.MULTILINE)[1:]:
            value = re.search(r"as_(?:int|double): (\S+)", point)
            keys = tuple(re.findall(r'(?:key: |string_value: |int_value: )"?([^"\n]*)"?\n', point))
            if value:
                found.setdefault(name, {})[keys] = float(value.group(1))
    return found


def state(agent):
    return agent.json("/v1/snapshot")["agent"]["otlp"]


def lost(agent, where):
    return {row["where"]: row["count_total"]
            for row in agent.json("/v1/snapshot")["losses"]}[where]


def test_numbers():
    "what is pushed are the node's numbers, readable by the official files"
    receiver = Receiver()
    agent = pushing(receiver.url(), NODE_NAME="worker-7")
    path, headers, body = receiver.wait(2)
    equal(path, "/v1/metrics", "path")
    equal(headers["Content-Type"], "application/x-protobuf", "type")
    equal(headers["Content-Encoding"], "gzip", "coding")
    check(headers["User-Agent"].startswith("fairlead/"), "user agent")
    text = decoded(gzip.decompress(body))
    check('key: "k8s.node.name"' in text and '"worker-7"' in text, "the node's name")
    check('name: "fairlead.sched.wait"' in text and "exponential_histogram" in text, "histogram")
    first, then = points(text), agent.json("/v1/snapshot?for=1ms")
    equal(first["system.memory.limit"][()], then["memory"]["total_bytes"], "memory")
    for disk in then["disks"]:
        for op, counts in disk["operations"].items():
            key = ("system.device", disk["name"], "disk.io.direction", op)
            ios = first["system.disk.operations"].get(key, 0)   # it may be new since
            check(ios <= counts["ios_total"], f"{disk['name']} {op}")
    check(sum(first["system.disk.operations"].values()) > 0, "nobody did anything")
    key = ("network.interface.name", "lo", "network.io.direction", "receive")
    check(first["system.network.io"][key] > 0, "loopback")
    equal(agent.stop(), 0, "exit status")


def test_plain():
    "without compression the body is the message itself"
    receiver = Receiver()
    pushing(receiver.url() + "/in/metrics", "--otlp-compression", "none")
    path, headers, body = receiver.wait(1)
    equal(path, "/in/metrics", "path")
    check("Content-Encoding" not in headers, "coding")
    check("system.disk.io" in decoded(body), "no metrics")


def test_start_times():
    "sums begin at the same moments in every push"
    receiver = Receiver()
    pushing(receiver.url(), "--otlp-compression", "none")
    begins = [set(re.findall(r"start_time_unix_nano: (\d+)", decoded(receiver.wait(n)[2])))
              for n in (1, 2)]
    equal(len(begins[0]), 2, "load and boot")
    equal(begins[0], begins[1], "moments")


def test_retry():
    "429 is tried again, not before Retry-After, and 503 too"
    receiver = Receiver()
    receiver.answers = [(429, {"Retry-After": "2"}), (503, {})]
    agent = pushing(receiver.url())
    receiver.wait(1)
    check(receiver.times[1] - receiver.times[0] >= 1.9, f"too early: {receiver.times}")
    check(receiver.times[2] - receiver.times[1] >= 0.9, f"too early: {receiver.times}")
    wait_for(lambda: state(agent)["retries_total"] == 2, "two retries")
    receiver.wait(4)
    equal(lost(agent, "otlp_queue"), 0, "lost")


def test_refused():
    "what the receiver refuses is dropped, counted and said"
    receiver = Receiver()
    receiver.answers = [(400, {}), (302, {"Location": "http://127.0.0.1:1/"})]
    agent = pushing(receiver.url())
    receiver.wait(1)
    equal(lost(agent, "otlp_refused"), 2, "refused")
    equal(state(agent)["retries_total"], 0, "retries")
    check("a push failed" in agent.log() and "400" in agent.log(), agent.log())


def healthy_at_once(agent):
    begin = time.monotonic()
    equal(agent.get("/healthz")[0], 200, "health")
    check(time.monotonic() - begin < 0.5, "it did not answer at once")


def test_refusals_between_good_ones():
    "refusals between good pushes are logged: the first at once, then one line for 10 s of them"
    receiver = Receiver()
    receiver.answers = [(200, {}), (400, {}), (200, {})] + 4 * [(400, {}), (200, {})]
    agent = pushing(receiver.url(), "--log-rate", "0")
    said = re.compile(r"the receiver refused pushes=(\d+) endpoint=\S+ why=\".*400.*\"")
    wait_for(lambda: said.search(agent.log()), "the first refusal to be said", 15)
    check(lost(agent, "otlp_refused") <= 2, "it is said late")
    wait_for(lambda: lost(agent, "otlp_refused") == 5, "all refusals", 25, 0.2)
    equal(agent.stop(), 0, "exit status")
    counts = [int(count) for count in said.findall(agent.log())]
    check(sum(counts) == 5 and len(counts) <= 3, counts)


def test_gone():
    "a receiver that is gone costs nothing but pushes, and gets them when it is back"
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    agent = pushing(f"http://127.0.0.1:{port}")
    wait_for(lambda: state(agent)["waiting"] >= 3, "pushes that wait", 20)
    check(state(agent)["failing"] and state(agent)["why"], "it says nothing")
    check("OTLP push" in agent.get("/v1/doctor")[2].decode(), "the doctor says nothing")
    healthy_at_once(agent)
    receiver = Receiver(port=port)
    receiver.wait(4)
    wait_for(lambda: not state(agent)["waiting"], "an empty queue", 20)
    equal(lost(agent, "otlp_given_up"), 0, "lost")
    equal(agent.stop(), 0, "exit status")


def test_silent():
    "a receiver that takes connections and never reads holds nobody, not even the end"
    listener = socket.create_server(("127.0.0.1", 0), backlog=1)
    cleanup(listener.close)
    agent = pushing(f"http://127.0.0.1:{listener.getsockname()[1]}", "--otlp-timeout", "1s",
                    "--drain-timeout", "1s")
    wait_for(lambda: state(agent)["retries_total"] >= 1, "a time-out", 20)
    healthy_at_once(agent)
    begin = time.monotonic()
    equal(agent.stop(), 0, "exit status")
    check(time.monotonic() - begin < 3, "the end took too long")
    check("not delivered" in agent.log(), agent.log())


def test_last():
    "the last state is pushed when the agent is told to stop"
    receiver = Receiver()
    agent = Agent("--otlp-endpoint", receiver.url(), "--otlp-interval", "1h", no_proxy="*")
    equal(agent.stop(), 0, "exit status")
    equal(len(receiver.requests), 1, "pushes")
    check("not delivered" not in agent.log(), agent.log())


def certificates(where):
    """An authority, a server and a client of it: paths without their endings."""
    def run(*words):
        subprocess.run(["openssl", *words], cwd=where, check=True, capture_output=True)
    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
        "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    for name in ("server", "client"):
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{name}.key",
            "-out", f"{name}.csr")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
            "-copy_extensions", "copy", "-out", f"{name}.pem")
    os.chmod(f"{where}/client.key", 0o644)      # the agent's user is none that we know by name


def test_tls():
    "TLS with an authority of one's own, a certificate to show, and headers from a file"
    where = folder()
    certificates(where)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(f"{where}/server.pem", f"{where}/server.key")
    tls.load_verify_locations(f"{where}/ca.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    receiver = Receiver(tls)
    secret = f"{where}/headers"
    with open(secret, "w", encoding="utf-8") as file:
        file.write("Authorization: Bearer s3cret\nX-Scope-OrgID: tenant-1\n")
    os.chmod(secret, 0o400)
    os.chown(secret, 64990, 64990)
    words = ("--otlp-certificate", f"{where}/client.pem", "--otlp-key", f"{where}/client.key",
             "--otlp-headers-file", secret, "--user", "64990")
    agent = pushing(receiver.url("https"), "--otlp-ca", f"{where}/ca.pem", *words)
    _, headers, _ = receiver.wait(1)
    equal(headers["Authorization"], "Bearer s3cret", "token")
    equal(headers["X-Scope-OrgID"], "tenant-1", "tenant")
    equal(agent.stop(), 0, "exit status")
    stranger = pushing(receiver.url("https"), *words)   # the system does not know our authority
    wait_for(lambda: "certificate" in state(stranger)["why"], "a refusal", 20)
    for one in (agent, stranger):
        check("s3cret" not in one.log(), "the secret is in the log")
    check("s3cret" not in str(stranger.json("/v1/snapshot")), "the secret is in the snapshot")


def test_reload():
    "a reload starts a push, moves it, and stops it"
    first, second = Receiver(), Receiver()
    agent = Agent(config="{}", no_proxy="*")
    equal(state(agent), None, "without an endpoint")
    threads = f"/proc/{agent.process.pid}/task"
    before = len(os.listdir(threads))

    def reload(text):
        count = agent.log().count("reloaded")
        agent.write_config(text)
        agent.signal(signal.SIGHUP)
        wait_for(lambda: agent.log().count("reloaded") > count, "the reload")
    reload(f"otlp: {{endpoint: '{first.url()}', interval: 1s}}")
    first.wait(1)
    reload(f"otlp: {{endpoint: '{second.url()}', interval: 1s}}")
    second.wait(1)
    equal(agent.json("/v1/snapshot")["agent"]["otlp"]["failing"], False, "failing")
    reload("{}")
    equal(state(agent), None, "stopped")
    check(len(os.listdir(threads)) <= before + 1, "a thread is left")   # the worker's may stay
    reload(f"otlp: {{endpoint: '{second.url()}', headers_file: '{agent.config}.none'}}")
    check("not reloaded" in agent.log() and "otlp.headers_file" in agent.log(), agent.log())
    equal(state(agent), None, "after a bad reload")


def refused(*words, parts, status=2):
    result = command("agent", "--socket", f"{folder()}/s", "--state-dir", f"{folder()}/state", *words)
    one_line(result, status, *parts)


def test_wrong():
    "wrong settings are one line and exit status 2"
    for url, part in (("collector:4318", "http://"), ("ftp://a", "http://"), ("http://", "a host"),
                      ("http://a:0/", "a port"), ("http://a:66000", "a port"),
                      ("https://me:secret@a/", "otlp.headers_file"), ("http://a/?x#y", "path"),
                      ("http://a b/", "character"), ("http://[::1/", "a host")):
        refused("--otlp-endpoint", url, parts=("otlp.endpoint", part))
    refused("--otlp-key", "/x", parts=("otlp.certificate", "go together"))
    refused("--otlp-endpoint", "http://a", "--otlp-ca", "/x", parts=("is http", "https"))
    refused("--otlp-endpoint", "https://a", "--otlp-ca", "/none/x",
            parts=("otlp.ca", "/none/x", "No such file"))
    secret = f"{folder()}/headers"
    with open(secret, "w", encoding="utf-8") as file:
        file.write("Authorization: Bearer s3cret\n")
    os.chmod(secret, 0o644)
    refused("--otlp-endpoint", "http://a", "--otlp-headers-file", secret,
            parts=("otlp.headers_file", "mode 0644"))
    refused("--otlp-interval", "10ms", parts=("otlp-interval",))


def test_bounded():
    "a queue that is full drops the oldest and counts, and memory does not grow"
    listener = socket.create_server(("127.0.0.1", 0), backlog=1)
    cleanup(listener.close)
    agent = pushing(f"http://127.0.0.1:{listener.getsockname()[1]}", "--otlp-timeout", "5m",
                    "--drain-timeout", "0s")
    wait_for(lambda: state(agent)["waiting"] >= 2, "pushes that wait", 20)
    before = least_resident(agent)
    # 64 have room, and one comes a second.
    wait_for(lambda: lost(agent, "otlp_queue") >= 3, "drops", 90, every=0.5)
    equal(state(agent)["waiting"], 64, "waiting")
    grown = least_resident(agent) - before
    check(not GIVES_BACK or grown < 3 << 20, f"grew by {grown} bytes")
    healthy_at_once(agent)


test_bounded.limit_seconds = 120

if __name__ == "__main__":
    main(needs_root=True)
