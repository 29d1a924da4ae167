# SPDX-License-Identifier: Apache-2.0
"""The page cache's counts, per cgroup and per node, against known reads, faults and writes."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import HELPERS, Agent, folder
from tap import check, equal, limit, main, skip, wait_for

PAGE = 4096


def on_disk():
    """A folder of a file system that has a page cache under it: tmpfs is one itself."""
    path = folder()
    kind = subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True, check=True)
    if kind.stdout.strip() == "tmpfs":
        skip("temporary files are in memory here")
    return path


def node(agent):
    return agent.json("/v1/snapshot?for=1ms")["caches"]


@limit(120)
def test_known_use_is_counted_for_its_cgroup():
    "64 MiB cold, warm, in random order, mapped, changed, evicted: the known pages are counted"
    agent = Agent()
    result = subprocess.run([f"{HELPERS}/lib/cached", agent.socket, f"{on_disk()}/file"],
                            capture_output=True, text=True, timeout=100, check=False)
    check(result.returncode == 0 and "pages_dirtied" in result.stdout, result)


@limit(60)
def test_a_small_file_in_a_large_buffer_is_a_few_pages():
    "what a read asks for beyond the end of the file is no access"
    agent = Agent()
    path = f"{on_disk()}/small"
    with open(path, "wb") as file:
        file.write(b"x" * (3 * PAGE + 10))
    before = node(agent)
    with open(path, "rb", buffering=0) as file:
        for _ in range(200):
            equal(len(os.pread(file.fileno(), 1 << 20, 0)), 3 * PAGE + 10, "bytes")
            equal(len(os.pread(file.fileno(), 1 << 20, 3 * PAGE + 10)), 0, "bytes at the end")
    after = node(agent)
    pages = after["page_accesses_total"] - before["page_accesses_total"]
    check(800 <= pages <= 800 + 400, f"{pages} pages for 200 reads of four")


@limit(60)
def test_memory_files_are_no_cache():
    "files in memory (tmpfs) neither fill the page cache nor are evicted from it"
    agent = Agent()
    before = node(agent)
    with open(f"/dev/shm/fairlead-test-{os.getpid()}", "wb+") as file:
        os.unlink(file.name)
        file.write(b"x" * (16 << 20))
        file.flush()
        os.ftruncate(file.fileno(), 0)
    after = node(agent)
    for key in ("page_fills_total", "page_evictions_total"):
        check(after[key] - before[key] < 1000, f"{key}: {before[key]} then {after[key]}")


@limit(60)
def test_doctor_checks_the_counts():
    "doctor says that the counts agree with /proc/vmstat, and what of them is not measured"
    agent = Agent()
    with open(f"{on_disk()}/file", "wb") as file:
        file.write(b"x" * (32 << 20))

    def verdict():
        rows = {row["name"]: row for row in agent.json("/v1/doctor")["backends"]}
        return rows.get("page cache counts", {"state": "none"})
    wait_for(lambda: verdict()["state"] == "on" and "of 0 pages" not in verdict()["reason"], "the check", 20)
    check("agree with /proc/vmstat" in verdict()["reason"], verdict())


@limit(60)
def test_one_kind_of_hook_measures_what_it_can():
    "a kind of hook that this kernel lacks switches off what it would measure, with a reason"
    agent = Agent("--cache-hook", "fentry")
    rows = {row["name"]: row for row in agent.json("/v1/doctor")["hooks"]}
    check("kind that was chosen" in rows["writeback_dirty_folio"]["reason"], rows)
    row = rows["mm_filemap_get_pages"]
    check(row["state"] == "fallback" or "fentry/" in row["reason"], row)


if __name__ == "__main__":
    main(needs_root=True)
