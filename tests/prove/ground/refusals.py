#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Fairlead refuses, and what it lives with: the tests that show it, whole, plain and
under the sanitizers here, and in Debian's kernels what this machine cannot show."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, folder, prove, removed, results, run

BINARIES = {"plain": f"{BUILT}/fairlead", "sanitizers": f"{BUILT}/san/fairlead"}
# claim -> test program of tests/e2e, words that choose its tests (none: all of them)
SUITES = {
    "bad configuration: one line with file, line and column, exit 2": ("config_test.py",),
    "live socket: refused with a clear line; stale: taken over": ("agent_test.py", "socket"),
    "no BTF, no CAP_BPF: it runs, doctor says what is off": ("look_test.py",),
    "the whole agent suite": ("agent_test.py",),
}
GUEST_SUITES = {
    "lockdown integrity and confidentiality: it runs, doctor says what is off": "lockdown_*",
    "a CPU that goes off and on: counters go on": "hotplug",
}


def prove_here(proof):
    for claim, (program, *words) in SUITES.items():
        found, ended_well = [], True
        for kind, binary in BINARIES.items():
            result = run("python3", f"tests/e2e/{program}", *words,
                         env=dict(os.environ, FAIRLEAD=binary, O=BUILT))
            found += [(f"{test} ({kind})", verdict) for test, verdict in results(result.stdout)]
            ended_well = ended_well and result.returncode == 0
        proof.claim_tests(
            claim, found, ended_well,
            f"tests/e2e/{' '.join([program, *words])}, plain and under ASan and UBSan")


def prove_unreadable(proof):
    """Root may read everything, so this one is asked by another user."""
    where = folder()
    path = f"{where}/closed.yaml"
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write("log:\n  level: info\n")
        os.chmod(path, 0)
        result = run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                     BINARIES["plain"], "agent", "--check", "--config", path,
                     stderr=subprocess.PIPE)
    finally:
        removed(where)
    lines = result.stderr.splitlines()
    proof.claim("a file that may not be read: one line, exit 2",
                limit="one line with file, line and column; 2",
                figure={"lines": len(lines), "exit": result.returncode},
                holds=result.returncode == 2 and len(lines) == 1 and "closed.yaml:1:1:" in lines[0],
                how="fairlead agent --check --config FILE, mode 0, as uid 65534",
                pairs=[line.replace(where, "DIR") for line in lines])


def prove_in_guests(proof):
    for claim, only in GUEST_SUITES.items():
        result = run("tests/vm/run.sh", "--only", only)
        proof.claim_tests(
            claim, results(result.stdout), result.returncode == 0,
            f"tests/vm/run.sh --only '{only}'")


def prove_refusals(proof):
    prove_here(proof)
    prove_unreadable(proof)
    prove_in_guests(proof)


if __name__ == "__main__":
    prove(prove_refusals)
