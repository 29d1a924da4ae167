#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What stays of Fairlead after it was killed, and after it came and went many times."""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, folder, prove, quietly, removed, run, scaled

from running import Agent, Running, until

KILLS = 20
STARTS = 200
GONE_SECONDS = 5            # the kernel frees programs a moment after their last holder
ROUNDS = 4                  # memory is looked at after each quarter of the starts
MEMORY_LIMIT = 2048         # bytes a start beyond the control's: half a page
MEMORY = ("SUnreclaim", "Percpu", "KernelStack", "PageTables", "VmallocUsed")
BPFTOOL = os.environ["PATH"] + ":/usr/sbin"


def bpf_ids(kind):
    """Ids of all BPF objects of the machine of this kind, whoever has them."""
    result = run("bpftool", "-j", kind, "list", env=dict(os.environ, PATH=BPFTOOL))
    return {row["id"] for row in json.loads(result.stdout)}


def all_bpf():
    return {(kind, number) for kind in ("prog", "map", "link") for number in bpf_ids(kind)}


def below(*tops):
    """Every path below some folders, but for what other programs do in /proc and the like."""
    return {os.path.join(path, name) for top in tops
            for path, folders, files in os.walk(top) for name in folders + files}


def cgroups():
    return {path for path, _, _ in os.walk("/sys/fs/cgroup")}


def processes():
    """Those with a name of ours; what else a machine runs comes and goes."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as file:
                if file.read().startswith("fairlead"):
                    found.add(int(pid))
        except OSError:
            continue
    return found


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return set(file.read().splitlines())


def traces(where):
    """All that a start could leave behind, by kind."""
    return {"BPF objects": all_bpf(), "pins": below("/sys/fs/bpf"), "cgroups": cgroups(),
            "processes": processes(), "mounts": lines_of("/proc/self/mounts"),
            "descriptors": set(os.listdir("/proc/self/fd")),
            "files": below(where, "/dev/shm", "/run/fairlead", "/var/lib/fairlead"),
            "shared memory": lines_of("/proc/sysvipc/shm")}


def left(before, where):
    """What is there now and was not before, after the time that the kernel has to clean up."""
    end = time.monotonic() + GONE_SECONDS
    while True:
        after = traces(where)
        new = {kind: sorted(map(str, after[kind] - before[kind])) for kind in after}
        new = {kind: names for kind, names in new.items() if names}
        if not new or time.monotonic() > end:
            return new
        time.sleep(0.1)


def has_ended(pid):
    """Gone, or only waiting for a parent to bury it, which is no business of ours."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def kill(where, victim):
    """Kills one process of an agent; how long the other and all BPF took to be gone."""
    with Agent(where) as agent:
        owned, pids = set(agent.bpf()), agent.pids()
        if not any(kind == "prog" for kind, _ in owned):
            raise RuntimeError("no BPF program was loaded to try it on")
        os.kill(agent.agent_and_warden()[victim], signal.SIGKILL)
        killed = time.monotonic()
        agent.process.wait(GONE_SECONDS)
        until(lambda: not owned & all_bpf(), "the end of its BPF", GONE_SECONDS)
        until(lambda: all(map(has_ended, pids)), "the end of both", GONE_SECONDS)
        return time.monotonic() - killed


def kills(count, victim):
    """Seconds to be gone of each kill, what stayed after the last, what after a good end."""
    where, took = folder(), []
    try:
        with Agent(where):      # what a stopped one keeps is meant to stay
            pass
        before = traces(where)
        for _ in range(count):
            took.append(kill(where, victim))    # each start is the proof of the kill before
        stayed = left(before, where)
        with Agent(where):
            pass
        return took, stayed, left(before, where)
    finally:
        removed(where)


def prove_kills(proof):
    count = scaled(KILLS, 2)
    for victim, name in enumerate(("agent", "warden")):
        took, stayed, after = kills(count, victim)
        stayed = {kind: names for kind, names in stayed.items()
                  if (kind, [os.path.basename(n) for n in names]) != ("files", ["fairlead.sock"])}
        proof.claim(f"kill -9 of the {name}: nothing stays that hinders the next start",
                    limit=f"{count} of {count} next starts; after {GONE_SECONDS} s nothing is left "
                          "but the socket's file",
                    figure={"kills": count, "slowest to be gone, s": max(took),
                            "left": sum(map(len, (*stayed.values(), *after.values())))},
                    holds=not stayed and not after,
                    pairs={"columns": ["s until gone"], "rows": took},
                    note=f"left: {stayed or after}" if stayed or after else None,
                    how=f"kill -9 of the {name}, then a start in the same folder")


def kernel_bytes():
    """Memory that the kernel has and cannot give back."""
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
        file.write("3")
    time.sleep(1)       # what waits for a grace period, and the work queues after it
    with open("/proc/meminfo", encoding="ascii") as file:
        rows = dict(line.split(":", 1) for line in file)
    return sum(int(rows[name].split()[0]) << 10 for name in MEMORY)


def in_rounds(start, count):
    """Kernel memory before and after each round of starts."""
    found = [kernel_bytes()]
    for _ in range(ROUNDS):
        for _ in range(count // ROUNDS):
            start()
        found.append(kernel_bytes())
    return found


def a_start(samples):
    """Bytes a start: the least growth of a round, as what leaks grows in all of them."""
    return min(after - before for before, after in zip(samples, samples[1:]))


def starts(count):
    where = folder()
    try:
        def ours():
            with Agent(where):
                pass

        def other():        # as many processes, none of them ours
            for _ in range(2):
                with Running("/bin/sleep", "60"):
                    pass
        ours()              # what the first start makes is meant to stay
        other()
        before = traces(where)
        control = in_rounds(other, count)
        memory = in_rounds(ours, count)
        return {"left": left(before, where), "control": control, "memory": memory}
    finally:
        removed(where)


def prove_starts(proof):
    count = scaled(STARTS, ROUNDS)
    each = count // ROUNDS
    found = quietly(lambda: starts(count), lambda f: (
        f"{a_start(f['control'])} bytes grew in {each} starts of sleep"
        if abs(a_start(f["control"])) > MEMORY_LIMIT * each else ""))
    names = found["left"]
    proof.claim(f"{count} starts and stops leave nothing",
                limit="no BPF object, pin, cgroup, process, mount, descriptor, file, shared memory",
                figure={"left": sum(map(len, names.values()))}, holds=not names,
                note=str(names) if names else None,
                how=f"fairlead agent until ready, TERM; {count} times")
    grown = a_start(found["memory"]) / each
    proof.claim(f"{count} starts and stops leak no kernel memory",
                limit=f"≤ {MEMORY_LIMIT} bytes a start", holds=grown <= MEMORY_LIMIT,
                figure={"bytes a start, the least of the rounds": grown},
                control={"bytes a start of sleep": a_start(found["control"]) / each},
                how=f"{' + '.join(MEMORY)} of /proc/meminfo, caches dropped, every {each} starts",
                pairs={"columns": ["sleep, bytes", "fairlead, bytes"],
                       "rows": list(zip(found["control"], found["memory"]))})


def prove_rights(proof):
    result = run(f"{BUILT}/tests/lib/rights")
    lines = [line for line in result.stdout.splitlines() if "ok " in line]
    refused = sum(line.startswith("ok ") for line in lines)
    proof.claim("what the agent gave up it cannot use, by trying", limit="every attempt fails",
                figure={"attempts": len(lines), "refused": refused},
                holds=result.returncode == 0 and 0 < refused == len(lines),
                note="; ".join(line for line in lines if line.startswith("not ok")) or None,
                how="tests/lib/rights", pairs=lines)
    with Agent() as agent:
        rows = dict(line.split(":\t", 1) for line in lines_of(f"/proc/{agent.process.pid}/status")
                    if ":\t" in line)
    held = {name: rows[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    proof.claim("the agent holds no capability and is not uid 0",
                limit="all sets empty, no id is 0", how="/proc/PID/status of a running agent",
                figure={"uids": rows["Uid"].split(), **held},
                holds=not any(int(value, 16) for value in held.values())
                and "0" not in rows["Uid"].split() + rows["Gid"].split())


def prove_life(proof):
    prove_kills(proof)
    prove_starts(proof)
    prove_rights(proof)


if __name__ == "__main__":
    prove(prove_life)
