#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus scrapes the agent for a minute, and has nothing to say about it.

A relay between the two names the format that is asked for, and notes which one came."""
import http.client
import http.server
import json
import os
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

SECONDS = 60
FORMATS = {"text": "text/plain; version=0.0.4", "openmetrics": "application/openmetrics-text",
           "protobuf": "application/vnd.google.protobuf"}
HOW = "tests/prove/prove.sh see prometheus"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


class Relay:
    """Hands a scrape on to the agent; accept stands in for the header, "" keeps the server's."""

    def __init__(self, target, accept=""):
        self.types, relay = {}, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):       # noqa: N802, the library's name
                agent = http.client.HTTPConnection("127.0.0.1", target)
                headers = {"Accept": accept or self.headers["Accept"]}
                if "Accept-Encoding" in self.headers:
                    headers["Accept-Encoding"] = self.headers["Accept-Encoding"]
                agent.request("GET", self.path, headers=headers)
                answer = agent.getresponse()
                body = answer.read()
                kind = answer.getheader("Content-Type"), answer.getheader("Content-Encoding")
                relay.types[kind] = relay.types.get(kind, 0) + 1
                self.send_response(answer.status)
                for name in ("Content-Type", "Content-Encoding"):
                    if answer.getheader(name):
                        self.send_header(name, answer.getheader(name))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Prometheus(Running):
    def __init__(self, where, port, *words):
        with open(f"{where}/prometheus.yml", "w", encoding="utf-8") as file:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                       "scrape_configs": [{"job_name": "fairlead", "static_configs": [
                           {"targets": [f"127.0.0.1:{port}"]}]}]}, file)
        self.log = f"{where}/log"
        self.port = free_port()
        super().__init__(
            "sh", "-c", 'log=$1; shift; exec "$@" 2>"$log"', "-", self.log,
            run("setup/peer.sh", "prometheus", "prometheus").stdout.strip(),
            f"--config.file={where}/prometheus.yml", f"--storage.tsdb.path={where}/data",
            f"--web.listen-address=127.0.0.1:{self.port}", *words)

    def ask(self, query):
        """Values of an instant query."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?query={urllib.parse.quote(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return [float(row["value"][1]) for row in json.load(answer)["data"]["result"]]

    def is_ready(self):
        super().is_ready()
        try:
            return bool(self.ask("vector(1)"))
        except OSError:
            return False

    def complaints(self):
        with open(self.log, encoding="utf-8") as file:
            return [line for line in file if "level=info" not in line]


def scraped(port, kind):
    where = folder()
    try:
        words = ["--enable-feature=native-histograms"] if kind == "protobuf" else []
        with Relay(port, FORMATS["text"] if kind == "text" else "") as relay, \
                Prometheus(where, relay.port, *words) as server:
            seconds = scaled(SECONDS, 5)
            until(lambda: server.ask("up"), "the first scrape")
            time.sleep(seconds + 1)     # what is claimed: it scrapes for so long
            native = server.ask("sum(histogram_count(fairlead_sched_wait_seconds))")
            return {"seconds": seconds, "complaints": server.complaints(),
                    "up": server.ask(f"min_over_time(up[{seconds}s])"),
                    "scrapes": server.ask(f"count_over_time(up[{seconds}s])"),
                    "samples": server.ask("scrape_samples_scraped"),
                    "native observations": native,
                    "types": [[*key, count] for key, count in relay.types.items()]}
    finally:
        removed(where)


def well(found, kind):
    return (not found["complaints"] and found["up"] == [1] and found["samples"][0] > 100
            and found["scrapes"][0] >= found["seconds"] - 2
            and bool(found["native observations"]) == (kind == "protobuf")
            and all(row[0].startswith(FORMATS[kind]) for row in found["types"]))


def prove_prometheus(proof):
    port = free_port()
    with Agent(None, "--metrics-listen", f"127.0.0.1:{port}"):
        for kind in FORMATS:
            found = scraped(port, kind)
            proof.claim(f"Prometheus scrapes {kind}", how=HOW, pairs=found, figure={
                            "scrapes": found["scrapes"], "samples": found["samples"],
                            "warnings": len(found["complaints"]), "types": found["types"],
                            **({"native observations": found["native observations"]}
                               if kind == "protobuf" else {})},
                        limit="no scrape fails, no line in its log above info; native histograms "
                              "where it asks for protobuf", holds=well(found, kind))
        body = run("curl", "-sf", f"http://127.0.0.1:{port}/metrics").stdout
        tool = run("setup/peer.sh", "prometheus", "promtool").stdout.strip()
        said = subprocess.run([tool, "check", "metrics"], text=True, check=False, input=body, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        proof.claim("promtool check metrics", how=f"{HOW}: promtool check metrics",
                    figure={"lines": len(body.splitlines()), "said": said.stdout},
                    limit="says nothing, exit status 0",
                    holds=said.returncode == 0 and not said.stdout and len(body) > 1000)


if __name__ == "__main__":
    prove(prove_prometheus)
