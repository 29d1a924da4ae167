# SPDX-License-Identifier: Apache-2.0
"""`fairlead bench`, against a stand-in for the agent whose delays and faults are known."""
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import ENVIRONMENT, FAIRLEAD, command, folder, one_line
from jobserver import Answer, JobServer
from tap import check, equal, main, wait_for

QUICK = ("--pause", "0s", "--warm-up", "0")
ORDER = ("p50_seconds", "p90_seconds", "p95_seconds", "p99_seconds", "max_seconds")


def bench(server, *words, status=0, **options):
    """The JSON object of a run that ends so."""
    result = command("bench", *words, "--socket", server.path, "-o", "json", **options)
    equal(result.returncode, status, f"exit status ({result.stderr!r})")
    answer = json.loads(result.stdout)
    equal(answer["schema"], "fairlead/bench/v1", "schema")
    return answer


def row(answer, name):
    return next(row for row in answer["rows"] if row["name"] == name)


def failures(of):
    return {(f["kind"], f["number"]): f["count"] for f in of["failures"]}


def after_trial(answer_to):
    """A plan in which the first job, bench's own trial, goes well."""
    return lambda number: answer_to(number - 1) if number else Answer()


def in_order(times, least=0.0):
    values = [times[key] for key in ORDER]
    check(values == sorted(values) and values[0] >= least, f"{values} are not, or below {least}")


# --- one after the other ---

def test_counts():
    "as many jobs are sent as asked for, after one on trial and the warm-up, and these are told"
    server = JobServer()
    agent = row(bench(server, "python", "-n", "30", "--warm-up", "5", "--pause", "0s"), "agent")
    equal(len(server.jobs), 36, "jobs")
    equal((agent["runs"], agent["failed"], agent["warm"]), (30, 0, 30), "runs, failed, warm")
    for times in (agent["whole"], agent["first_byte"], *agent["said"].values()):
        equal(times["count"], 30, "count")
        in_order(times)
    equal({key: times["p50_seconds"] for key, times in agent["said"].items()},
          {"queue": 0.001, "start": 0.002, "run": 0.003}, "what the agent says")


def test_jobs_of_each_part():
    "each part asks for its job, in the words of the interface"
    for part, keys in (("python", {"lang": "python"}), ("node", {"lang": "node"}),
                       ("java", {"lang": "java"}), ("exec", {"argv": ["/usr/bin/true"]}),
                       ("sandbox", {"lang": "exec", "file": "main"})):
        server = JobServer()
        bench(server, part, "-n", "1", "--peer-count", "1", *QUICK)
        asked = server.jobs[-1][1]
        equal({key: asked.get(key) for key in keys}, keys, part)
    equal([file["executable"] for file in asked["files"]], [True], "files of sandbox")


def test_quantiles():
    "quantiles are of the times that answers took, none is below what the server waited"
    def plan(number):
        return Answer(delay=0.002 if number < 50 else 0.02 if number < 90 else 0.06)
    whole = row(bench(JobServer(after_trial(plan)), "python", "-n", "100", *QUICK), "agent")["whole"]
    for quantile, least in zip(ORDER, (0.002, 0.02, 0.06, 0.06, 0.06)):
        check(whole[quantile] >= least, f"{quantile} is {whole[quantile]}")
    equal(whole["count"], 100, "count")


def test_first_byte_and_whole():
    "the first byte of a body that comes slowly is told apart from its last"
    server = JobServer(lambda number: Answer(slow=0.03))
    agent = row(bench(server, "python", "-n", "5", *QUICK), "agent")
    check(agent["whole"]["p50_seconds"] >= agent["first_byte"]["p50_seconds"] + 0.03,
          f"{agent['whole']}, {agent['first_byte']}")
    check(agent["first_byte"]["p50_seconds"] >= 0.03, "the head alone is no first byte of the body")


def test_forms_of_answers():
    "chunks, slow chunks and connections that close are as good as any"
    forms = [Answer(chunks=1), Answer(chunks=7), Answer(chunks=3, slow=0.001), Answer(close=True),
             Answer(chunks=2, close=True), Answer()]
    server = JobServer(lambda number: forms[number % len(forms)])
    agent = row(bench(server, "python", "-n", "36", *QUICK), "agent")
    equal((agent["runs"], agent["failed"]), (36, 0), "runs, failed")


BAD = {("status", 429): Answer(status=429), ("status", 503): Answer(status=503),
       ("exit", 3): Answer(exit_code=3), ("exit", -1): Answer(exit_code=None),
       ("output", None): Answer(stdout="else\n"), ("no_sense", None): Answer(raw=b"SSH-2.0-made up\r\n"),
       ("cut_off", None): Answer(cut=60)}


def test_failures_by_kind():
    "what goes wrong is counted by kind and in no quantile"
    kinds = list(BAD)

    def plan(number):
        return BAD[kinds[number % 10]] if number % 10 < len(kinds) else Answer()
    agent = row(bench(JobServer(after_trial(plan)), "python", "-n", "40", *QUICK), "agent")
    equal(failures(agent), {kind: 4 for kind in kinds}, "failures")
    equal((agent["runs"], agent["failed"], agent["whole"]["count"]), (12, 28, 12), "runs, failed, count")


def test_a_body_that_is_no_job():
    "an answer of another sense is told from a job's"
    other = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]"
    server = JobServer(after_trial(lambda number: Answer(raw=other) if number < 2 else Answer()))
    equal(failures(row(bench(server, "python", "-n", "4", *QUICK), "agent")), {("no_sense", None): 2},
          "failures")


def test_time_out():
    "a job that is not done in time is a failure, and the next one is asked for on a new connection"
    server = JobServer(after_trial(lambda number: Answer(delay=1 if number == 1 else 0)))
    agent = row(bench(server, "python", "-n", "4", "--timeout", "300ms", *QUICK), "agent")
    equal(failures(agent), {("timed_out", None): 1}, "failures")
    equal(agent["runs"], 3, "runs")


def test_silent_connections():
    "a connection that was closed between two jobs is no failure of the next one"
    def pools():    # is asked between two; its own connection is one
        wait_for(lambda: server.open == 1, "the job's connection to be closed")
        return {"pools": [{"ready": 1, "target": 1}]}
    server = JobServer(lambda number: Answer(hang_up=True), pools=pools)
    agent = row(bench(server, "python", "-n", "5", "--warm-up", "1"), "agent")
    equal((agent["runs"], agent["failed"]), (5, 0), "runs, failed")


def test_pools_are_waited_for():
    "a job is sent when the agent says that its pools are full, not before"
    looks = []

    def pools():
        looks.append(len(server.jobs))
        return {"pools": [{"ready": 4, "target": 4}, {"ready": len(looks) % 3 and 1, "target": 1}]
                if len(looks) % 3 else [{"ready": 3, "target": 4}]}
    server = JobServer(pools=pools)
    bench(server, "python", "-n", "6", "--warm-up", "0")
    equal(len(server.jobs), 7, "jobs")
    check(len(looks) > 6, f"{len(looks)} looks at the pools")
    for at, jobs in enumerate(looks[:-1]):
        if (at + 1) % 3 == 0:
            equal(looks[at + 1], jobs, f"jobs sent after look {at} found a pool not full")


# --- refusals ---

def test_no_agent():
    "without an agent it ends with 3 and a line"
    one_line(command("bench", "python", "--socket", os.path.join(folder(), "none")), 3, "no agent answers")


def test_wrong_use():
    "what makes no sense is refused with a line"
    for words in ((), ("other",), ("python", "node"), ("load", "--callers", "0"), ("load", "--callers", "1,,2"),
                  ("load", "--callers", "+1"), ("load", "--callers", "10001"), ("load", "--callers", "1,"),
                  ("load", "--callers", ",".join("1" * 17)), ("load", "--rate", "5", "--callers", "1,2"),
                  ("load", "--peer"), ("python", "--pause", "soon"), ("python", "--pause", "2h"),
                  ("exec", "-e", "x"), ("sandbox", "-n", "0"), ("load", "--lang", "cobol")):
        one_line(command("bench", *words, "--socket", "/nowhere"), 2)


def test_a_first_job_that_goes_wrong():
    "an agent that cannot run the job at all is not measured: a line says why"
    for answer, *parts in ((Answer(status=400, detail="no such language"), "status 400", "no such language"),
                           (Answer(exit_code=7), "exit 7"), (Answer(raw=b"what?\r\n\r\n"), "no sense"),
                           (Answer(cut=0), "cut off")):
        one_line(command("bench", "python", "--socket", JobServer(lambda number, a=answer: a).path), 1, *parts)


def test_an_agent_that_is_full():
    "an agent that is full at first is measured all the same, and nothing but failures ends with 1"
    server = JobServer(lambda number: Answer(status=429))
    agent = row(bench(server, "python", "-n", "3", *QUICK, status=1), "agent")
    equal((agent["runs"], agent["whole"]), (0, None), "runs")
    equal(failures(agent), {("status", 429): 3}, "failures")


def test_an_agent_that_goes_away():
    "jobs that find no agent any more are counted as refused"
    def plan(number):
        if number == 4:
            threading.Thread(target=server.close).start()
            wait_for(lambda: not listens(server.path), "the listener to close")
            return Answer(cut=0)
        return Answer()
    server = JobServer(plan)
    agent = row(bench(server, "python", "-n", "8", *QUICK), "agent")
    equal(failures(agent), {("cut_off", None): 1, ("refused", None): 4}, "failures")


def listens(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


# --- beside others ---

def script(where, name, text):
    path = os.path.join(where, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\n{text}\n")
    os.chmod(path, 0o755)


def test_peers_in_turns():
    "peers are run in turns; one that fails is told with what it said, and leaves nothing behind"
    where, work = folder(), folder()
    log = os.path.join(where, "log")
    for name in ("bwrap", "runc"):
        script(where, name, f"echo {name} >>{log}")
    script(where, "crun", "echo made up: no cgroups >&2; exit 3")
    answer = bench(JobServer(), "sandbox", "--peer", "--peer-path", where, "-n", "8", "--peer-count", "4", *QUICK,
                   env=dict(ENVIRONMENT, TMPDIR=work))
    with open(log, encoding="utf-8") as file:
        ran = file.read().split()
    equal(ran, ["bwrap", "runc"] + ["bwrap", "runc"] * 4, "runs, those on trial first")
    equal([(r["name"], r["runs"]) for r in answer["rows"]],
          [("agent", 8), ("run", 4), ("bwrap", 4), ("crun", 0), ("runc", 4)], "rows")
    check("made up: no cgroups" in row(answer, "crun")["absent"], row(answer, "crun")["absent"])
    check(row(answer, "runc")["ratio_to_agent"] > 0, "there is a ratio")
    equal(row(answer, "run")["absent"], None, "absence of the cold command")
    equal(os.listdir(work), [], "what is left in TMPDIR")


def test_peers_run_the_same_code():
    "a peer of an interpreter runs the code that the agent was asked for, and must print the same"
    where = folder()
    script(where, "bwrap", "echo something else")
    answer = bench(JobServer(), "python", "--peer", "--peer-path", where, "-n", "2", "--peer-count", "2", *QUICK)
    equal([(r["name"], r["runs"], r["failed"]) for r in answer["rows"]],
          [("agent", 2, 0), ("run", 2, 0), ("plain", 2, 0), ("bwrap", 0, 0)], "rows")
    check("printed something else" in row(answer, "bwrap")["absent"], row(answer, "bwrap")["absent"])


def test_peers_that_are_missing():
    "a peer that is not there has a row that says so"
    bare = folder()
    answer = bench(JobServer(), "sandbox", "--peer", "-n", "1", "--peer-count", "1", *QUICK,
                   env=dict(ENVIRONMENT, PATH=bare))
    for name in ("bwrap", "crun", "runc"):
        if not any(os.path.exists(f"{place}/{name}") for place in ("/usr/bin", "/usr/sbin", "/usr/local/bin")):
            check("not on this machine" in row(answer, name)["absent"], f"{name}: {row(answer, name)['absent']}")


# --- load ---

def test_closed_loop():
    "a closed loop has as many jobs under way as callers, and counts each once"
    server = JobServer(lambda number: Answer(delay=0.01))
    answer = bench(server, "load", "--callers", "1,8", "--for", "500ms", "--warm-up", "3")
    equal([load["callers"] for load in answer["loads"]], [1, 8], "callers")
    equal(sum(load["requests"] for load in answer["loads"]) + 4, len(server.jobs), "requests")
    for load in answer["loads"]:
        equal((load["loop"], load["jobs"], load["failed"]), ("closed", load["requests"], 0), "jobs")
        in_order(load["latency"], 0.01)
        check(0 < load["jobs_per_second"] <= load["callers"] / 0.01, f"{load['jobs_per_second']} jobs/s")
        check(load["jobs_per_second"] * load["seconds"] <= load["jobs"] + 1e-6, "jobs after the end are not in the rate")
    check(8 <= server.most <= 9, f"{server.most} connections at once")
    equal(server.jobs[-1][1]["lang"], "python", "language")


def test_many_callers():
    "hundreds of callers ask at once, also where the agent's queue of connections is short"
    server = JobServer(lambda number: Answer(delay=0.2), listening=8)
    load = bench(server, "load", "--callers", "300", "--for", "1s", *QUICK)["loads"][0]
    equal((load["failed"], load["jobs"]), (0, load["requests"]), "failed, jobs")
    check(server.most >= 300, f"{server.most} connections at once")
    check(load["jobs"] >= 300, f"{load['jobs']} jobs")


def test_open_loop_counts_from_when_a_job_was_due():
    "a server that stalls once for a second is seen by every job that was due meanwhile"
    def plan(number):
        if number == 50:
            with server.hold:
                time.sleep(1)   # the subject: nobody is answered meanwhile
        return Answer()
    server = JobServer(plan)
    load = bench(server, "load", "--rate", "100", "--callers", "4", "--for", "3s", *QUICK)["loads"][0]
    equal((load["loop"], load["jobs"], load["failed"]), ("open", 300, 0), "jobs")
    latency = load["latency"]   # some 100 of 300 wait, evenly from 1 s down to 0
    for quantile, least in (("p90_seconds", 0.6), ("p99_seconds", 0.9), ("max_seconds", 0.95)):
        check(latency[quantile] >= least, f"{quantile} is {latency[quantile]}")
    check(load["late"]["max_seconds"] >= 0.9, f"sent late by {load['late']}")


def test_open_loop_keeps_its_pace():
    "an open loop sends at its rate, whether it is answered or not, and forgets nothing"
    server = JobServer(after_trial(lambda number: Answer(delay=2)))
    load = bench(server, "load", "--rate", "50", "--callers", "3", "--for", "500ms", "--timeout", "400ms", *QUICK,
                 status=1)["loads"][0]
    equal(load["jobs"], 0, "jobs")
    equal(load["failed"], 25, "failed")
    equal(load["unsent"] + sum(failures(load).values()), 25, "unsent and timed out")
    check(load["unsent"] > 0, "three connections cannot have sent them all")
    equal(set(failures(load)), {("timed_out", None)}, "kinds")


def test_failures_under_load():
    "failures of a load are counted by kind; who is refused does not ask again at once"
    kinds = [("status", 429), ("exit", 3), ("cut_off", None), ("no_sense", None)]

    def plan(number):
        return Answer(status=429) if number > 100 else BAD[kinds[number % 5]] if number % 5 < 4 else Answer()
    server = JobServer(after_trial(plan))
    load = bench(server, "load", "--callers", "2", "--for", "2s", *QUICK)["loads"][0]
    counts = failures(load)
    equal({kind: counts[kind] for kind in kinds[1:]}, {kind: 20 for kind in kinds[1:]}, "failures")
    equal(load["requests"], load["jobs"] + load["failed"], "requests")
    check(counts[("status", 429)] <= 21 + 2 * 2 / 0.005, f"{counts} refusals in 2 s at one in 5 ms each")


def test_what_the_agent_uses():
    "memory and CPU time are of the processes behind the socket, the generator's own apart"
    def burn(number):
        end = time.thread_time() + 0.005
        while time.thread_time() < end:
            pass
        return Answer()
    load = bench(JobServer(burn), "load", "--callers", "2", "--for", "1s", *QUICK)["loads"][0]
    agent = next(part for part in load["processes"] if part["name"] == "agent")
    with open("/proc/self/statm", encoding="ascii") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    check(agent["processes"] == 1 and resident / 2 < agent["rss_bytes"] < resident * 2, f"{agent}, {resident}")
    check(0 < agent["pss_bytes"] <= agent["rss_bytes"] <= agent["peak_rss_bytes"], f"{agent}")
    check(agent["cpu_seconds_per_job"] >= 0.0045, f"{agent}")
    check(load["cpu"]["processes_seconds_per_job"] >= 0.0045, f"{load['cpu']}")
    check(load["cpu"]["node_seconds_per_job"] >= 0.0045, f"{load['cpu']}")
    check(load["cpu"]["generator_seconds_per_request"] > 0, f"{load['cpu']}")


# --- what is shown ---

def interrupted(server, *words):
    process = subprocess.Popen([FAIRLEAD, "bench", *words, "--socket", server.path, "-o", "json"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=ENVIRONMENT)
    wait_for(lambda: len(server.jobs) > 20, "some jobs", 30)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    equal(process.returncode, 1, "exit status")
    answer = json.loads(out)
    check(answer["stopped"], "it says that it was stopped")
    return answer


def test_interrupted():
    "Ctrl-C shows what was measured until then"
    agent = row(interrupted(JobServer(), "python", "-n", "1000000", *QUICK), "agent")
    check(18 <= agent["runs"] < 1000000 and agent["failed"] == 0, f"{agent['runs']} runs")
    load = interrupted(JobServer(), "load", "--for", "1h", "--callers", "2,4", *QUICK)["loads"]
    equal(len(load), 1, "loads")
    check(load[0]["jobs"] >= 15 and load[0]["failed"] == 0, f"{load[0]}")


def test_tables():
    "tables fit 80 columns, say what failed and why, and what is not there"
    bad = after_trial(lambda number: Answer(status=503, detail="made up\033[31m") if number == 1 else Answer())
    where = folder()
    script(where, "bwrap", "echo made up >&2; exit 1")
    for words, texts in ((("python", "-n", "9", "--peer", "--peer-count", "1", "--peer-path", where),
                          ("median", "first byte", "1 status 503: made up", "does not work here: made up")),
                         (("load", "--for", "300ms"), ("jobs/s", "1 status 503: made up", "this command, a request")),
                         (("load", "--for", "300ms", "--rate", "50"), ("50/s", "sent late by"))):
        result = command("bench", *words, *QUICK, "--socket", JobServer(bad).path)
        equal((result.returncode, result.stderr), (0, ""), "exit status and errors")
        check("\033" not in result.stdout, "no text of others' moves the cursor")
        for text in texts:
            check(text in result.stdout, f"{text!r} is not in {result.stdout}")
        for line in result.stdout.splitlines():
            check(len(line) <= 80, f"{len(line)} columns: {line}")


if __name__ == "__main__":
    main(needs_root=True)
