#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs one test program and says what became of it, one line a claim:

    tally.py RESULTS LOG TIER SECONDS PROGRAM [ARGUMENT…]

Reads TAP from the program (stdout and stderr together), prints `ok - TIER: claim` lines and,
around a failure, everything else that the program said; appends the lines to RESULTS and
all output to LOG.  A crash, a hang, a plan that does not fit, a status that does not fit and
processes left running are failures too.  A program may skip itself: `1..0 # SKIP reason`, or
exit status 77 with the reason as its last line.
"""
import ctypes
import os
import re
import select
import signal
import subprocess
import sys
import time

TERM_GRACE = 10     # seconds between TERM and KILL: a test's cleanups need some
ORPHAN_GRACE = 3    # seconds for what a program started to follow it
PR_SET_CHILD_SUBREAPER = 36
RESULT = re.compile(r"(not )?ok\b(?: *\d+)?(?: *- *)?(.*)")
PLAN = re.compile(r"1\.\.(\d+)(?:\s*#\s*SKIP\S*\s*(.*))?", re.IGNORECASE)


def children():
    """The processes that are ours by now: orphans come to us, as we are a subreaper."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    words = file.read().replace(b"\0", b" ").decode(errors="replace").strip()
                found.append((int(name), words or "?"))
        except (OSError, ValueError):   # it ended while we looked
            continue
    return found


def reap_orphans(but):
    """Orphans that ended are ours to bury: a test may wait until one is gone from /proc."""
    try:
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None or ended.si_pid == but:
                return
            os.waitpid(ended.si_pid, 0)
    except ChildProcessError:
        return


def end_orphans():
    """Waits a little for what is left, then kills it and returns its command lines."""
    end = time.monotonic() + ORPHAN_GRACE
    while children() and time.monotonic() < end:
        time.sleep(0.02)
    killed = []
    for _ in range(50):     # a killed process may hand us its own children
        left = children()
        if not left:
            break
        for pid, words in left:
            os.kill(pid, signal.SIGKILL)
            killed.append(words)
        time.sleep(0.02)
    return killed


class Tally:
    def __init__(self, results, log, tier, program):
        self.results, self.log, self.tier, self.program = results, log, tier, program
        self.plan = self.skip_all = None
        self.count = self.failed = self.skipped = 0
        self.said, self.last_failed, self.last_line = [], False, ""

    def report(self, line):
        print(line, flush=True)
        self.results.write(line + "\n")

    def fail(self, what):
        self.failed += 1
        for line in self.said:
            print(f"    {line}")
        self.said = []
        self.report(f"not ok - {self.tier}: {self.program}: {what}")

    def take(self, line):
        self.log.write(line + "\n")
        plan, result = PLAN.fullmatch(line.strip()), RESULT.fullmatch(line)
        if plan and self.plan is None:
            self.plan, self.skip_all = int(plan[1]), plan[2]
        elif result:
            self.take_result(bool(result[1]), result[2].strip() or "a test without a name")
        else:
            self.last_line = line.lstrip("# ") or self.last_line
            if self.last_failed:        # some explain after the line, some before it
                print(f"    {line}", flush=True)
            else:
                self.said.append(line)

    def take_result(self, failed, claim):
        self.count += 1
        self.last_failed = failed
        if failed:
            self.failed += 1
            for line in self.said:
                print(f"    {line}")
            claim += f" ({self.program})"
        elif "# SKIP" in claim:
            self.skipped += 1
        self.said = []
        self.report(f"{'not ' if failed else ''}ok - {self.tier}: {claim}")

    def close(self, status, hung, orphans):
        of = f"after {self.count} of {self.plan if self.plan is not None else '?'} results"
        if hung:
            self.fail(f"was still running after {hung:g} s {of}, and was ended")
        elif status < 0:
            self.fail(f"was ended by {signal.Signals(-status).name} {of}")
        elif status == 77 and self.count == 0:
            self.report(f"ok - {self.tier}: {self.program} # SKIP "
                        f"{self.skip_all or self.last_line or 'it gave no reason'}")
        elif self.plan is None:
            self.fail(f"gave no plan (1..N); exit status {status}")
        elif self.plan != self.count:
            self.fail(f"promised {self.plan} results and gave {self.count}; exit status {status}")
        elif self.plan == 0:
            self.fail("promised no test at all")
        elif status not in (0, 77) and not self.failed:
            self.fail(f"exit status {status}, though every test passed")
        elif status == 77 and self.skipped != self.count:
            self.fail("exit status 77, though not every test was skipped")
        elif status == 0 and self.failed:
            self.fail("exit status 0, though a test failed")
        if orphans:
            self.fail("left running: " + "; ".join(orphans))


def lines_until(process, deadline):
    """Lines of its output until it ends; what others hold open is not waited for."""
    pipe, rest = process.stdout.fileno(), b""
    while True:
        ended = process.poll() is not None
        reap_orphans(but=process.pid)
        ready = select.select([pipe], [], [], 0 if ended else 0.1)[0]
        chunk = os.read(pipe, 65536) if ready else None
        if chunk:
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines
        elif ended:
            break
        elif chunk == b"":
            time.sleep(0.02)    # it closed its output and runs on
        if time.monotonic() > deadline:
            break
    if rest:
        yield rest


def main():
    results, log, tier, seconds, *command = sys.argv[1:]
    program = os.path.basename(command[0]) if os.path.basename(command[0]) != "run.sh" else tier
    if command[0].endswith(".py"):
        command.insert(0, sys.executable)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    with open(results, "a", encoding="utf-8") as results_file, \
            open(log, "w", encoding="utf-8") as log_file:
        tally = Tally(results_file, log_file, tier, program)
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as error:
            tally.fail(f"could not be started: {error.strerror}")
            sys.exit(1)
        try:
            for raw in lines_until(process, time.monotonic() + float(seconds)):
                tally.take(raw.decode("utf-8", "replace").rstrip("\r"))
        except KeyboardInterrupt:   # it has a session of its own, so it was not asked to stop
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(TERM_GRACE)
            sys.exit(130)
        hung = process.poll() is None and float(seconds)
        if hung:
            os.killpg(process.pid, signal.SIGTERM)
            for raw in lines_until(process, time.monotonic() + TERM_GRACE):
                tally.take(raw.decode("utf-8", "replace").rstrip("\r"))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        tally.close(process.wait(), hung, end_orphans())
    sys.exit(1 if tally.failed else 0)


if __name__ == "__main__":
    main()
