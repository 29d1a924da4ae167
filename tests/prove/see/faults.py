#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What may go wrong around the agent: the tests that show it, in larger numbers than in the gate,
here plain and under the sanitizers, and in Debian's kernels what this machine cannot show."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, prove, results, run, scaled

MANY = 10       # times what the gate does: 10,000 cgroups, 10 s of SIGSTOP
BINARIES = {"plain": f"{BUILT}/fairlead", "sanitizers": f"{BUILT}/san/fairlead"}
# claim -> test program of tests/e2e, the words that choose its tests, the binaries
SUITES = {
    "10,000 cgroups made and removed; more of them than rows": (
        "faults_test.py", ("cgroups",), ("plain",)),
    "map full: more devices and waiters than rows": (
        "faults_test.py", ("devices beyond", "wait long"), ("plain", "sanitizers")),
    "a device unplugged under load": ("faults_test.py", ("taken away",), ("plain", "sanitizers")),
    "SIGSTOP of the agent and of the warden, 10 s each": ("faults_test.py", ("stopped",), ("plain",)),
    "a scraper that never reads, 200 scrapers at once, SIGSTOP under scraping": (
        "scrape_test.py", ("never read", "two hundred", "stopped"), ("plain",)),
    "OTLP's peer is slow, dead, or answers 429": ("otlp_test.py", ("429", "gone", "never reads", "queue"), ("plain", "sanitizers")),
}
GUEST_SUITES = {
    "the clock steps by years, forth and back": "clock",
    "a device is taken away under load": "unplug",
    "a CPU goes off and on": "hotplug",
}


def prove_here(proof):
    for claim, (program, words, kinds) in SUITES.items():
        if not os.path.exists(f"tests/e2e/{program}"):
            proof.not_run(claim, f"no tests/e2e/{program} yet")
            continue
        found, ended_well, figures = [], True, []
        for kind in kinds:
            result = run("python3", f"tests/e2e/{program}", *words,
                         env=dict(os.environ, FAIRLEAD=BINARIES[kind], O=BUILT,
                                  MANY=str(scaled(MANY))))
            found += [(f"{test} ({kind})", verdict) for test, verdict in results(result.stdout)]
            figures += [f"{row} ({kind})" for row in
                        re.findall(r"^# figure (.*)$", result.stdout, re.MULTILINE)]
            ended_well = ended_well and result.returncode == 0
        proof.claim_tests(claim, found, ended_well,
                          f"MANY={scaled(MANY)} tests/e2e/{' '.join([program, *words])}")
        if figures:
            proof.claims[-1]["pairs"] += figures


def prove_in_guests(proof):
    for claim, only in GUEST_SUITES.items():
        result = run("tests/vm/run.sh", "--only", only)
        proof.claim_tests(f"{claim}, in VMs", results(result.stdout), result.returncode == 0,
                          f"tests/vm/run.sh --only {only}")


def prove_faults(proof):
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
    prove_here(proof)
    prove_in_guests(proof)


if __name__ == "__main__":
    prove(prove_faults)
