# SPDX-License-Identifier: Apache-2.0
"""The door under bad guests."""
import contextlib
import json
import os
import re
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import Agent, command, read_to_end
from tap import check, equal, main, wait_for


def problem(answer, status):
    """RFC 9457, with the right status."""
    got, head, body = answer
    equal(got, status, "status")
    check("application/problem+json" in head, head)
    equal(json.loads(body)["status"], status, "status in the body")
    return head


def test_errors_are_problem_documents():
    "errors are problem documents with the right status"
    agent = Agent()
    problem(agent.get("/nothing"), 404)
    problem(agent.get("/../etc/passwd"), 404)
    check("Allow: GET, HEAD" in problem(agent.get("/healthz", "POST"), 405), "no Allow header")
    problem(agent.get("/v1/snapshot?for=5parsecs"), 400)
    problem(agent.get("/v1/snapshot?for=2m"), 400)


def test_head_has_no_body():
    status, head, body = Agent().get("/v1/snapshot", "HEAD")
    equal((status, body), (200, b""), "answer")
    check("Content-Length: " in head, head)


def test_garbage_harms_nobody():
    "garbage, an endless header and a body nobody asked for harm nobody"
    agent = Agent()
    for data in (os.urandom(4096), b"GET / HTTP/1.1\r\nX: " + b"a" * 100000,
                 b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n" + b"x" * 70000,
                 b"\r\n" * 1000, b"GET /\xff\xfe%00%ff HTTP/1.1\r\nHost: x\r\n\r\n",
                 b"GET /healthz HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
        try:
            with agent.connect(1) as connection:
                connection.sendall(data)
                connection.shutdown(1)
                read_to_end(connection)
        except OSError:
            pass        # being cut off is an answer
    equal(agent.get("/healthz")[0], 200, "healthz")


def test_slow_guests_leave_room_for_others():
    "connections beyond the limit are turned away, and there is room again after them"
    agent = Agent("--http-connections", "4")
    slow = [agent.connect() for _ in range(4)]
    for connection in slow:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
    wait_for(lambda: not answers(agent), "the door to be full")
    for connection in slow:
        connection.close()
    wait_for(lambda: answers(agent), "room again")


def answers(agent):
    try:
        with agent.connect(0.5) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return b" 200 " in read_to_end(connection)
    except OSError:
        return False


def test_idle_guests_make_room():
    "two hundred idle guests keep nobody out, and what is under way is not cut for a newcomer"
    agent = Agent()
    slow = agent.connect()
    slow.sendall(b"GET /v1/snapshot?for=3s HTTP/1.0\r\n\r\n")
    wait_for(lambda: agent.json("/v1/snapshot")["agent"]["connections"] >= 2, "the slow guest")
    idle = [socket.socket(socket.AF_UNIX) for _ in range(200)]
    for guest in idle:
        guest.connect(agent.socket)     # without a time limit: it waits its turn
    began = time.monotonic()
    answer = command("snapshot", "-o", "json", "--socket", agent.socket)
    took = time.monotonic() - began
    check(answer.returncode == 0 and took < 3, (answer.stderr, took))
    lost = {row["where"]: row["count_total"] for row in json.loads(answer.stdout)["losses"]}
    check(lost["http_cut_off"] >= 200 - 64, lost)
    check(b" 200 " in read_to_end(slow)[:20], "the one who came first has his answer")
    for guest in idle:
        guest.close()
    equal(agent.stop(), 0, "exit status")


def test_waiting_windows_are_bounded():
    "more than 16 requests that wait for a window are told to come again"
    agent = Agent()
    waiting = [agent.connect() for _ in range(16)]
    for connection in waiting:
        connection.sendall(b"GET /v1/snapshot?for=50s HTTP/1.0\r\n\r\n")
    wait_for(lambda: agent.json("/v1/snapshot")["agent"]["connections"] >= 16, "the guests")
    check("Retry-After" in problem(agent.get("/v1/snapshot?for=50s"), 429), "no Retry-After")
    for connection in waiting:
        connection.close()
    equal(agent.stop(), 0, "exit status")


def test_a_guest_that_leaves_early_is_forgotten():
    "a guest that leaves while its window runs is forgotten"
    agent = Agent()
    with agent.connect() as connection:
        connection.sendall(b"GET /v1/snapshot?for=300ms HTTP/1.0\r\n\r\n")
        wait_for(lambda: agent.json("/v1/snapshot")["agent"]["connections"] >= 2, "the guest")
    wait_for(lambda: agent.json("/v1/snapshot")["agent"]["connections"] == 1, "its leaving")
    equal(agent.stop(), 0, "exit status")


def test_abandoned_windows_are_free_again():
    "requests for a window whose clients hung up make room for others at once"
    agent = Agent()
    for _ in range(3):
        guests = [agent.connect() for _ in range(16)]
        for guest in guests:
            guest.sendall(b"GET /v1/snapshot?for=1m HTTP/1.0\r\n\r\n")
        # the last one is answered by 429, so all of them were let in
        wait_for(lambda: agent.get("/v1/snapshot?for=1ms")[0] == 429, "the door to be full")
        for guest in guests:
            guest.close()
        wait_for(lambda: agent.get("/v1/snapshot?for=1ms")[0] == 200, "room")
    equal(agent.stop(), 0, "exit status")


def test_arguments_that_nobody_asked_for_are_refused():
    "arguments that are unknown, empty or given twice are refused"
    agent = Agent()
    for query in ("fro=1s", "for", "for=1ms&for=2ms", "for=1ms&x=1", "For=1s"):
        equal(agent.get(f"/v1/snapshot?{query}")[0], 400, query)


def test_a_guest_who_says_nothing_whole_is_shown_out():
    "a guest who sends byte after byte and no whole request is shown out after 10 s"
    agent = Agent()
    guest = agent.connect()
    began = time.monotonic()
    with contextlib.suppress(OSError):
        guest.sendall(b"GET /healthz HTTP/1.1\r\n")
        while time.monotonic() - began < 30:
            guest.sendall(b"X")
            time.sleep(0.5)     # the drip itself
    check(9 <= time.monotonic() - began <= 15, time.monotonic() - began)


def test_an_idle_guest_does_not_hold_a_stop():
    "a guest without a request does not hold a stop, and who comes then is refused"
    agent = Agent()
    idle = agent.connect()
    slow = agent.connect()
    slow.sendall(b"GET /v1/snapshot?for=2s HTTP/1.0\r\n\r\n")
    wait_for(lambda: agent.json("/v1/snapshot")["agent"]["connections"] >= 3, "both guests")
    agent.signal(signal.SIGTERM)
    equal(idle.recv(1), b"", "the idle guest is shown out")
    try:
        agent.connect()
        raise AssertionError("a new guest was let in")
    except ConnectionRefusedError:
        pass
    check(b" 200 " in read_to_end(slow), "what was under way has its answer")
    equal(agent.process.wait(20), 0, "exit status")


HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMAS = {"/v1/snapshot": "fairlead/snapshot/v1", "/v1/snapshot?for=100ms": "fairlead/snapshot/v1",
           "/v1/history": "fairlead/history/v1", "/v1/doctor": "fairlead/doctor/v1"}


class Documented:
    """The keys that docs/http.md tells of one schema, by where they are: `cgroups[].memory`."""

    def __init__(self, schema):
        with open(os.path.join(HERE, "..", "..", "docs", "http.md"), encoding="utf-8") as file:
            section = file.read().partition(f"## `{schema}`\n")[2].partition("\n## ")[0]
        self.distribution = set(self.words("".join(re.findall("^A distribution .*", section, re.M))))
        self.rows = {"": ""}
        for names, text in re.findall(r"^\| (`[^|]*`) \| (.*) \|$", section, re.M):
            for name in re.findall(r"`([^`]+)`", names):
                self.rows[name] = text
                if "." not in name:
                    self.rows[""] += f" `{name.removesuffix('[]')}`"

    @staticmethod
    def words(text):
        return re.findall(r"`([^` ]+)`", text)

    def names(self, place, key):
        """Does the row of this place, or one that it refers to, have the key?"""
        while place not in self.rows:
            place = place.rpartition(".")[0]
        text = self.rows[place]
        for word in re.findall(r"as (?:of )?`([^`]+)`", text):
            text += self.rows[word]
        words = set(self.words(text))
        base = key.removesuffix("_total")
        return key in words or (base != key and base in words and "also as a total" in text)

    def unnamed(self, value, place=""):
        """The keys below that have no name there."""
        if isinstance(value, list):
            for one in value:
                yield from self.unnamed(one, f"{place}[]")
        if not isinstance(value, dict):
            return
        for key, one in value.items():
            if "buckets" in value:
                found = key in self.distribution
            else:
                key = "NAME" if place == "block_devices" else key
                whole = f"{place}.{key}" if place else key
                found = whole in self.rows or f"{whole}[]" in self.rows or self.names(place, key)
            if not found:
                yield f"{place}.{key}"
            yield from self.unnamed(one, f"{place}.{key}" if place else key)


def test_every_key_is_documented():
    "docs/http.md names every key of a living agent's answers, where it is"
    agent = Agent()
    for path, schema in SCHEMAS.items():
        answer = agent.json(path)
        equal(answer["schema"], schema, "schema")
        equal(sorted(set(Documented(schema).unnamed(answer))), [], f"keys of {path} not told")


if __name__ == "__main__":
    main(needs_root=True)
