# SPDX-License-Identifier: Apache-2.0
"""Jobs by the agent's door: they run in sandboxes that were started ahead, and nothing is left."""
import base64
import concurrent.futures
import glob
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import Agent, folder
from tap import check, equal, main, skip, wait_for

HOST_USER = 64991


class Executor(Agent):
    """An agent that runs jobs."""

    def __init__(self, *words, **more):
        super().__init__("--execute", *words, **more)

    def ask(self, method, path, body=None, timeout=30):
        """Status, and the answer as JSON."""
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\n"
        answer = self.send(head.encode() + b"Content-Length: %d\r\n\r\n" % len(data) + data, timeout)
        head, _, body = answer.partition(b"\r\n\r\n")
        check(head, f"{method} {path} was cut off")
        return int(head.split()[1]), json.loads(body) if body else None

    def job(self, **request):
        """The result of one that is waited for, which is to have run."""
        status, result = self.ask("POST", "/v1/jobs", request)
        equal(status, 200, f"status of {result}")
        equal(result["state"], "done", f"state of {result}")
        return result

    def sh(self, script, **more):
        result = self.job(argv=["/bin/sh", "-c", script], **more)
        equal(result["exit_code"], 0, f"exit code of {result}")
        return result["stdout"].strip()

    def pool(self, name="command"):
        return next(p for p in self.ask("GET", "/v1/pools")[1]["pools"] if p["name"] == name)

    def wait_until_quiet(self):
        """All that is asked for is ready, and nothing else is there."""
        wait_for(lambda: all(p["ready"] >= p["minimum"] and not
                             (p["making"] or p["busy"] or p["ending"] or p["waiting"])
                             for p in self.ask("GET", "/v1/pools")[1]["pools"]),
                 "the pools to be quiet", 20)


def processes_of(user):
    found = set()
    for path in glob.glob("/proc/[0-9]*"):
        try:
            if os.stat(path).st_uid == user:
                found.add(int(path[6:]))
        except FileNotFoundError:
            pass
    return found


def test_a_command_runs_and_is_answered():
    "a command's output, exit code and times come back"
    result = Executor().job(argv=["/bin/sh", "-c", "echo out; echo err >&2; exit 3"])
    equal((result["stdout"], result["stderr"], result["exit_code"]), ("out\n", "err\n", 3), "result")
    check(result["timings"]["run_seconds"] >= 0 and result["usage"]["peak_bytes"] > 0, f"{result}")


def test_languages():
    "code in python and sh runs as a file in the working folder"
    agent = Executor()
    equal(agent.job(lang="python", code="import sys, os\nprint(os.getcwd(), sys.argv[1:])",
                    args=["a", "b c"])["stdout"], "/job ['a', 'b c']\n", "python")
    equal(agent.job(lang="sh", code="echo $0 $1", args=["x"])["stdout"], "main.sh x\n", "sh")


def test_python_is_forked_from_a_zygote():
    "python code runs in a sandbox forked from a started interpreter, as isolated as any"
    agent = Executor("--pools-python", "2")
    agent.wait_until_quiet()
    code = """
import os, sys
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(status["CapEff"].strip(), status["CapBnd"].strip(), status["Seccomp"].strip(), os.getuid())
print(sorted(p for p in os.listdir("/proc") if p.isdigit()), os.listdir("/job"), os.listdir("/tmp"))
print(sorted(os.environ), sys.argv, [f for f in range(3, 100) if os.path.exists(f"/proc/self/fd/{f}")])
for forbidden in (lambda: open("/x", "w"), lambda: os.listdir("/proc/1/root"), lambda: os.chroot("/tmp"),
                  lambda: os.mkdir("/usr/x")):
    try:
        forbidden()
        print("done")
    except OSError:
        pass
"""
    result = agent.job(lang="python", code=code, args=["x"])
    check(result["warm"], f"{result}")
    lines = result["stdout"].splitlines()
    equal(lines[0], "0" * 16 + " " + "0" * 16 + " 2 1000", "rights")
    check(lines[1].endswith("] ['main.py'] []") and lines[1].count(",") <= 1, lines[1])
    equal(lines[2], "['HOME', 'LANG', 'PATH', 'USER'] ['main.py', 'x'] []", "what it has")
    equal(len(lines), 3, f"lines of {lines}")


def test_two_of_one_zygote_share_nothing():
    "two slots of one zygote differ in random numbers and namespaces, and see nothing of each other"
    agent = Executor("--pools-python", "2")
    agent.wait_until_quiet()
    code = ("import os, random\nprint(random.random(), os.urandom(8).hex(), sorted(os.readlink("
            "f'/proc/self/ns/{n}') for n in os.listdir('/proc/self/ns')))\nopen('/tmp/x', 'x')")
    outputs = {agent.job(lang="python", code=code)["stdout"] for _ in range(5)}
    equal(len(outputs), 5, "different answers")
    equal(len({o.split()[0] for o in outputs}), 5, "random numbers")
    equal(len({o.partition("[")[2] for o in outputs}), 5, "sets of namespaces")


def test_errors_of_python_read_as_they_should():
    "an exception, an exit code and an import that is not there are told as python tells them"
    agent = Executor("--pools-python", "1")
    result = agent.job(lang="python", code="def f():\n    1 / 0\nf()")
    equal(result["exit_code"], 1, "exit code")
    check(result["stderr"].startswith("Traceback (most recent call last):\n  File ") and
          "zygote" not in result["stderr"] and "ZeroDivisionError" in result["stderr"], result["stderr"])
    equal(agent.job(lang="python", code="raise SystemExit(7)")["exit_code"], 7, "exit code")
    equal(agent.job(lang="python", code="import json; print(json.dumps([1]))",
                    imports=["json"])["stdout"], "[1]\n", "imported ahead")
    _, result = agent.ask("POST", "/v1/jobs", {"lang": "python", "code": "1", "imports": ["nosuch"]})
    check(result["state"] == "failed" and "nosuch" in result["error"], f"{result}")


def test_node_and_java_are_started_ahead():
    "node and java run code in an interpreter that was started for it"
    ran = []
    for lang, name, code in (
            ("node", "node", "console.log(process.argv.length, require('fs').readdirSync('/job'))"),
            ("java", "javac", "class Main { public static void main(String[] a) "
             "{ System.out.println(a.length); } }")):
        if not any(os.access(os.path.join(f, name), os.X_OK) for f in os.environ["PATH"].split(":")):
            continue
        if not os.path.exists(f"/usr/bin/{name}"):
            continue    # the sandbox sees /usr only
        agent = Executor(f"--pools-{lang}", "1")
        wait_for(lambda a=agent, l=lang: a.pool(l)["ready"] == 1, f"{lang} to be ready", 60)
        result = agent.job(lang=lang, code=code, args=["a", "b"])
        check(result["warm"] and result["stdout"] in ("4 [ 'main.js' ]\n", "2\n"), f"{result}")
        ran.append(lang)
    if not ran:
        skip("neither node nor a JDK is here")


def test_a_zygote_that_is_killed_comes_back():
    agent = Executor("--pools-python", "1", "--pools-command", "0")
    agent.wait_until_quiet()
    equal(agent.job(lang="python", code="print(1)")["stdout"], "1\n", "before")
    for pid in processes_of(HOST_USER):
        if b"/proc/self/fd/5" in command_line(pid):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: agent.ask("POST", "/v1/jobs", {"lang": "python", "code": "print(2)"})[1]
             .get("stdout") == "2\n", "python to run again", 20)


def test_more_than_may_run_wait_their_turn():
    "more jobs than may run at once wait, of a tenant no more than it may, and too many are refused"
    agent = Executor("--jobs-running", "2", "--tenants", f"own uids={os.getuid()} jobs=1 queue=2")
    asked = [agent.ask("POST", "/v1/jobs?async=1", {"argv": ["sleep", "0.5"]}) for _ in range(5)]
    equal([status for status, _ in asked], [202, 202, 202, 429, 429], "statuses")
    states = [job["state"] for job in agent.ask("GET", "/v1/jobs")[1]["jobs"]]
    equal(sorted(states), ["queued", "queued", "running"], "states")
    for _, job in asked[:3]:
        equal(agent.ask("GET", f"/v1/jobs/{job['id']}?wait=20s")[1]["state"], "done", "state")
    equal(agent.sh("echo again"), "again", "afterwards")


def test_a_job_that_waits_too_long_is_refused():
    agent = Executor("--jobs-running", "1", "--jobs-wait", "200ms")
    _, first = agent.ask("POST", "/v1/jobs?async=1", {"argv": ["sleep", "30"]})
    _, result = agent.ask("POST", "/v1/jobs", {"argv": ["true"]})
    check(result["state"] == "failed" and "start" in result["error"], f"{result}")
    agent.ask("DELETE", f"/v1/jobs/{first['id']}")
    equal(agent.sh("echo on"), "on", "afterwards")


def test_it_is_isolated():
    "a job through the agent has no rights, sees no process but its own and no network"
    agent = Executor()
    equal(agent.sh("awk '/^Cap/ { print $2 }' /proc/self/status | sort -u"), "0" * 16, "capabilities")
    equal(agent.sh("awk '/^(NoNewPrivs|Seccomp):/ { print $2 }' /proc/self/status"), "1\n2", "filter")
    check(set(agent.sh("cd /proc; echo [0-9]*").split()) <= {"2", "3", "4"}, "processes")
    equal(agent.sh("tail -n +3 /proc/net/dev | cut -d: -f1").split(), ["lo"], "interfaces")
    equal(agent.sh("id -u; id -G; uname -n"), "1000\n1000\nsandbox", "who")
    equal(agent.sh("ls /proc/self/fd | sort -n | head -c 6"), "0\n1\n2", "open files")
    equal(agent.sh("env | cut -d= -f1 | sort | tr '\\n' ' '"), "HOME LANG PATH PWD USER", "environment")
    for forbidden in ("touch /x", "touch /usr/x", "mount -t tmpfs x /tmp", "unshare -U true",
                      "ls /proc/1/root/", "kill -9 1 && ls /proc/1", "echo 1 >/proc/sys/kernel/panic",
                      "cat /etc/shadow", "ls /sys/kernel"):
        check(agent.job(argv=["/bin/sh", "-c", forbidden])["exit_code"], forbidden)


def test_the_nursery_has_no_rights_on_the_host():
    "who makes sandboxes is an ordinary user to the host, in namespaces of its own"
    before = processes_of(HOST_USER)
    agent = Executor()
    agent.wait_until_quiet()
    made = processes_of(HOST_USER) - before
    check(len(made) >= 3, f"a nursery and two sandboxes: {made}")
    for pid in made:
        for kind in ("user", "pid", "mnt", "net", "ipc", "uts", "cgroup"):
            check(os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"),
                  f"process {pid} shares our {kind} namespace")


def test_nothing_is_shared_between_two_jobs():
    "what a job leaves in /tmp, /job, shared memory or abstract sockets the next one does not find"
    agent = Executor()
    agent.sh("echo x >/tmp/left; echo x >/job/left; echo x >/dev/shm/left")
    for _ in range(3):
        equal(agent.sh("ls /tmp /job /dev/shm"), "/dev/shm:\n\n/job:\n\n/tmp:", "left")
    namespaces = {agent.sh("readlink /proc/self/ns/* | sort") for _ in range(3)}
    equal(len(namespaces), 3, "sets of namespaces")


def test_input_files_and_environment():
    "stdin, files and environment reach the job; a payload over 64 KB too"
    agent = Executor()
    equal(agent.sh("cat", stdin="in\nput"), "in\nput", "stdin")
    equal(agent.sh("cat", stdin="x" * 300000), "x" * 300000, "long stdin")
    files = [{"name": "a", "content": "text"},
             {"name": "b.sh", "content": "#!/bin/sh\necho ran", "executable": True},
             {"name": "c", "content_base64": base64.b64encode(os.urandom(200000)).decode()}]
    equal(agent.sh("cat a; ./b.sh; wc -c <c", files=files), "textran\n200000", "files")
    equal(agent.sh("echo $A", env={"A": "b c"}), "b c", "environment")


def test_output_is_limited_and_marked():
    agent = Executor()
    result = agent.job(argv=["/bin/sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x"],
                       output_bytes=1000)
    equal((len(result["stdout"]), result["stdout_truncated"], result["exit_code"]), (1000, True, 0),
          "output")
    result = agent.job(argv=["/bin/sh", "-c", "printf '\\377\\376'"])
    equal(base64.b64decode(result["stdout_base64"]), b"\377\376", "bytes that are no text")


def test_a_time_out_ends_it():
    "a job that ignores TERM is killed, and its daemons with it"
    agent = Executor()
    began = time.monotonic()
    result = agent.job(argv=["/bin/sh", "-c", "trap '' TERM; (setsid sleep 4712 &); echo on; sleep 60"],
                       timeout_seconds=0.3)
    check(result["timed_out"] and result["killed_by"] == "time" and result["stdout"] == "on\n",
          f"{result}")
    check(time.monotonic() - began < 30, "it took too long")
    agent.wait_until_quiet()
    check(not any(b"4712" in command_line(pid) for pid in processes_of(HOST_USER)), "a daemon lives")


def command_line(pid):
    try:
        return open(f"/proc/{pid}/cmdline", "rb").read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def test_memory_and_processes_are_limited():
    "a job over its memory is killed and says so; one over its processes is refused them"
    agent = Executor()
    result = agent.job(lang="python", code="x = bytearray(400 << 20)", memory_bytes=64 << 20)
    equal((result["signal"], result["killed_by"]), (9, "memory"), "memory")
    result = agent.job(argv=["/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 9 & done; echo no"],
                       pids=4)
    check("no" not in result["stdout"], f"{result}")
    equal(agent.sh("echo still"), "still", "the next job")


def test_a_client_that_hangs_up_ends_its_job():
    agent = Executor()
    with agent.connect() as connection:
        body = json.dumps({"argv": ["sleep", "4713"]}).encode()
        connection.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(body) + body)
        wait_for(lambda: any(b"4713" in command_line(p) for p in processes_of(HOST_USER)),
                 "the job to run", 20)
    wait_for(lambda: not any(b"4713" in command_line(p) for p in processes_of(HOST_USER)),
             "the job to be gone", 20)


def test_asynchronously():
    "a job is posted, looked at, waited for, cancelled, and known to who posted it only"
    agent = Executor()
    status, job = agent.ask("POST", "/v1/jobs?async=1", {"argv": ["/bin/sh", "-c", "sleep 0.2; echo x"]})
    equal(status, 202, "status")
    status, result = agent.ask("GET", f"/v1/jobs/{job['id']}?wait=20s")
    equal((status, result["state"], result["stdout"]), (200, "done", "x\n"), "result")
    _, job = agent.ask("POST", "/v1/jobs?async=1", {"argv": ["sleep", "60"]})
    status, _ = agent.ask("DELETE", f"/v1/jobs/{job['id']}")
    check(status in (200, 202, 204), f"cancelled with {status}")
    equal(agent.ask("GET", f"/v1/jobs/{job['id']}?wait=20s")[1]["state"], "cancelled", "state")
    equal(agent.ask("GET", "/v1/jobs/0123456789abcdef0123456789abcdef")[0], 404, "an unknown job")


def test_what_cannot_run_says_why():
    agent = Executor()
    status, result = agent.ask("POST", "/v1/jobs", {"argv": ["nosuch"]})
    check(result["state"] == "failed" and "nosuch" in result["error"], f"{status} {result}")
    status, result = agent.ask("POST", "/v1/jobs", {"argv": ["true"], "root": "/nosuch"})
    check(result["state"] == "failed" and "/nosuch" in result["error"], f"{status} {result}")
    equal(agent.ask("POST", "/v1/jobs", {"argv": ["true"], "colour": "red"})[0], 422, "unknown key")


def test_without_execute_jobs_are_refused_with_the_mend():
    agent = Agent()
    body = b'{"argv":["true"]}'
    answer = agent.send(b"POST /v1/jobs HTTP/1.0\r\nContent-Type: application/json\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(body) + body)
    check(b" 503 " in answer.split(b"\r\n")[0] and b"execute" in answer, f"{answer}")


def test_an_ordinary_users_agent_runs_jobs_too():
    "an agent without rights runs jobs as its user, and refuses limits that it cannot keep"
    where = folder()
    os.chmod(where, 0o777)
    agent = Executor(where=where, ready=False,
                     prefix=("setpriv", "--reuid", "64980", "--regid", "64980", "--clear-groups"))
    wait_for(lambda: os.path.exists(agent.socket), "the agent's socket", 20)
    equal(agent.sh("id -u; awk '/^CapEff/ { print $2 }' /proc/self/status"), "1000\n" + "0" * 16, "who")
    _, result = agent.ask("POST", "/v1/jobs", {"argv": ["true"], "memory_bytes": 64 << 20})
    check(result["state"] == "failed" and "cgroup" in result["error"], f"{result}")


def test_doctor_says_what_is_kept():
    "doctor tells CAP_SETUID as held where jobs are run, and as given up where not"
    for agent, said in ((Executor(), "held by the warden"), (Agent(), "then given up")):
        found = next(c for c in agent.json("/v1/doctor")["capabilities"] if c["name"] == "CAP_SETUID")
        check(said in found["reason"], f"{found}")


def test_limits_out_of_sense_harm_nobody_else():
    "a job with less CPU than there is fails alone; others of its pool run on"
    agent = Executor()
    _, other = agent.ask("POST", "/v1/jobs?async=1", {"argv": ["sleep", "1"]})
    _, result = agent.ask("POST", "/v1/jobs", {"argv": ["true"], "cpus": 0.005})
    equal(result["state"], "failed", f"state of {result}")
    equal(agent.ask("GET", f"/v1/jobs/{other['id']}?wait=20s")[1]["exit_code"], 0, "the other one")


def test_volumes_and_roots():
    "volumes are seen, read-only where so asked; a root of its own can be changed, for itself alone"
    agent, where = Executor(), folder()
    shared = os.path.join(where, "shared")
    os.mkdir(shared)
    os.chmod(shared, 0o777)
    with open(os.path.join(shared, "file"), "w", encoding="ascii") as file:
        file.write("of the host")
    volume = {"source": shared, "path": "/data"}
    equal(agent.sh("cat /data/file; echo new >/data/new", volumes=[volume]), "of the host", "volume")
    equal(open(os.path.join(shared, "new"), encoding="ascii").read(), "new\n", "what it wrote")
    result = agent.job(argv=["/bin/sh", "-c", "echo no >/data/no"],
                       volumes=[dict(volume, read_only=True)])
    check(result["exit_code"] and not os.path.exists(os.path.join(shared, "no")), "read-only")
    root = os.path.join(where, "root")
    for name in ("bin", "etc"):
        os.makedirs(os.path.join(root, name))
        os.chown(os.path.join(root, name), HOST_USER, HOST_USER)
    os.system(f"cp /bin/busybox {root}/bin/sh 2>/dev/null || cp -L --parents /bin/sh "
              f"$(ldd /bin/sh | grep -o '/[^ ]*') {root}")
    equal(agent.sh("echo new >/etc/new; echo /*; cat /etc/new", root=root).splitlines()[-1], "new",
          "root")
    check(not os.listdir(os.path.join(root, "etc")), "the root was changed")


def test_many_at_once():
    "fifty at once all get their own answer, and afterwards nothing is left"
    agent = Executor()
    agent.wait_until_quiet()
    before = processes_of(HOST_USER)
    with concurrent.futures.ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda i: agent.sh(f"echo {i}"), range(100)))
    equal(answers, [str(i) for i in range(100)], "answers")
    agent.wait_until_quiet()
    pool = agent.pool()
    equal(pool["taken_warm_total"] + pool["taken_cold_total"], 100, "sandboxes taken")
    equal(len(processes_of(HOST_USER)), len(before), "processes of the jobs' user")


def test_all_goes_with_the_agent():
    "an agent that is killed leaves no sandbox behind, nor does one whose warden is"
    for victim in ("agent", "warden"):
        before = processes_of(HOST_USER)
        agent = Executor()
        agent.wait_until_quiet()
        agent.ask("POST", "/v1/jobs?async=1", {"argv": ["/bin/sh", "-c", "(setsid sleep 77 &); sleep 88"]})
        check(processes_of(HOST_USER) - before, "there is nothing to be left behind")
        os.kill(agent.process.pid if victim == "agent" else agent.warden, signal.SIGKILL)
        agent.process.wait(10)
        wait_for(lambda: not processes_of(HOST_USER) - before, f"all to go with the {victim}", 10)


def test_a_nursery_that_is_killed_comes_back():
    "the jobs of a nursery that is killed are answered, and the next ones run"
    agent = Executor()
    agent.wait_until_quiet()
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        running = threads.submit(agent.ask, "POST", "/v1/jobs", {"argv": ["sleep", "4714"]})
        wait_for(lambda: any(b"4714" in command_line(p) for p in processes_of(HOST_USER)),
                 "the job to run", 20)
        os.kill(nursery_of(agent), signal.SIGKILL)
        status, result = running.result(20)
        check(status == 200 and result["state"] in ("failed", "done") and
              result.get("exit_code") != 0, f"{status} {result}")
    wait_for(lambda: agent.ask("POST", "/v1/jobs", {"argv": ["true"]})[1].get("state") == "done",
             "a job to run again", 20)


def nursery_of(agent):
    """The warden's only child."""
    children = open(f"/proc/{agent.warden}/task/{agent.warden}/children", encoding="ascii").read()
    return int(children.split()[0])


if __name__ == "__main__":
    main(needs_root=True)
