#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a cold sandbox costs, beside bubblewrap's in the same run:

    tests/bench/sandbox.py [ROUNDS [WAY...]]    prints a line each: median, least, 99th percentile

Each round has every way once, so that what disturbs the machine disturbs them alike.  All
execute the same static program that does nothing, in the same small root: from a process that
runs already, as the agent would (`started`; `grouped` with limits by a cgroup made ahead), and
as commands, whose own start counts (`run`, `bwrap`, and `bare` without any sandbox).
"""
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILT = os.path.abspath(os.environ.get("O", os.path.join(ROOT, ".out")))
FAIRLEAD = os.path.join(BUILT, "fairlead")


def make_root(where):
    """A root with one static program, which ends at once."""
    root = os.path.join(where, "root")
    os.makedirs(os.path.join(root, "bin"))
    for name in ("dev", "proc", "tmp", "job", "run", "var"):
        os.mkdir(os.path.join(root, name))
    subprocess.run(["cc", "-static", "-O2", "-xc", "-", "-o", os.path.join(root, "bin", "true")],
                   input=b"int main(void) { return 0; }", check=True)
    os.chmod(where, 0o755)
    return root


def bubblewrap():
    """Installed, or unpacked from its package; None where neither can be had."""
    found = shutil.which("bwrap")
    if not found:
        got = subprocess.run([os.path.join(ROOT, "setup", "peer.sh"), "bubblewrap", "bwrap"],
                             capture_output=True, text=True, check=False)
        found = got.stdout.strip()
    return found or None


class Started:
    """tests/bench/sandboxes: one sandbox a line."""

    def __init__(self, *words):
        self.process = subprocess.Popen([os.path.join(BUILT, "tests", "bench", "sandboxes"), *words],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def command(*words):
    def once():
        began = time.perf_counter()
        pid = os.posix_spawn(words[0], words, os.environ)
        status = os.waitpid(pid, 0)[1]
        took = (time.perf_counter() - began) * 1e6
        if status:
            sys.exit(f"{words[0]} ended with {status}")
        return took
    return once


def main():
    rounds = int(sys.argv[1]) if sys.argv[1:] else 50
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as where, contextlib.ExitStack() as stack:
        root = make_root(where)
        ways = {"started": Started(root, "/bin/true"), "grouped": Started(root, "/bin/true", "grouped"),
                "host": Started(root, "/bin/true", "host")}
        for way in ways.values():
            stack.callback(way.close)
        ways["run"] = command(FAIRLEAD, "run", "-q", "--root", root, "--", "/bin/true")
        bwrap = bubblewrap()
        if bwrap:
            ways["bwrap"] = command(bwrap, "--unshare-all", "--ro-bind", root, "/", "--proc", "/proc",
                                    "--dev", "/dev", "--tmpfs", "/tmp", "--die-with-parent", "/bin/true")
        ways["bare"] = command(os.path.join(root, "bin", "true"))
        times = {name: [] for name in sys.argv[2:] or ways}
        for _ in range(rounds):
            for name in times:
                times[name].append(ways[name]())
    for name, took in times.items():
        took.sort()
        print(f"{name:8} median {statistics.median(took):7.0f} us  least {took[0]:7.0f}  "
              f"p99 {took[int(len(took) * 0.99)]:7.0f}  of {rounds}")


if __name__ == "__main__":
    main()
