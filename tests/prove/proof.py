# SPDX-License-Identifier: Apache-2.0
"""What the program of one acceptance line needs, and no more.

    from proof import prove, scaled
    def idle(proof):
        proof.claim("…", figure=…, limit=…, holds=…, control=…, pairs=…, how=…)
    if __name__ == "__main__":
        prove(idle)

A line may make several claims.  Each is judged here and nowhere else: holds is True, False,
or None when it could not be tried, which is no proof either.
"""
import datetime
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILT = os.path.abspath(os.environ.get("O", os.path.join(ROOT, ".out")))
SCALE = float(os.environ.get("PROVE_SCALE") or 1)   # below 1 it is a trial and proves nothing
ATTEMPTS = 3
sys.path.insert(0, os.path.join(ROOT, "tests", "bench"))


class NotQuiet(Exception):
    """The control is off: what was measured tells of the machine, not of the product."""


def scaled(count, least=1):
    return max(least, round(count * SCALE))


def quartiles(values):
    values = list(values)
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3


def quietly(measure, control_is_off):
    """Measures until the control holds; control_is_off(measured) says why it does not, or ''.
    A trial goes on with what it has: it is made on busy machines."""
    for attempt in range(1, ATTEMPTS + 1):
        measured = measure()
        why = control_is_off(measured)
        if not why:
            return measured
        told(f"the control is off ({why}); attempt {attempt} of {ATTEMPTS}")
        if SCALE < 1:
            return measured
    raise NotQuiet(f"machine not quiet: {why}, {ATTEMPTS} times")


def told(text):
    print(f"# {text}", file=sys.stderr, flush=True)


def folder():
    """A folder that the caller removes: removed(path).  Not in the output folder, where make
    would take what lies in it for its own."""
    cache = os.environ.get("FAIRLEAD_CACHE") or f"{ROOT}/.cache"
    os.makedirs(cache, exist_ok=True)
    path = tempfile.mkdtemp(prefix="prove-", dir=cache)
    os.chmod(path, 0o755)
    return path


def removed(path):
    shutil.rmtree(path, ignore_errors=True)


def run(*words, **options):
    """A command, its output kept; stderr is seen by whoever watches."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("cwd", ROOT)
    return subprocess.run(words, text=True, check=False, **options)


def results(output):
    """[(test, passed | failed | skipped: why)] of a program that speaks TAP."""
    found = []
    for verdict, test in re.findall(r"^(not ok|ok) \d+ - (.*)$", output, re.MULTILINE):
        test, _, why = test.partition(" # SKIP ")
        if verdict == "not ok":
            found.append((test, "failed"))
        else:
            found.append((test, f"skipped: {why}" if why else "passed"))
    return found


def tidy(value):
    """Five digits are more than any of this is good for."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: tidy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [tidy(item) for item in value]
    return value.replace(ROOT + "/", "").replace(BUILT, ".out") if isinstance(value, str) else value


class Proof:
    def __init__(self, name):
        self.name, self.claims = name, []

    def claim(self, claim, *, figure, limit, holds, how, control=None, pairs=None, note=None):
        self.claims.append(tidy({
            "claim": claim, "figure": figure, "limit": limit, "holds": holds,
            "control": control, "how": how, "note": note, "kernel": os.uname().release,
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "pairs": pairs}))
        word = {True: "holds", False: "DOES NOT HOLD", None: "not run"}[holds]
        print(f"{self.name}: {claim}: {json.dumps(self.claims[-1]['figure'])} "
              f"(limit {limit}): {word}", flush=True)

    def claim_tests(self, claim, found, ended_well, how):
        """A claim that tests make.  One that is skipped is no failure, but some have to pass."""
        counts = {word: sum(verdict.startswith(word) for _, verdict in found)
                  for word in ("passed", "failed", "skipped")}
        others = [": ".join(row) for row in found if row[1] != "passed"]
        self.claim(claim, figure=counts, limit="none fails, at least one passes", how=how,
                   holds=ended_well and counts["passed"] > 0 and counts["failed"] == 0,
                   note="; ".join(others) or None,
                   pairs=[f"{verdict} - {test}" for test, verdict in found])

    def not_run(self, claim, why):
        self.claim(claim, figure=None, limit=None, holds=None, how="not run", note=why)


def prove(line):
    """Runs line(proof); what it claimed is in .out/prove/NAME.claims, whatever became of it."""
    name = os.path.basename(sys.argv[0]).removesuffix(".py")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # so that what was set up is undone
    proof = Proof(name)
    try:
        line(proof)
    except NotQuiet as why:
        proof.not_run("everything of this line that follows", str(why))
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        proof.claim("the line can be tried", figure=None, limit=None, holds=False,
                    how=name, note=f"{type(error).__name__}: {error}")
    os.makedirs(f"{BUILT}/prove", exist_ok=True)
    with open(f"{BUILT}/prove/{name}.claims", "w", encoding="utf-8") as file:
        json.dump(proof.claims, file)
    sys.exit(0 if proof.claims and all(c["holds"] for c in proof.claims) else 1)
