#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The two commands of the README on fresh machines: Debian roots with git and make only."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, ROOT, SCALE, folder, prove, removed, run, told

RUN, TEST = "RUN_FOR=10s make run", "make test"
# On the older one everything; the newer one is what `make run` promises as well.
MACHINES = {"bookworm": ("Debian 12", (RUN, TEST)), "trixie": ("Debian 13", (RUN,))}
TEST_LIMIT = 3600
SOURCE = "/usr/src/fairlead"


def packages(root):
    asked = "dpkg-query -W -f '${Package}\n'"
    return run("tests/prove/debian.sh", "enter", root, asked).stdout.split()


def inside(root, command):
    """Exit status, seconds, and what it said, which is kept beside the claims as well."""
    began = time.monotonic()
    log = f"{BUILT}/prove/fresh-{os.path.basename(root)}-{command.split()[-1]}.log"
    with open(log, "w", encoding="utf-8") as file:
        status = run("tests/prove/debian.sh", "enter", root, f"cd {SOURCE} && {command}",
                     stdout=file, stderr=subprocess.STDOUT, timeout=TEST_LIMIT).returncode
    with open(log, encoding="utf-8", errors="replace") as file:
        return status, time.monotonic() - began, file.read().splitlines()


def prove_machine(proof, suite, name, commands, work):
    root = f"{work}/{suite}"
    run("tests/prove/debian.sh", "make", suite, root).check_returncode()
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, root + SOURCE], check=True)
    fresh = packages(root)
    for command in commands:
        if SCALE < 1 and command == TEST:
            proof.not_run(f"{name}: {command} exits 0", "a trial does not run all tests")
            continue
        told(f"{suite}: {command}")
        status, seconds, said = inside(root, command)
        proof.claim(f"{name}: {command} exits 0", limit="exit status 0", holds=status == 0,
                    figure={"exit": status, "s": seconds, "packages before": len(fresh)},
                    note=said[-1] if said else None,
                    how=f"git clone; {command}, in a fresh {suite}",
                    pairs=[line for line in said if line.startswith("not ok")] or None)


def prove_fresh(proof):
    work = folder()
    try:
        for suite, (name, commands) in MACHINES.items():
            prove_machine(proof, suite, name, commands, work)
    finally:
        removed(work)


if __name__ == "__main__":
    prove(prove_fresh)
