#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every hook with the rights of the base DaemonSet alone, and every hook refused, one after the
other: what it costs, how it is told.  Here, in Debian's kernels, and in one that is locked down."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from proof import BUILT, ROOT, prove, run

sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
import known

KERNELS = {"6.1": "", "6.12": "", "newest": "", "6.1 locked down": "lockdown=confidentiality",
           "newest locked down": "lockdown=confidentiality"}
GUEST_REFUSED = ("fl_sched_migrate", "fl_disk_backmerge", "fl_cache_get", "fl_cache_delete")
HOOKS = 18
ATTEMPTS = 3    # here: who comes by a switch away from pid 1 is not seen
IN_GUEST = """modprobe loop
dd if=/dev/zero of=/tmp/disk bs=1M count=64 2>/dev/null
losetup /dev/loop0 /tmp/disk
try() {
	echo "TRY $1"
	shift
	"$@" fairlead agent --bpf-budget 1s --socket /run/f.sock --state-dir /tmp/state 2>/dev/null &
	until fairlead snapshot --agent -q --socket /run/f.sock 2>/dev/null; do kill -0 $! || exit 1; done
	tasks /run/f.sock 5; cached /run/f.sock /dev/loop0; disks /run/f.sock /dev/loop0
	get /run/f.sock /metrics | grep '^fairlead_hook_up'
	kill -TERM $!; wait $!
}
"""


def words_of(program):
    return known.base_rights() if program == "base" else ["refuse", program]


def tried_in(kernel, cmdline, programs):
    """{program: what its try printed}"""
    script = IN_GUEST + "".join(f"try {program} {' '.join(words_of(program))}\n" for program in programs)
    text = run("tests/vm/person.sh", kernel, script, env=dict(os.environ, APPEND=cmdline)).stdout
    parts = re.split(r"^TRY (\w+)\s*$", text.replace("\r", ""), flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2]))
    if set(found) != set(programs):
        raise RuntimeError(f"the guest of {kernel} failed: {text[-300:]}")
    return found


def tried_here(program, lost):
    from running import Agent       # needs the paths that proof sets

    class Confined(Agent):
        """An agent behind other words."""
        def __init__(self):
            super().__init__()
            words = words_of(program)
            if words[0] == "refuse":
                words = [f"{BUILT}/tests/lib/refuse", program]
            self.words = (*words, *self.words)
    for _ in range(ATTEMPTS):
        with Confined() as agent, known.disk() as (device, file):
            text = known.use(f"{BUILT}/tests", agent.socket, device, file)
            text += run("curl", "-sf", "--unix-socket", agent.socket, "http://fairlead/metrics").stdout
        if not known.disagree(known.judge(text), lost):
            break
    return text


def judge(where, program, text, off_before=frozenset()):
    """A row: what was refused, what is off, why, how many counters were right, which were not."""
    event, lost = known.COST.get(program, (None, ""))
    lost += " " + " ".join(cost for name, cost in known.COST.values() if name in off_before)
    hooks, rows = known.hooks(text), known.judge(text, where == "natively")
    off = {name: reason for name, (hook, reason) in hooks.items() if not hook}
    wrong = known.disagree(rows, lost)
    good = (len(hooks) == HOOKS and len(rows) > 50 and not wrong
            and set(off) == set(off_before) | ({event} if event else set())
            and all(off.values()))
    return [where, program, ", ".join(f"{name}: {why}" for name, why in off.items()) or "none",
            len(rows), str(wrong or "none"), good]


def claim(proof, what, rows):
    proof.claim(what, how="tests/prove/prove.sh see rights; tests/lib/refuse",
                limit="no counter off but those of the hook; the reason in /metrics",
                figure={"tries": len(rows), "good": sum(row[-1] for row in rows),
                        "counters compared": sum(row[3] for row in rows)},
                holds=all(row[-1] for row in rows),
                pairs={"columns": ["where", "refused", "off, and why", "counters compared",
                                   "off without being refused", "good"], "rows": rows})


def prove_rights(proof):
    rows = [judge("natively", program, tried_here(program, known.COST.get(program, (0, ""))[1]))
            for program in ("base", *known.COST)]
    claim(proof, "the base DaemonSet's capabilities suffice, natively", rows[:1])
    claim(proof, "each hook refused, one after the other, natively", rows[1:])
    for name, cmdline in KERNELS.items():
        found = tried_in(name.split()[0], cmdline, ("base", *GUEST_REFUSED))
        off = {event for event, (hook, _) in known.hooks(found["base"]).items() if not hook}
        # what a kernel that is locked down refuses by itself is one hook, told as well
        allowed = off if cmdline and len(off) <= 2 else set()
        rows = [judge(name, program, found[program], allowed) for program in found]
        claim(proof, f"the base DaemonSet's capabilities suffice, in a VM of {name}", rows[:1])
        claim(proof, f"refused hooks, in a VM of {name}", rows[1:])


if __name__ == "__main__":
    prove(prove_rights)
