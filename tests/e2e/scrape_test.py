#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The port of metrics_listen, and /metrics under bad scrapers."""
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import FAIRLEAD, Agent, command, one_line, read_to_end, resident
from mounts import cgroup2
from tap import check, cleanup, equal, main, wait_for

REQUEST = b"GET /metrics HTTP/1.0\r\n\r\n"
GROWTH_BYTES = 12 << 20     # of the agent under whatever: a few bodies at once, and no more
KEPT_BYTES = 2 << 20        # of that, when all of it is over
# The sanitizer shall not keep what is free for longer, either.
FREE = {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:quarantine_size_mb=0"}


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as free:
        return free.getsockname()[1]


def ask(address, path="/metrics"):
    """Status and body over TCP."""
    with socket.create_connection(address, 20) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def is_open(port):
    try:
        return ask(("127.0.0.1", port), "/healthz")[0] == 200
    except ConnectionError:
        return False


def lost(agent, where):
    found = re.search(rb'fairlead_lost_total{where="%s"} (\d+)' % where.encode(), agent.send(REQUEST))
    return int(found[1])


def many_cgroups(agent):
    """So many, and of such long names, that an answer does not fit the buffer of a socket."""
    parent = f"{cgroup2()}/fairlead-test-{os.getpid()}-{'x' * 180}"
    paths = [parent, *(f"{parent}/{number}-{'x' * 200}" for number in range(250))]
    for path in paths:
        os.mkdir(path)
        cleanup(lambda path=path: wait_for(lambda: removed(path), f"the end of {path[-20:]}"))

    def fill():
        for path in paths:
            subprocess.run(["sh", "-c", 'echo $$ >"$0/cgroup.procs"; exec true', path], check=True)
        return len(agent.send(REQUEST)) > 800_000
    wait_for(fill, "an answer of 800 KB")


def removed(path):
    with contextlib.suppress(OSError):
        os.rmdir(path)
    return not os.path.exists(path)


def test_the_port_has_no_more_than_metrics():
    "the port of metrics_listen has /metrics, /healthz and /readyz and nothing else"
    for host in ("127.0.0.1", "::1"):
        port = free_port(host)
        shown = f"[{host}]" if ":" in host else host
        agent = Agent("--metrics-listen", f"{shown}:{port}")
        address = (host, port)
        status, body = ask(address)
        check(status == 200 and b"fairlead_build_info" in body, status)
        equal([ask(address, path)[0] for path in ("/healthz", "/readyz", "/v1/snapshot",
                                                  "/v1/doctor", "/v1/snapshot?for=1m", "/")],
              [200, 200, 404, 404, 404, 404], "answers")
        equal(agent.stop(), 0, "exit status")


def test_wrong_addresses_are_refused():
    "an address that is none, a name, and a port that is taken are each refused with one line"
    for text in ("9464", "localhost:9464", "127.0.0.1:0", "[::1]", "1.2.3.4:65536"):
        one_line(command("agent", "--check", "--metrics-listen", text), 2, "metrics_listen", text)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        agent = Agent("--metrics-listen", address, ready=False)
        equal(agent.process.wait(20), 1, "exit status")
        lines = agent.log().splitlines()
        check(lines == [f"fairlead: metrics_listen: cannot listen on {address}: Address already in "
                        "use: choose another port, or stop who has it"], lines)


def test_a_reload_moves_the_port():
    "a reload opens, moves and closes the port, and keeps the old one when the new one is taken"
    first, second = free_port(), free_port()
    agent = Agent(config="log:\n  level: info\n")

    def reload(address):
        agent.write_config(f"metrics_listen: '{address}'\n")
        agent.signal(signal.SIGHUP)
    check(not is_open(first), "off unless configured")
    reload(f"127.0.0.1:{first}")
    wait_for(lambda: is_open(first), "the port")
    reload(f"0.0.0.0:{first}")
    wait_for(lambda: f"to=0.0.0.0:{first}" in agent.log(), "the reload to be told")
    check(is_open(first), "open on all addresses")
    with socket.create_server(("127.0.0.1", second)):
        reload(f"127.0.0.1:{second}")
        wait_for(lambda: "not reloaded" in agent.log(), "the refusal")
        check(is_open(first), "the port before is kept")
    reload(f"127.0.0.1:{second}")
    wait_for(lambda: is_open(second) and not is_open(first), "the port to move")
    reload("off")
    wait_for(lambda: not is_open(second), "the port to close")
    equal(agent.stop(), 0, "exit status")


def test_idle_connections_do_not_starve_scrapes():
    "two hundred idle connections on the port of metrics_listen do not keep a scrape waiting"
    port = free_port()
    agent = Agent("--metrics-listen", f"127.0.0.1:{port}")
    idle = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(200)]
    began = time.monotonic()
    status, body = ask(("127.0.0.1", port))
    took = time.monotonic() - began
    check(status == 200 and took < 3, (status, took))
    found = re.search(rb'lost_total\{where="http_cut_off"\} (\d+)', body)
    check(int(found[1]) >= 200 - 32, found[0])
    for connection in idle:
        connection.close()
    equal(agent.stop(), 0, "exit status")


def test_scrapers_who_never_read_are_cut_off():
    "scrapers who never read their answers are cut off and counted; others are answered"
    agent = Agent(**FREE)
    many_cgroups(agent)
    before, began = resident(agent), lost(agent, "http_cut_off")
    body = None
    for _ in range(40):
        older = body
        guest = agent.connect()
        cleanup(guest.close)
        guest.sendall(REQUEST)
        body = agent.send(REQUEST)      # answered while the guest blocks his
        check(b" 200 " in body[:20], body[:60])
        if older == body:               # two guests have one body, the next ones another
            wait_for(lambda: agent.send(REQUEST) != older, "the next body")
    check(lost(agent, "http_cut_off") > began, "nobody was cut off")
    check(resident(agent) - before < GROWTH_BYTES, (before, resident(agent)))
    wait_for(lambda: lost(agent, "http_cut_off") >= began + 40, "the others to be cut off", 45, 0.2)
    if "/san/" not in FAIRLEAD:     # whose allocator keeps what it once had
        wait_for(lambda: resident(agent) - before < KEPT_BYTES,
                 f"memory to be given back: {before} bytes and then {resident(agent)}", 15)
    wait_for(lambda: agent.json("/v1/snapshot")["agent"]["connections"] <= 1, "their leaving")
    equal(agent.stop(), 0, "exit status")


def test_two_hundred_scrapers_at_once():
    "of two hundred scrapers at once every one has his answer, and memory is given back"
    agent = Agent(**FREE)
    agent.send(REQUEST)
    before = resident(agent)
    start, answers = threading.Barrier(200), []

    def one(number):
        coding = b"Accept-Encoding: gzip\r\n" if number % 2 else b""
        start.wait()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(agent.socket)    # without a time limit: it waits its turn
            connection.settimeout(40)
            connection.sendall(b"GET /metrics HTTP/1.0\r\n" + coding + b"\r\n")
            answers.append(read_to_end(connection))
    threads = [threading.Thread(target=one, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(sum(b" 200 " in answer[:20] for answer in answers), 200, "answers")
    check(resident(agent) - before < GROWTH_BYTES, (before, resident(agent)))


def test_a_stopped_agent_goes_on():
    "an agent that is stopped for seconds under scraping goes on, and counts the beats it missed"
    agent = Agent()
    before = lost(agent, "beats")
    guests = [agent.connect() for _ in range(20)]
    agent.signal(signal.SIGSTOP)
    for guest in guests:
        guest.sendall(REQUEST)
    time.sleep(3)       # the fault itself
    agent.signal(signal.SIGCONT)
    for guest in guests:
        check(b" 200 " in read_to_end(guest)[:20], "answered when it goes on")
        guest.close()
    wait_for(lambda: lost(agent, "beats") >= before + 20, "missed beats to be counted")
    equal(agent.get("/readyz")[0], 200, "ready")
    equal(agent.stop(), 0, "exit status")


if __name__ == "__main__":
    main(needs_root=True)
