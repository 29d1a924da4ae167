# SPDX-License-Identifier: Apache-2.0
"""The agent's life: start, rights, signals, reload, end."""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import (ENVIRONMENT, FAIRLEAD, HELPERS, Agent, bpf_programs, command, folder,
                      one_line, read_to_end)
from tap import check, cleanup, equal, limit, main, skip, wait_for


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_the_agent_is_not_root_and_holds_no_capability():
    status = status_of(Agent().process.pid)
    check("0" not in status["Uid"].split(), f"uids {status['Uid']}")
    check("0" not in status["Gid"].split() + status["Groups"].split(), f"gids {status['Gid']}")
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        equal(int(status[kind], 16), 0, kind)
    equal(status["NoNewPrivs"], "1", "no_new_privs")
    equal(status["Seccomp"], "2", "seccomp mode")


def test_what_the_agent_gave_up_it_cannot_use():
    "what the agent gave up it cannot use, by trying"
    result = subprocess.run([f"{HELPERS}/lib/rights"], capture_output=True, text=True, timeout=30)
    check(result.returncode == 0 and "not ok" not in result.stdout, result.stdout)


def test_the_warden_keeps_two_capabilities():
    "the warden keeps CAP_BPF and CAP_PERFMON and nothing else"
    status = status_of(Agent().warden)
    held = int(status["CapPrm"], 16) | int(status["CapEff"], 16)
    equal(held, 1 << 38 | 1 << 39, "capabilities")
    equal(status["NoNewPrivs"], "1", "no_new_privs")


def test_health_and_readiness():
    "healthz and readyz say ok"
    agent = Agent()
    equal(agent.get("/healthz")[::2], (200, b"ok\n"), "healthz")
    equal(agent.get("/readyz")[::2], (200, b"ok\n"), "readyz")


def test_a_living_agents_socket_is_left_alone():
    "a second agent on a living socket is refused with a line, and the first lives on"
    agent = Agent()
    one_line(command("agent", "--socket", agent.socket, "--state-dir", agent.state), 1,
             "another agent answers", "--socket")
    equal(agent.get("/healthz")[0], 200, "healthz")


def test_a_foreign_listener_is_left_alone():
    "a socket that somebody else answers on is refused"
    path = os.path.join(folder(), "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        one_line(command("agent", "--socket", path), 1, "another agent answers")
    check(os.path.exists(path), "the foreign socket was removed")


def test_a_stale_socket_is_taken_over():
    agent = Agent()
    agent.signal(signal.SIGKILL)
    agent.process.wait(10)
    check(os.path.exists(agent.socket), "no stale socket to try it on")
    Agent(where=agent.where)


def test_a_file_in_the_sockets_place_is_kept():
    "a file in the socket's place is refused and kept"
    path = os.path.join(folder(), "s")
    with open(path, "w", encoding="ascii") as file:
        file.write("dear")
    one_line(command("agent", "--socket", path), 1, "is no socket")
    equal(open(path, encoding="ascii").read(), "dear", "the file")


def test_term_drains():
    "TERM lets an open request finish, takes no new one, and ends with 0"
    agent = Agent()
    with agent.connect() as connection:
        connection.sendall(b"GET /v1/snapshot?for=1s HTTP/1.0\r\n\r\n")
        wait_for(lambda: agent.json("/v1/snapshot")["agent"]["connections"] >= 2, "the request")
        agent.signal(signal.SIGTERM)
        answer = read_to_end(connection)
    check(answer.startswith(b"HTTP/1.") and b" 200 " in answer[:16], f"got {answer[:40]!r}")
    equal(agent.process.wait(20), 0, "exit status")


def test_a_second_term_stops_now():
    "a second TERM stops at once, whatever is open"
    agent = Agent("--drain-timeout", "10m")
    with agent.connect() as connection:
        connection.sendall(b"GET /v1/snapshot?for=50s HTTP/1.0\r\n\r\n")
        wait_for(lambda: agent.json("/v1/snapshot")["agent"]["connections"] >= 2, "the request")
        agent.signal(signal.SIGTERM)
        wait_for(lambda: "draining" in agent.log(), "the drain")
        agent.signal(signal.SIGTERM)
        equal(agent.process.wait(20), 0, "exit status")
    check("told twice" in agent.log(), agent.log())


def test_drain_timeout_bounds_the_drain():
    agent = Agent("--drain-timeout", "200ms")
    with agent.connect() as connection:
        connection.sendall(b"GET /v1/snapshot?for=50s HTTP/1.0\r\n\r\n")
        wait_for(lambda: agent.json("/v1/snapshot")["agent"]["connections"] >= 2, "the request")
        equal(agent.stop(), 0, "exit status")
    check("cutting off" in agent.log(), agent.log())


def test_hup_reloads():
    "HUP takes over what may change and says what needs a restart"
    agent = Agent(config="log:\n  level: info\n")
    agent.write_config("log:\n  level: debug\nhttp:\n  connections: 7\n")
    agent.signal(signal.SIGHUP)
    wait_for(lambda: "reloaded changed=2" in agent.log(), "the reload")
    log = agent.log()
    check("option=log.level from=info to=debug" in log, log)
    check("needs a restart to change option=http.connections from=64 to=7" in log, log)


def test_a_bad_reload_changes_nothing():
    "a reload of a bad file says where it is wrong and changes nothing"
    agent = Agent(config="log:\n  level: info\n")
    agent.write_config("log:\n  level: debug\n  colour: red\n")
    agent.signal(signal.SIGHUP)
    wait_for(lambda: "not reloaded" in agent.log(), "the refusal")
    check("fairlead.yaml:3:3: " in agent.log(), agent.log())
    equal(agent.get("/healthz")[0], 200, "healthz")
    check("debug" not in agent.log().replace("colour", ""), "the new level is in force")


def test_a_state_folder_is_one_agents_at_a_time():
    "a second agent on the same state folder runs without one, and says so"
    first = Agent()
    second = Agent("--state-dir", first.state)
    check("is in use" in second.log(), second.log())
    check("is in use" not in first.log(), first.log())


def test_closed_standard_descriptors_do_no_harm():
    "a command whose stdout is closed fails, and its warden hears nothing of what it prints"
    for closed in ("<&-", ">&-", "<&- >&-"):
        result = subprocess.run(["sh", "-c", f'exec "$0" doctor {closed}', FAIRLEAD], text=True,
                                env=ENVIRONMENT, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                                timeout=30)
        check("protocol" not in result.stderr, (closed, result.stderr))
        equal(result.returncode, 1 if ">&-" in closed else 0, f"exit status with {closed}")


def test_an_agent_of_an_ordinary_user_holds_nothing_either():
    "an agent that an ordinary user starts with capabilities gives them up; its warden keeps two"
    where = folder()
    os.chown(where, 65534, 65534)
    agent = Agent(where=where, prefix=(
        "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps",
        "+bpf,+perfmon,+chown", "--ambient-caps", "+bpf,+perfmon,+chown"))
    status = status_of(agent.process.pid)
    for which in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        equal(int(status[which], 16), 0, which)
    equal(int(status_of(agent.warden)["CapPrm"], 16), 1 << 38 | 1 << 39, "the warden's")
    equal(agent.json("/v1/snapshot?for=1ms")["subjects"][0]["state"], "on", "sched")


def test_a_record_of_a_newer_version_is_left_alone():
    "a record that a newer version wrote is left as it is, and said so"
    agent = Agent()
    agent.stop()
    path = os.path.join(agent.state, "node.state")
    with open(path, "rb") as file:
        record = bytearray(file.read())
    struct.pack_into("<I", record, 12, 7)     # the version, as agent/store/header.h has it
    struct.pack_into("<I", record, 28, zlib.crc32(record[:28]))
    newer = bytes(record)
    with open(path, "wb") as file:
        file.write(newer)
    again = Agent(where=agent.where)
    check("node.state" in again.log(), again.log())
    again.stop()
    with open(path, "rb") as file:
        equal(file.read(), newer, "node.state")


def test_a_reload_takes_over_nothing_that_needs_a_restart():
    "what needs a restart stays in force over a reload, and is told again at the next one"
    where = folder()
    agent = Agent(config="log:\n  level: info\n", where=where)
    agent.write_config("http:\n  connections: 5\n")
    for told in (1, 2):
        agent.signal(signal.SIGHUP)
        wait_for(lambda told=told: agent.log().count("needs a restart to change") == told,
                 "the reminder")


def test_a_bad_reload_is_one_json_line():
    "with log.format json, a reload that fails is one JSON line that says why"
    agent = Agent(config="log:\n  format: json\n")
    agent.write_config("log:\n  format: json\nnonsense: 1\n")
    agent.signal(signal.SIGHUP)
    wait_for(lambda: "not reloaded" in agent.log(), "the refusal")
    lines = [json.loads(line) for line in agent.log().splitlines()]
    check(any("nonsense" in line["message"] for line in lines), lines)


def test_run_for_waits_for_what_is_under_way():
    "--for ends once what is under way has its answer"
    agent = Agent("--for", "1500ms")
    answer = agent.json("/v1/snapshot?for=3s")
    check(answer["window_seconds"] >= 3, answer["window_seconds"])
    equal(agent.process.wait(20), 0, "exit status")
    check("told twice" not in agent.log(), agent.log())


def test_a_reader_of_the_log_may_go_away():
    "a reader of the log that goes away takes no agent along"
    where = folder()
    reader, writer = os.pipe()
    process = subprocess.Popen([FAIRLEAD, "agent", "--socket", f"{where}/s", "--state-dir",
                                f"{where}/state"], stderr=writer, env=ENVIRONMENT)
    cleanup(process.kill)
    os.close(writer)
    check(b"on hook" in os.read(reader, 4096), "the first lines")
    os.close(reader)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    equal(process.wait(20), 0, "exit status")


def test_a_reader_of_the_log_that_does_not_read_stops_nothing():
    "a reader of the log that does not read stops nothing"
    where = folder()
    reader, writer = os.pipe()
    cleanup(os.close, reader)
    process = subprocess.Popen([FAIRLEAD, "agent", "--socket", f"{where}/s", "--state-dir",
                                f"{where}/state", "--log-rate", "0"], stderr=writer,
                               env=ENVIRONMENT)
    cleanup(process.kill)
    os.close(writer)
    wait_for(lambda: command("snapshot", "--agent", "-q", "--socket", f"{where}/s").returncode == 0,
             "the agent", 30)
    for _ in range(3000):
        process.send_signal(signal.SIGHUP)
        time.sleep(0.0005)      # signals of one kind that come together are one
    process.send_signal(signal.SIGTERM)
    equal(process.wait(20), 0, "exit status")


def test_usr1_dumps_the_state():
    "USR1 writes snapshot and findings to the state folder"
    agent = Agent()
    agent.signal(signal.SIGUSR1)
    path = os.path.join(agent.state, "dump.jsonl")
    wait_for(lambda: "state dumped" in agent.log(), "the dump")
    lines = open(path, encoding="utf-8").read().splitlines()
    equal(len(lines), 2, "lines")
    check('"fairlead/snapshot/v1"' in lines[0] and '"fairlead/doctor/v1"' in lines[1], lines)


def notify_socket():
    path = os.path.join(folder(), "notify")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    cleanup(listener.close)
    listener.bind(path)
    listener.settimeout(20)
    return path, listener


def test_the_service_manager_is_told():
    "the service manager is told of readiness, reload and stop"
    path, listener = notify_socket()
    agent = Agent(config="", NOTIFY_SOCKET=path)
    check(b"READY=1" in listener.recv(512), "no READY=1")
    agent.signal(signal.SIGHUP)
    reload = listener.recv(512)
    check(b"RELOADING=1" in reload and b"MONOTONIC_USEC=" in reload, reload)
    check(b"READY=1" in listener.recv(512), "no READY=1 after the reload")
    agent.signal(signal.SIGTERM)
    check(b"STOPPING=1" in listener.recv(512), "no STOPPING=1")


def test_the_watchdog_is_fed_only_while_there_is_progress():
    path, listener = notify_socket()
    agent = Agent(NOTIFY_SOCKET=path, WATCHDOG_USEC="400000")
    check(b"READY=1" in listener.recv(512), "no READY=1")
    for _ in range(3):
        equal(listener.recv(512), b"WATCHDOG=1", "message")
    agent.kill()
    agent = Agent("--signals-interval", "1m", "--signals-window", "1m", ready=False,
                  NOTIFY_SOCKET=path, WATCHDOG_USEC="100000")
    check(b"READY=1" in listener.recv(512), "no READY=1")
    for _ in range(5):
        equal(listener.recv(512), b"WATCHDOG=1", "message")
    check("not feeding" not in agent.log(), agent.log())


def test_the_agent_ends_with_its_warden():
    "kill -9 of the warden: the agent says so and ends with 1; a new one starts"
    others = bpf_programs()     # of an agent that runs on this machine
    agent = Agent()
    os.kill(agent.warden, signal.SIGKILL)
    equal(agent.process.wait(20), 1, "exit status")
    check("the warden is gone" in agent.log(), agent.log())
    # the kernel frees them a moment later
    wait_for(lambda: bpf_programs() <= others, "the programs' end")
    Agent(where=agent.where)


def test_the_warden_ends_with_its_agent():
    "kill -9 of the agent: the warden goes, and every BPF program with it; a new one starts"
    others = bpf_programs()
    agent = Agent()
    warden = agent.warden
    check(bpf_programs() - others, "no program was loaded to try it on")
    agent.signal(signal.SIGKILL)
    agent.process.wait(10)
    wait_for(lambda: not os.path.exists(f"/proc/{warden}"), "the warden's end")
    wait_for(lambda: bpf_programs() <= others, "the programs' end")
    Agent(where=agent.where)


@limit(120)
def test_starts_and_stops_leak_nothing():
    "ten starts and stops leave no program, process, mount or file"
    where, others = folder(), bpf_programs()
    mounts = open("/proc/self/mounts", encoding="utf-8").read()
    for _ in range(10):
        agent = Agent(where=where)
        warden = agent.warden
        equal(agent.stop(), 0, "exit status")
        check(not os.path.exists(f"/proc/{warden}"), "the warden outlived its agent")
    # the kernel frees them a moment later
    wait_for(lambda: bpf_programs() <= others, "the programs' end")
    equal(open("/proc/self/mounts", encoding="utf-8").read(), mounts, "mounts")
    left = set(os.listdir(where)) - {"fairlead.sock.lock", "state", "log", "fairlead.sock"}
    equal(left, set(), "files that stayed")


def test_a_bounded_run_ends_by_itself():
    "--for ends the run with 0 and a summary"
    agent = Agent("--for", "1s", ready=False)
    equal(agent.process.wait(30), 0, "exit status")
    check("stopped after=1." in agent.log() or "stopped after=2." in agent.log(), agent.log())


def test_an_unclean_end_is_noticed():
    "after kill -9 the next start says that the last run did not end by itself"
    agent = Agent()
    equal(agent.stop(), 0, "exit status")
    agent = Agent(where=agent.where)
    check("did not stop cleanly" not in agent.log(), agent.log())
    agent.signal(signal.SIGKILL)
    agent.process.wait(10)
    agent = Agent(where=agent.where)
    check("did not stop cleanly" in agent.log(), agent.log())


def test_places_come_from_the_file():
    "socket and state_dir may stand in the file: the warden makes what the agent may not"
    where = folder()
    config = os.path.join(where, "fairlead.yaml")
    with open(config, "w", encoding="ascii") as file:
        file.write(f"socket: {where}/run/s\nstate_dir: {where}/kept\n")
    equal(command("agent", "--config", config, "--for", "300ms").returncode, 0, "exit status")
    check(os.stat(f"{where}/kept").st_uid != 0, "the state folder is root's")
    check(os.path.exists(f"{where}/kept/node.state"), "no record")


def test_a_folder_in_use_is_not_handed_over():
    "a root's folder with something in it stays root's, and the run goes on without a state"
    where = folder()
    with open(os.path.join(where, "precious"), "w", encoding="ascii") as file:
        file.write("x")
    agent = Agent("--state-dir", where)
    equal(os.stat(where).st_uid, 0, "owner")
    check("this run keeps nothing" in agent.log() or "warn store" in agent.log(), agent.log())


def state_row(agent):
    return next(row for row in agent.json("/v1/doctor")["backends"] if row["name"] == "state")


def unkept(agent):
    return next(row["count_total"] for row in agent.json("/v1/snapshot")["losses"]
                if row["where"] == "state")


def test_a_state_folder_that_takes_nothing_is_told():
    "a state folder that is full, read-only or not ours is a row of the doctor, and counted"
    kept = Agent()
    equal((state_row(kept)["state"], unkept(kept)), ("on", 0), "where all is well")
    equal(kept.stop(), 0, "exit status")
    for mount, then, reason, mend in (
            ("size=64k", 'chown 64990 "$0"; cat /dev/zero >"$0/fill"', "No space left", "make room"),
            ("ro,uid=64990", "true", "Read-only", "for writing"),
            ("uid=1", "true", "belongs to uid 1", "agent's user")):
        where = folder()
        state = os.path.join(where, "state")
        os.mkdir(state)
        # a mount of its own, which ends with the agent
        script = f'mount -t tmpfs -o {mount},mode=0755 none "$0"; {then} 2>/dev/null; exec "$@"'
        agent = Agent("--user", "64990", where=where, prefix=("unshare", "-m", "sh", "-c", script, state))
        row = state_row(agent)
        equal(row["state"], "off", row)
        check(reason in row["reason"] and mend in row["mend"] and row["lost"], row)
        before = unkept(agent)
        check(before >= 1, before)
        agent.signal(signal.SIGUSR1)
        wait_for(lambda: unkept(agent) > before, "the dump to be counted")
        check("state" in command("doctor", "--socket", agent.socket).stdout, "the page")
        equal(agent.stop(), 0, "exit status")


def test_a_state_folder_with_room_again_is_caught_up_with():
    "when a dump finds room again, what the next start needs is written too, and doctor says on"
    where = folder()
    state = os.path.join(where, "state")
    os.mkdir(state)
    script = ('mount -t tmpfs -o size=256k,mode=0755 none "$0"; chown 64990 "$0"; '
              'cat /dev/zero 2>/dev/null >"$0/fill"; exec "$@"')
    agent = Agent("--user", "64990", where=where, prefix=("unshare", "-m", "sh", "-c", script, state))
    equal(state_row(agent)["state"], "off", "state")
    inside = f"/proc/{agent.process.pid}/root{state}"
    os.unlink(f"{inside}/fill")
    agent.signal(signal.SIGUSR1)
    wait_for(lambda: "state dumped" in agent.log(), "the dump")
    equal(state_row(agent)["state"], "on", "state")
    check(os.path.getsize(f"{inside}/node.state") > 0, os.listdir(inside))


def test_the_agent_will_not_be_root():
    "--user root is refused"
    where = folder()
    one_line(command("agent", "--socket", f"{where}/s", "--user", "root"), 2, "--user", "root")
    one_line(command("agent", "--socket", f"{where}/s", "--user", "0"), 2, "--user")
    one_line(command("agent", "--socket", f"{where}/s", "--user", "nobody-of-that-name"), 2,
             "no user 'nobody-of-that-name'")


def test_json_log_lines_are_json():
    "with --log-format json every line is an object with the fixed fields"
    import json
    agent = Agent("--log-format", "json", "--log-level", "debug")
    agent.stop()
    lines = [json.loads(line) for line in agent.log().splitlines()]
    check(lines, "no line")
    for line in lines:
        equal(sorted(line), ["held_back", "level", "message", "subject", "time"], "fields")


def test_a_cpu_may_go_and_come_back():
    "a CPU that goes off and on is shown as offline, and its counters go on"
    switch = "/sys/devices/system/cpu/cpu1/online"
    if not os.access(switch, os.W_OK):
        skip("this machine has no CPU that can be switched off")
    agent = Agent()
    before = agent.json("/v1/snapshot?for=50ms")["cpus"][1]
    try:
        with open(switch, "w", encoding="ascii") as file:
            file.write("0")
    except OSError as error:
        skip(f"cpu1 cannot be switched off here: {error.strerror}")
    try:
        check(not agent.json("/v1/snapshot?for=50ms")["cpus"][1]["online"], "cpu1 is on")
    finally:
        with open(switch, "w", encoding="ascii") as file:
            file.write("1")
    subprocess.run(["taskset", "-c", "1", "true"], check=True)
    after = agent.json("/v1/snapshot?for=50ms")["cpus"][1]
    check(after["online"], "cpu1 is off")
    check(after["waits_total"] > before["waits_total"], f"{before} then {after}")


if __name__ == "__main__":
    main(needs_root=True)
