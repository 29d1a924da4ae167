#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a build takes, with which compilers, and whether its bytes depend on the place.
It builds clones of the last commit, so what others write in the tree meanwhile is not in it.
"""
import hashlib
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import ROOT, folder, prove, quietly, removed, results, run, scaled

CLEAN_SECONDS, TOUCHED_SECONDS = 60, 3
BUILDS = 3
PATHS = 12
CONTROL_WITHIN = 0.1        # the same clean build twice
TOUCHED = {".c": "agent/loop/loop.c", ".h of the BPF side": "bpf/sched/sched.h",
           ".bpf.c": "bpf/sched/sched.bpf.c"}
TARGETS = ("all", "tools", "unit-tests")
COMPILERS = ("gcc", "clang-19")


def clone(path):
    """The last commit; its own .git, as the version is taken from there."""
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", ROOT, path], check=True)
    return path


def environment():
    """Our own O is not for clones: `make clean` would take it."""
    return {name: value for name, value in os.environ.items() if name != "O"}


def make(tree, *words):
    """Seconds, and all that it said."""
    began = time.monotonic()
    result = run("make", "--no-print-directory", "-j2", *words, cwd=tree, env=environment(),
                 stderr=subprocess.STDOUT)
    took = time.monotonic() - began
    if result.returncode:
        said = result.stdout.splitlines()
        why = [line for line in said if "error" in line.lower()] or said[-3:]
        raise RuntimeError(f"make {' '.join(words)}: {' '.join(why)}")
    return took, result.stdout


def clean_builds(tree):
    found = []
    for _ in range(scaled(BUILDS, 2)):
        make(tree, "clean")
        found.append(make(tree, "all")[0])
    return found


def prove_time(proof, tree):
    took = quietly(lambda: clean_builds(tree), lambda found: (
        f"clean builds took {min(found):.1f} to {max(found):.1f} s"
        if max(found) > min(found) * (1 + CONTROL_WITHIN) else ""))
    proof.claim("clean build ≤ 60 s on 2 cores", figure={"s": max(took)},
                limit=f"≤ {CLEAN_SECONDS} s", holds=max(took) <= CLEAN_SECONDS,
                control={"the same again, s": took[0]}, pairs={"columns": ["s"], "rows": took},
                how="make -j2 all")
    for kind, path in TOUCHED.items():
        took = []
        for _ in range(scaled(BUILDS, 2)):
            os.utime(f"{tree}/{path}")
            took.append(make(tree, "all")[0])
        untouched = make(tree, "all")[0]
        proof.claim(f"one touched file ({kind}) rebuilt in ≤ 3 s", figure={"s": max(took)},
                    limit=f"≤ {TOUCHED_SECONDS} s", holds=max(took) <= TOUCHED_SECONDS,
                    control={"nothing touched, s": untouched},
                    pairs={"columns": ["s"], "rows": took},
                    how=f"touch {path}; make -j2 all")


def prove_compilers(proof, tree):
    for compiler in COMPILERS:
        try:
            said = make(tree, "-k", f"CC={compiler}", f"O=.out/{compiler}", *TARGETS)[1]
            complaints = [line for line in said.splitlines() if "warning" in line.lower()]
        except RuntimeError as error:
            complaints = [str(error)]
        proof.claim(f"{compiler} builds it without a word", limit="none",
                    figure={"complaints": len(complaints)}, holds=not complaints,
                    note="; ".join(complaints)[:1000] or None,
                    how=f"make CC={compiler} {' '.join(TARGETS)}")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def prove_bytes(proof, tree, work):
    """In more than two paths, each longer than the one before: some lengths agree by luck."""
    sums = []
    paths = [clone(f"{work}{'/deeper' * depth}/tree") for depth in range(1, scaled(PATHS, 3))]
    for path in (tree, *paths, tree):
        make(path, "clean")
        make(path, "all")
        sums.append(digest(f"{path}/.out/fairlead"))
    *sums, again = sums
    proof.claim("two builds in two paths give the same bytes", figure={"sha256": sorted(set(sums))},
                limit="equal", holds=len(set(sums)) == 1,
                control={"the same path again": again == sums[0]},
                how=f"make clean all in {len(sums)} clones; sha256 of .out/fairlead")


def prove_cross(proof, tree):
    result = run("tests/cross/aarch64_test.sh", cwd=tree, env=environment())
    found = results(result.stdout)
    claim = "make ARCH=aarch64 cross-compiles, unit tests pass under qemu-user"
    if result.returncode == 77:
        proof.not_run(claim, result.stdout.strip())
    else:
        proof.claim_tests(claim, found, result.returncode == 0, "tests/cross/aarch64_test.sh")


def prove_build(proof):
    work = folder()
    try:
        tree = clone(f"{work}/one")
        prove_time(proof, tree)
        prove_compilers(proof, tree)
        prove_bytes(proof, tree, work)
        prove_cross(proof, tree)
    finally:
        removed(work)


if __name__ == "__main__":
    prove(prove_build)
