# SPDX-License-Identifier: Apache-2.0
"""What a person and a program get to see, with and without an agent, with and without rights."""
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import ENVIRONMENT, FAIRLEAD, HELPERS, Agent, ImpostorAgent, command, folder, one_line
from tap import check, cleanup, equal, limit, main
from terminal import Pty

KEYS = {"schema", "time", "node", "cpus", "disks", "caches", "memory", "pressure", "network",
        "cgroups", "pools", "jobs", "subjects"}
DISTRIBUTION = {"count", "sum_seconds", "p50_seconds", "p90_seconds", "p99_seconds",
                "max_seconds", "buckets"}
UNPRIVILEGED = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")


def nowhere():
    return ("--socket", os.path.join(folder(), "none"))


def check_snapshot(s):
    equal(s["schema"], "fairlead/snapshot/v1", "schema")
    check(KEYS <= set(s), f"missing: {KEYS - set(s)}")
    equal(len(s["cpus"]), os.sysconf("SC_NPROCESSORS_CONF"), "CPUs")
    for wait in [s["node"]["wait"]] + [cpu["wait"] for cpu in s["cpus"]]:
        equal(set(wait), DISTRIBUTION, "a distribution")
        equal(sum(count for _, count in wait["buckets"]), wait["count"], "count over the buckets")
        check(wait["p50_seconds"] <= wait["p90_seconds"] <= wait["p99_seconds"]
              <= wait["max_seconds"], wait)
    equal(sum(cpu["wait"]["count"] for cpu in s["cpus"]), s["node"]["wait"]["count"], "the node")
    # They are read one after the other, while the kernel counts on.
    by_cgroup, by_cpu = (sum(row["waits_total"] for row in s[key]) for key in ("cgroups", "cpus"))
    check(abs(by_cgroup - by_cpu) <= 200, f"waits over the cgroups {by_cgroup}, over the CPUs {by_cpu}")


def test_without_an_agent_the_probes_are_loaded():
    "snapshot without an agent loads the probes itself"
    result = command("snapshot", "-o", "json", "--for", "300ms", *nowhere())
    equal(result.returncode, 0, result.stderr)
    snapshot = json.loads(result.stdout)
    check(snapshot["node"]["wait"]["count"] > 0, "nothing was measured")
    check(0.3 <= snapshot["window_seconds"] < 3, snapshot["window_seconds"])
    equal(snapshot["agent"], None, "agent")


def test_with_an_agent_it_is_asked():
    "snapshot with an agent shows what the agent measured, in the same form"
    agent = Agent()
    snapshot = json.loads(command("snapshot", "-o", "json", "--socket", agent.socket).stdout)
    check(snapshot["agent"]["samples_total"] >= 2, snapshot["agent"])
    equal(snapshot["subjects"][0]["state"], "on", "sched")


def test_a_window_of_ones_own():
    "snapshot --for covers the time that it was given, and its sums are exact"
    agent = Agent()
    snapshot = json.loads(command("snapshot", "-o", "json", "--for", "500ms", "--socket",
                                  agent.socket).stdout)
    check(0.5 <= snapshot["window_seconds"] < 3, snapshot["window_seconds"])
    check_snapshot(snapshot)


def test_the_table_fits_80_columns():
    "the table has no line over 80 columns and no escape when it is no terminal"
    agent = Agent()
    for words in (["snapshot"], ["doctor"], ["snapshot", "--help"], ["--help"]):
        out = command(*words, "--socket", agent.socket).stdout
        check("\033" not in out, "an escape sequence")
        longest = max(out.splitlines(), key=len)
        check(len(longest) <= 80, longest)


def test_sections_that_are_asked_for():
    "snapshot with sections shows only these, as a table and as JSON, and refuses others in a line"
    agent = Agent()
    where = ("--socket", agent.socket)
    out = command("snapshot", "memory", "pressure", *where).stdout
    check(out.startswith("memory ") and "pressure " in out, out)
    check("WAITING" not in out and "CGROUP" not in out and "node " not in out, out)
    snapshot = json.loads(command("snapshot", "disks", "node", "-o", "json", *where).stdout)
    equal(set(snapshot), {"schema", "time", "window_seconds", "files_window_seconds", "version",
                          "node", "disks"}, "keys")
    one_line(command("snapshot", "cpus", "cpu", *where), 2, "no section 'cpu'", "cpus, disks")
    for section in ("node", "agent", "caches", "programs", "cpus", "disks", "network", "cgroups", "waiters", "subjects"):
        result = command("snapshot", section, *where)
        equal((result.returncode, result.stderr), (0, ""), section)
        check(result.stdout.strip() and result.stdout[0] != "\n", (section, result.stdout))


def cgroup(path, where="v1:cpu,memory v2:pressure", kills=0, **counts):
    part = {"usage_seconds": 0.5, "usage_seconds_total": 9, "used_bytes": 4096,
            "oom_kills_total": kills}
    return {"id": 1, "path": path, "waits": 5, "cache": counts, "hierarchy": where,
            "cpu": part, "memory": part, **counts}


def test_cgroups_say_what_else_makes_them_slow():
    "cgroups with misses, fills, forks, execs or kills are listed with these, the others are not"
    answer = {"schema": "fairlead/snapshot/v1", "window_seconds": 2.0, "files_window_seconds": 1.0,
              "subjects": [{"name": "sched", "state": "on"}], "caches": {},
              "hierarchies": {"cpu": "v1", "memory": "v1", "pressure": "v2", "io": "v1"},
              "cgroups": [cgroup("/idle"), cgroup("/reads", demand_misses=20, page_fills=80),
                          cgroup("/forks", tasks_started=4, execs=2), cgroup("/killed", kills=3)]}

    def page():
        with ImpostorAgent(200, json.dumps(answer).encode()) as socket:
            return command("snapshot", "cgroups", "--socket", socket).stdout
    out = page()
    check("\n\nCGROUP, PAGE" in out, out)
    listed = out.partition("PAGE CACHE AND TASKS")[2].partition("\n\n")[0]
    found = {line.split()[0]: line.split()[1:] for line in listed.splitlines() if line[:1] == "/"}
    equal(found, {"/reads": ["10", "40", "0", "0", "0"], "/forks": ["0", "0", "2", "1", "0"],
                  "/killed": ["0", "0", "0", "0", "3"]}, "rows")
    check("a miss: " in listed and "a fill: " in listed, out)
    # Tasks of `/` in one hierarchy are not those of `/` in the other: each table says whose it has.
    check("CGROUP (v2), LONGEST WAIT" in out and "CGROUP (v1), MOST CPU" in out, out)
    check("by v1's blkio" in out and "50.0%" in out, out)
    answer["hierarchies"] = dict.fromkeys(answer["hierarchies"], "v2")
    answer["cgroups"] = [cgroup("/idle", "v2")]
    out = page()
    check("CGROUP (v2), MOST CPU" in out and "blkio" not in out, out)
    check("PAGE CACHE AND TASKS" not in out, out)
    check(max(len(line) for line in out.splitlines()) <= 80, out)


def test_tables_fit_the_terminal():
    "on a narrow terminal no row is blown up, and on a wide one paths stand there whole"
    path = "/machine.slice/" + "x" * 50
    answer = {"schema": "fairlead/snapshot/v1", "window_seconds": 2.0, "files_window_seconds": 1.0,
              "subjects": [{"name": "sched", "state": "on"}], "caches": {},
              "hierarchies": {"cpu": "v2", "memory": "v2"},
              "cgroups": [cgroup(path, "v2", kills=3, demand_misses=20, page_fills=80)]}

    def rows(columns):
        with ImpostorAgent(200, json.dumps(answer).encode()) as socket:
            terminal = Pty("snapshot", "cgroups", "--socket", socket, columns=columns)
            equal(terminal.end(), 0, "exit status")
        out = terminal.seen.decode().replace("\r\n", "\n")
        return out, [line for line in out.splitlines() if "x" * 8 in line]
    out, narrow = rows(40)
    equal(len(narrow), 3, out)
    check(all(len(line) <= 40 for line in narrow), out)
    check(re.search(r"^\.\.x+ +10 +3$", narrow[1]), narrow[1])  # the misses and the kills
    out, wide = rows(140)
    equal([len(line) for line in wide if line.startswith(path + " ")], [140] * 2, out)


def test_long_paths_leave_room_for_names():
    "a task that waited and a pod are named though the path of the cgroup is far too long"
    path = "/kubepods.slice/kubepods-pod91be7d30_08a6.slice/cri-" + "7c2e4a6d" * 8 + ".scope"
    names = {"pod": "91be7d30-08a6", "container": "7c2e4a6d" * 8}
    answer = {"schema": "fairlead/snapshot/v1", "window_seconds": 2.0,
              "subjects": [{"name": "sched", "state": "on"}],
              "cgroups": [dict(cgroup(path), **names), cgroup("/user.slice/" + "a" * 80 + "/end")],
              "waiters": [{"thread": 7, "name": "worker", "cgroup": path, "waits": 1},
                          {"thread": 8, "name": "other", "cgroup": "/user.slice/" + "a" * 80 + "/end", "waits": 1}]}
    with ImpostorAgent(200, json.dumps(answer).encode()) as socket:
        out = command("snapshot", "--socket", socket).stdout
    check("the longest: since the task first waited long" in out, out)
    check(out.count("\npod 91be7d30 7c2e4a6d7c2e ") == 2, out)
    check("\nworker[7] pod 91be7d30 7c2e4a6d7c2e " in out, out)
    check(re.search(r"^other\[8\] \.\.a+/end ", out, re.M), out)
    check(max(len(line) for line in out.splitlines()) <= 80, out)


def watched(agent, lines, *words):
    """The first so many lines of what `snapshot --watch` writes into a pipe."""
    process = subprocess.Popen([FAIRLEAD, "snapshot", "--watch", "--for", "20ms", "--socket", agent.socket, *words],
                               stdout=subprocess.PIPE, text=True)
    cleanup(process.wait)
    cleanup(process.kill)
    return [process.stdout.readline() for _ in range(lines)]


def test_pages_are_told_apart_in_a_pipe():
    "pages of --watch in a pipe have an empty line between them and the time above, JSON a line each"
    agent = Agent()
    lines = watched(agent, 9, "memory", "agent")
    times = [n for n, line in enumerate(lines) if re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", line)]
    check(len(times) >= 2 and times[0] == 0, lines)
    check(all(lines[n - 1] == "\n" for n in times[1:]) and lines.count("\n") == len(times) - 1, lines)
    check("\033" not in "".join(lines), lines)
    objects = [json.loads(line) for line in watched(agent, 3, "-o", "json", "node")]
    check(objects[0]["time"] < objects[1]["time"] < objects[2]["time"], objects)
    plain = command("snapshot", "memory", "--socket", agent.socket).stdout
    check(plain.startswith("memory "), plain)


def test_no_control_byte_reaches_the_terminal():
    "what an agent calls itself, its disks and cgroups reaches the terminal without its controls"
    evil = "a\x1b[2J\x07\r\x7f\u009b2J\u202e"
    answer = json.dumps({
        "schema": "fairlead/snapshot/v1", "window_seconds": 1.0, "version": evil,
        "node": {"name": evil, "kernel": evil, "architecture": evil},
        "cpus": [], "disks": [{"name": evil, "in_flight": 1, "operations": {}}],
        "network": [{"name": evil, "sent": {"packets": 1}}],
        "cgroups": [{"id": 1, "path": evil, "waits": 1}],
        "waiters": [{"thread": 1, "name": evil, "cgroup": evil, "waits": 1}],
        "subjects": [{"name": evil, "state": "on", "hook": evil, "reason": evil}]},
        ensure_ascii=False).encode()
    with ImpostorAgent(200, answer) as socket:
        for words in ((), ("-o", "json")):
            result = command("snapshot", *words, "--socket", socket)
            equal(result.returncode, 0, result.stderr)
            bad = [c for c in result.stdout if c != "\n" and not " " <= c <= "~"]
            check(not bad, f"{words}: {bad}")
    with ImpostorAgent(500, evil.encode()) as socket:
        result = command("snapshot", "--socket", socket)
        one_line(result, 1, "answered 500: a?[2J")


@limit(120)
def test_waits_agree_with_the_kernel():
    "waits of a cgroup's own load agree with its tasks' schedstat within 2 %"
    agent = Agent()
    out = subprocess.run([f"{HELPERS}/lib/waits", agent.socket, "0", "2", "1", "700"],
                         capture_output=True, text=True, timeout=60, check=True).stdout
    ratio = float(out.split()[0])
    check(0.98 <= ratio <= 1.02, out)


@limit(120)
def test_the_raw_hook_counts_the_same():
    "the fallback hook counts the same, and doctor calls it a fallback"
    agent = Agent("--sched-hook", "raw_tp")
    out = subprocess.run([f"{HELPERS}/lib/waits", agent.socket, "0", "2", "1", "700"],
                         capture_output=True, text=True, timeout=60, check=True).stdout
    check(0.98 <= float(out.split()[0]) <= 1.02, out)
    hook = agent.json("/v1/doctor")["hooks"][0]
    equal(hook["state"], "fallback", "state")
    check("raw_tp" in hook["reason"], hook)


def test_what_is_not_measured_is_not_zero():
    "while sched is off no view says that nobody waited: no CPU is listed, cells have a question mark"
    agent = Agent("--sched-hook", "off")
    where = ("--socket", agent.socket)
    page = command("snapshot", *where).stdout
    check("WAITING FOR A CPU" not in page, page)
    cpus = command("snapshot", "cpus", *where).stdout
    check(cpus.startswith("waits for a CPU are not measured") and len(cpus.splitlines()) == 1, cpus)
    answer = {"schema": "fairlead/snapshot/v1", "window_seconds": 1.0, "disks": [], "caches": {},
              "subjects": [{"name": "sched", "state": "off"}, {"name": "disk", "state": "on"}],
              "cgroups": [cgroup("/reads", demand_misses=20, tasks_started=4)]}
    with ImpostorAgent(200, json.dumps(answer).encode()) as socket:
        rows = [line.split() for line in command("snapshot", "cgroups", "--socket", socket).stdout.splitlines()]
    check(["/reads", "20", "0", "?", "?", "0"] in rows, rows)
    metrics = agent.get("/metrics")[2].decode()
    equal(re.findall("^fairlead_sched_.*", metrics, re.M), [], "metrics of sched")
    check('fairlead_subject_up{subject="sched",hook=""} 0' in metrics, "no subject_up")
    # of a machine whose disks did nothing yet there is no line with a device
    check(re.search(r'^fairlead_subject_up\{subject="disk",hook="[^"]+"\} 1$', metrics, re.M), metrics)


def test_cgroups_can_be_switched_off_while_it_runs():
    "sched.cgroups off, by reload, leaves the node's waits and stops the cgroups'"
    agent = Agent(config="sched:\n  cgroups: on\n")
    check(agent.json("/v1/snapshot?for=200ms")["cgroups"][0]["wait"]["count"] > 0, "no cgroup")
    agent.write_config("sched:\n  cgroups: off\n")
    agent.signal(1)
    from tap import wait_for
    wait_for(lambda: "reloaded changed=1" in agent.log(), "the reload")
    snapshot = agent.json("/v1/snapshot?for=200ms")
    equal(sum(c["wait"]["count"] for c in snapshot["cgroups"]), 0, "waits of cgroups")
    check(snapshot["node"]["wait"]["count"] > 0, "the node's waits stopped")


def test_doctor_lists_everything():
    "doctor lists hooks, backends and capabilities, each with state, reason, loss and mend"
    doctor = json.loads(command("doctor", "-o", "json", *nowhere()).stdout)
    equal(doctor["schema"], "fairlead/doctor/v1", "schema")
    for kind in ("hooks", "backends", "capabilities"):
        check(doctor[kind], f"no {kind}")
        for row in doctor[kind]:
            equal(set(row), {"name", "state", "reason", "lost", "mend"}, "a row")
            check(row["state"] in ("on", "fallback", "off") and row["reason"], row)
            check((row["state"] == "on") == (not row["mend"]), row)


def test_what_is_lost_is_said_in_words():
    "for each place where anything may be lost doctor says what, beside the count"
    doctor = json.loads(command("doctor", "-o", "json", "--socket", Agent().socket).stdout)
    for n, row in enumerate(doctor["losses"]):
        row["count_total"] = 10 ** (n % 12)
    doctor["losses"].append({"where": "of_a_later_version", "count_total": 3})
    with ImpostorAgent(200, json.dumps(doctor).encode()) as socket:
        out = command("doctor", "--socket", socket).stdout
    for row in doctor["losses"][:-1]:
        check(re.search(rf"^  {row['where']} +{row['count_total']} +[a-z]+ \w+", out, re.M), (row, out))
    check(re.search("^  of_a_later_version +3 *$", out, re.M), out)
    check(max(len(line) for line in out.splitlines()) <= 80, out)


def off_and_why(doctor):
    hook = doctor["hooks"][0]
    equal(hook["state"], "off", "state")
    check(hook["lost"] and hook["mend"], hook)
    return hook


def test_without_rights_it_runs_and_says_what_is_off():
    "an ordinary user's agent runs; doctor gives the kernel's errno and the mend"
    where = folder()
    os.chmod(where, 0o777)
    agent = Agent(prefix=UNPRIVILEGED, where=where)
    hook = off_and_why(agent.json("/v1/doctor"))
    check("EPERM" in hook["reason"] and "CAP_BPF" in hook["mend"], hook)
    equal(agent.json("/v1/snapshot")["subjects"][0]["state"], "off", "the subject")
    equal(agent.stop(), 0, "exit status")


def test_root_without_cap_bpf_runs():
    "root without CAP_BPF and CAP_PERFMON: the agent runs, doctor says what is off"
    agent = Agent(prefix=("setpriv", "--bounding-set", "-bpf,-perfmon,-sys_admin",
                          "--inh-caps=-bpf,-perfmon,-sys_admin"))
    hook = off_and_why(agent.json("/v1/doctor"))
    check("EPERM" in hook["reason"], hook)
    states = {c["name"]: c["state"] for c in agent.json("/v1/doctor")["capabilities"]}
    equal(states["CAP_BPF"], "off", "CAP_BPF")


def test_a_kernel_without_btf_is_named():
    "no BTF: the agent runs, doctor names it"
    hide = ("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh")
    agent = Agent(prefix=hide)
    doctor = agent.json("/v1/doctor")
    check("CONFIG_DEBUG_INFO_BTF" in off_and_why(doctor)["mend"], doctor["hooks"])
    states = {b["name"]: b["state"] for b in doctor["backends"]}
    equal(states["kernel BTF"], "off", "kernel BTF")


def test_no_rights_and_no_agent_is_one_line():
    "snapshot without an agent and without rights still says what is off and why"
    result = command("snapshot", *nowhere(), prefix=UNPRIVILEGED)
    equal(result.returncode, 3, "exit status")
    one_line(result, 3, "no agent", "root")


def test_only_the_agent_is_asked_when_told_so():
    "snapshot --agent ends with 3 where no agent answers, and with 0 where one does"
    one_line(command("snapshot", "--agent", "-q", *nowhere()), 3, "no agent answers")
    agent = Agent()
    result = command("snapshot", "--agent", "-q", "--socket", agent.socket)
    equal((result.returncode, result.stdout, result.stderr), (0, "", ""), "health check")


def test_an_agent_that_hangs_is_called_so():
    "an agent that was stopped is told from one that is not there, within its patience"
    agent = Agent()
    agent.signal(signal.SIGSTOP)
    cleanup(agent.signal, signal.SIGCONT)
    one_line(command("snapshot", "--socket", agent.socket), 3, agent.socket, "hangs or was stopped")


def test_somebody_elses_agent_is_not_shown():
    "an agent that is not for this user is said to be so"
    agent = Agent()
    one_line(command("snapshot", "--socket", agent.socket, prefix=UNPRIVILEGED), 3, "not for this user")


def test_the_files_socket_is_asked():
    "snapshot and doctor ask on the socket that the configuration file names"
    where = folder()
    agent = Agent()
    path = os.path.join(where, "f.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"socket: {agent.socket}\n")
    equal(command("snapshot", "--agent", "-q", "--config", path).returncode, 0, "exit status")
    with open(path, "a", encoding="utf-8") as file:
        file.write("nonsense: 1\n")
    for verb in ("snapshot", "doctor"):
        one_line(command(verb, "--config", path), 2, "f.yaml:2:1", "nonsense")
    one_line(command("doctor", "--config", "/none"), 2, "/none")


def test_a_result_that_does_not_arrive_is_a_failure():
    "a result that cannot be written is a failure, said on stderr"
    with open("/dev/full", "w", encoding="utf-8") as full:
        for words in (("--help",), ("--version",), ("agent", "--check"), ("doctor",)):
            result = subprocess.run([FAIRLEAD, *words], stdout=full, stderr=subprocess.PIPE,
                                    text=True, env=ENVIRONMENT, timeout=60)
            one_line(result, 1, "cannot write the result")


def test_a_window_of_less_than_a_millisecond_is_refused():
    "a window of less than a millisecond is refused, with and without an agent"
    for where in (nowhere(), ("--socket", Agent().socket)):
        one_line(command("snapshot", "--for", "500us", *where), 2, "--for", "1ms")


if __name__ == "__main__":
    main(needs_root=True)
