#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a Prometheus server gets to scrape, judged by its own tools."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from fairlead import Agent
from tap import check, equal, main, skip

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LINE = re.compile(r'^(fairlead_[a-z0-9_]+)(\{.*\})? ([-+0-9.eInf]+)$')


def scrape(agent, accept=None):
    """Content type and body."""
    header = f"Accept: {accept}\r\n" if accept else ""
    head, _, body = agent.send(f"GET /metrics HTTP/1.0\r\n{header}\r\n".encode()).partition(b"\r\n\r\n")
    equal(int(head.split()[1]), 200, "status")
    return re.search(r"Content-Type: (.*)", head.decode()).group(1).strip(), body.decode()


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


if __name__ == "__main__":
    main(needs_root=True)
