# SPDX-License-Identifier: Apache-2.0
"""Known use of CPUs, page cache and disks (tests/lib/{tasks,cached,disks}.c), judged counter by
counter, and which counter is lost with which BPF program."""
import contextlib
import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MANIFEST = f"{ROOT}/examples/kubernetes/base/daemonset.yaml"

# The programs whose loss costs something, the event that each is for, and what it costs.
COST = {
    "fl_sched_migrate": ("sched_migrate_task", "migrations_same_cache"),
    "fl_sched_exec": ("sched_process_exec", "execs"),
    "fl_disk_complete": ("block_rq_complete", "completed ios"),
    "fl_disk_backmerge": ("block_bio_backmerge", "merged"),
    "fl_cache_get": ("mm_filemap_get_pages", "page_accesses reads"),
    "fl_cache_miss": ("page_cache_sync_ra", "demand_misses"),
    "fl_cache_add": ("mm_filemap_add_to_page_cache", "page_fills"),
    "fl_cache_delete": ("mm_filemap_delete_from_page_cache", "page_evictions"),
    "fl_cache_dirty": ("writeback_dirty_folio", "pages_dirtied"),
    "fl_cache_fault": ("mm_filemap_fault", "mmap_faults"),
}

# The stated errors, for whoever judges a counter (tests/prove/see, tests/e2e/hooks_test.py).
CACHED = ("page_accesses", "reads", "demand_misses", "page_fills", "page_evictions", "pages_dirtied",
          "mmap_faults")
PAGES_ERROR = 64                    # the file system's own pages go through the cache as well
LEFT_OUT_OF_COLD_READS = 1 / 50     # accesses of large cold reads that the kernel does not trace
COUNTS_ERROR = 3                    # somebody else may come by: a kernel thread that makes us wait
TIMES_ERROR_NS = 5e6                # rusage of an exited child is to the tick
TIMES_WITHIN_HERE, TIMES_WITHIN_THERE = 0.02, 0.05      # of a time; there: in an emulated machine
COMPLETED_WITHIN_HERE = 0.01        # by a switch away from pid 1 BPF is not run on some kernels

HOOK = re.compile(r'^fairlead_hook_up\{subject="(\w+)",event="(\w+)",hook="([^"]*)",'
                  r'reason="([^"]*)"\} ([01])', re.MULTILINE)


def base_rights():
    """The words that run a command with the rights of the base DaemonSet, and no others."""
    with open(MANIFEST, encoding="utf-8") as file:
        names = re.search(r"add: \[(.*)\]", file.read())[1].lower().split(", ")
    # by number, as setpriv may be older than a name
    numbers = {"setgid": 6, "setuid": 7, "perfmon": 38, "bpf": 39}
    return ["/bin/setpriv", "--no-new-privs", "--inh-caps=-all",
            "--bounding-set=-all," + ",".join(f"+cap_{numbers[name]}" for name in names)]


def hooks(metrics):
    """{event: (hook or "", reason)} as /metrics has it."""
    found = {}
    for _, event, hook, reason, up in HOOK.findall(metrics):
        assert (up == "1") == bool(hook), (event, hook, up)
        found[event] = (hook, reason)
    return found


def pages_error(step, counter, ours, truth):
    """How far a count of tests/lib/cached may be off: the kernel may leave some out, never add."""
    if (step, counter) == ("cold 1M", "page_accesses") and ours < truth:
        return PAGES_ERROR + truth * LEFT_OUT_OF_COLD_READS
    return PAGES_ERROR


def error(step, counter, ours, truth, here):
    """The same of a count or a time of any of the three."""
    if counter in CACHED:
        return pages_error(step, counter, ours, truth)
    if counter.endswith("_seconds"):
        return TIMES_ERROR_NS + truth * (TIMES_WITHIN_HERE if here else TIMES_WITHIN_THERE)
    return COUNTS_ERROR


def judge(text, here=True):
    """[(counter, ours, truth, agrees)] of what the three programs printed, here or in a guest."""
    rows = []
    for line in text.replace("\r", "").splitlines():
        if match := re.match(r"(\w[\w ]{0,7}?)\s+([a-z_]+)\s+(\d+)\s+(\d+)(?:\s+<--)?$", line):
            step, name, ours, truth = match[1], match[2], int(match[3]), int(match[4])
            rows.append((name, ours, truth, abs(ours - truth) <= error(step, name, ours, truth, here)))
        words = line.split()
        if len(words) == 15 and words[1] == "ios":
            n = [int(words[at]) for at in (2, 3, 5, 6, 8, 9, 11, 13, 14)]
            rows += [("ios", n[0], n[1], n[0] == n[1] == n[7]), ("bytes", n[2], n[3], n[2] == n[3] == n[8]),
                     ("merged", n[4], n[5], n[4] == n[5]),
                     ("completed", n[6], n[0],
                      abs(n[6] - n[0]) <= (2 + n[0] * COMPLETED_WITHIN_HERE if here else 0))]
    return rows


def disagree(rows, lost=""):
    """The rows that should agree and do not."""
    return [row for row in rows if not row[3] and row[0] not in lost.split()]


@contextlib.contextmanager
def disk(size=64 << 20):
    """A loop device of one's own, and the path of a file beside it."""
    with tempfile.TemporaryDirectory(prefix="fairlead-test-") as where:
        with open(f"{where}/disk", "wb") as file:
            file.truncate(size)
        made = subprocess.run(["losetup", "--find", "--show", f"{where}/disk"], text=True,
                              capture_output=True, check=True)
        device = made.stdout.strip()
        try:
            yield device, f"{where}/file"
        finally:
            subprocess.run(["losetup", "--detach", device], check=True)


def use(helpers, socket, device, file):
    """What the three print; that they do not agree is for judge() to say."""
    return "".join(subprocess.run([f"{helpers}/lib/{words[0]}", socket, *words[1:]], text=True,
                                  capture_output=True, timeout=100, check=False).stdout
                   for words in (("tasks", "2"), ("cached", file), ("disks", device)))
