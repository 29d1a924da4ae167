#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a Prometheus server gets to scrape, judged by its own tools."""
import gzip
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import Agent
from tap import check, cleanup, equal, main, skip, wait_for

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LINE = re.compile(r'^(fairlead_[a-z0-9_]+)(\{.*\})? ([-+0-9.eInf]+)$')


PROTOBUF = ("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited")


def fetch(agent, **headers):
    """Headers and body as they came."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head, _, body = agent.send(f"GET /metrics HTTP/1.0\r\n{lines}\r\n".encode()).partition(b"\r\n\r\n")
    equal(int(head.split()[1]), 200, "status")
    return head.decode(), body


def scrape(agent, accept=None):
    """Content type and body."""
    head, body = fetch(agent, **{"Accept": accept} if accept else {})
    return re.search(r"Content-Type: (.*)", head).group(1).strip(), body.decode()


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return value, at


def fields(data):
    """{number: [values]} of a message, as the wire has them."""
    found, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        else:
            size, at = (8, at) if tag & 7 == 1 else varint(data, at)
            value, at = data[at:at + size], at + size
        found.setdefault(tag >> 3, []).append(value)
    return found


def families(body):
    """{name: [metrics]} of messages behind their lengths."""
    found, at = {}, 0
    while at < len(body):
        size, at = varint(body, at)
        family = fields(body[at:at + size])
        found[family[1][0].decode()] = [fields(metric) for metric in family[4]]
        at += size
    return found


def samples(body):
    """{name and labels: value}, every line of which is a comment or a sample."""
    found = {}
    for line in body.splitlines():
        if line.startswith("#"):
            continue
        match = LINE.match(line)
        check(match, f"no sample: {line!r}")
        key = match[1] + (match[2] or "")
        check(key not in found, f"twice: {key}")
        found[key] = float(match[3])
    return found


def test_promtool_has_nothing_to_say():
    "promtool check metrics says nothing about what is scraped"
    tool = subprocess.run([f"{ROOT}/setup/peer.sh", "prometheus", "promtool"], text=True,
                          capture_output=True)
    if tool.returncode:
        skip(f"promtool is not to be had: {tool.stderr.strip()[-100:]}")
    _, body = scrape(Agent())
    result = subprocess.run([tool.stdout.strip(), "check", "metrics"], input=body, text=True,
                            capture_output=True)
    equal((result.returncode, result.stdout + result.stderr), (0, ""), "promtool")


def test_a_scrape_agrees_with_the_snapshot():
    "a scrape agrees with the snapshot taken before and after it"
    agent = Agent()

    def waits():
        return sum(cpu["waits_total"] for cpu in agent.json("/v1/snapshot?for=1ms")["cpus"])
    before = waits()
    kind, body = scrape(agent)
    after = waits()
    check(kind.startswith("text/plain; version=0.0.4"), kind)
    scraped = sum(v for k, v in samples(body).items()
                  if k.startswith("fairlead_sched_wait_seconds_count"))
    check(before <= scraped <= after, (before, scraped, after))


def test_openmetrics_is_given_where_it_is_asked_for():
    "OpenMetrics is given where it is asked for, and ends with # EOF"
    agent = Agent()
    kind, body = scrape(agent, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    check(kind.startswith("application/openmetrics-text; version=1.0.0"), kind)
    check(body.endswith("\n# EOF\n"), body[-40:])
    check("# TYPE fairlead_disk_ios counter" in body, "families without _total")
    samples(body)


def test_a_subject_that_is_off_is_a_zero():
    "a subject that is off is shown as 0, with no series of its own"
    _, body = scrape(Agent("--disk-hook", "off"))
    found = samples(body)
    equal(found['fairlead_subject_up{subject="disk",hook=""}'], 0, "subject_up")
    check(not any(k.startswith("fairlead_disk_ios_total") for k in found), "no disk is shown")


def test_protobuf_has_native_histograms():
    "protobuf is given where it is asked for, with classic and native buckets that agree"
    agent = Agent()
    head, body = fetch(agent, Accept=f"{PROTOBUF},text/plain;q=0.5")
    check(f"Content-Type: {PROTOBUF.replace(';', '; ')}" in head, head)
    waits = [fields(metric[7][0]) for metric in families(body)["fairlead_sched_wait_seconds"]]
    check(waits, "no histogram")
    for wait in waits:
        count, spans = wait[1][0], [fields(span) for span in wait.get(12, [])]
        equal((len(wait[3]), wait[5], len(spans)), (28, [0], 1), "buckets, schema, spans")
        equal(fields(wait[3][-1])[1][0], count, "the last classic bucket")
        zigzag = [value for packed in wait[13] for value in varints(packed)]
        sums, total = [], 0
        for delta in ((z >> 1) ^ -(z & 1) for z in zigzag):
            total += delta
            sums.append(total)
        equal(len(sums), spans[0][2][0], "length of the span")
        equal(sum(sums) + wait[7][0], count, "native buckets together")


def varints(data):
    at = 0
    while at < len(data):
        value, at = varint(data, at)
        yield value


def test_gzip_is_the_same_body():
    "gzip is given where it is asked for, and holds what the text holds"
    agent = Agent()
    head, _ = fetch(agent, Accept_Encoding="gzip;q=0.8, deflate")
    check("Content-Encoding: gzip" in head and "Vary: Accept" in head, head)

    def names(text):
        return {re.sub(r"\{.*", "", key) for key in samples(text)}
    # two bodies of two moments: what happened first in between is only in one of them
    wait_for(lambda: names(gzip.decompress(fetch(agent, Accept_Encoding="gzip")[1]).decode())
             == names(scrape(agent)[1]), "the same metrics")
    head, body = fetch(agent, Accept_Encoding="gzip;q=0")
    check("Content-Encoding" not in head and body.startswith(b"# HELP"), head)


def test_scrapes_share_a_body():
    "scrapes that follow each other closely share a body, one format each; later ones do not"
    agent = Agent()
    wait_for(lambda: scrape(agent) == scrape(agent), "two scrapes within a quarter of a second")
    first = scrape(agent)
    check(scrape(agent, "application/openmetrics-text")[1].endswith("# EOF\n"), "its own format")
    wait_for(lambda: scrape(agent) != first, "a new body")


def test_losses_are_counted_from_the_start():
    "what can be lost is shown from the start, the same in metrics, snapshot and doctor"
    agent = Agent()
    shown = {re.search('where="(.*)"', key)[1] for key in samples(scrape(agent)[1])
             if key.startswith("fairlead_lost_total")}
    for path in ("/v1/snapshot", "/v1/doctor"):
        equal({row["where"] for row in agent.json(path)["losses"]}, shown, path)
    check({"sched_rows", "disk_rows", "http_cut_off"} <= shown, shown)
    while agent.get("/v1/snapshot?for=1ms")[0] == 200:      # until the door refuses one
        guest = agent.connect()
        cleanup(guest.close)
        guest.sendall(b"GET /v1/snapshot?for=1m HTTP/1.0\r\n\r\n")
    wait_for(lambda: samples(scrape(agent)[1])['fairlead_lost_total{where="http_refused"}'] >= 1,
             "the refusal to be counted")


def test_values_of_labels_are_documented():
    "docs/metrics.md names every label, and the values of those that have few"
    with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
        section = file.read().partition("\n## Labels\n")[2].partition("\n## ")[0]
    rows = [(re.findall(r"`(\w+)`", names), text)
            for names, text in re.findall(r"^\| (`.*?) \| (.*) \|$", section, re.M)]
    told = {name: text for names, text in rows for name in names}
    free = {"hook", "event", "program", "reason", "detail", "where", "cpu", "device", "interface", "cgroup",
            "pod", "container", "version", "mountpoint", "type", "what", "le"}
    for line in scrape(Agent())[1].splitlines():
        for name, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', line if line[0] != "#" else ""):
            check(name in told or name == "le", f"label {name}")
            memory = line.startswith("fairlead_memory_bytes")   # its states are keys of the JSON
            check(name in free or memory or f"`{value}`" in told[name], f"{name}={value}")


if __name__ == "__main__":
    main(needs_root=True)
