# SPDX-License-Identifier: Apache-2.0
"""`fairlead top` on real terminals: what it shows, what keys do, and that it leaves no trace."""
import contextlib
import itertools
import json
import os
import re
import signal
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import Agent, ImpostorAgent, command, folder, one_line
from tap import check, equal, limit, main, wait_for
from terminal import PROMPT, Pty, Tmux

# Three cgroups, a pod among them, and a disk with a distribution, known to the letter.
POD = "0c4af3e1-1111-2222-3333-444455556666"
MADE_UP = {
    "schema": "fairlead/snapshot/v1", "window_seconds": 1.0,
    "node": {"name": "made-up", "uptime_seconds": 60.0},
    "cpus": [{"cpu": n, "online": True, "wait": {"count": 30, "sum_seconds": 0.03, "buckets": [
        [0.000001024, 10], [0.000002048, 20]]}} for n in range(2)],
    "cgroups": [
        {"id": 1, "path": "/alpha", "waits": 10, "wait_seconds": 0.9, "run_seconds": 0.3,
         "disks": [{"disk": "sdx", "operations": {"read": {"ios": 1, "bytes": 1024}}}]},
        {"id": 2, "path": "/bravo/x.scope", "pod": POD, "waits": 500, "wait_seconds": 0.5,
         "wait": {"count": 500, "sum_seconds": 0.5, "buckets": [[0.000524288, 200], [0.001048576, 300]]},
         "disks": [{"disk": "sdx", "operations": {"read": {"ios": 9, "bytes": 9216}}}]},
        {"id": 3, "path": "/evil\033[2J\u009b2Jx", "waits": 20, "wait_seconds": 0.1,
         "disks": []}],
    "disks": [{"name": "sdx", "in_flight": 3, "operations": {"read": {
        "ios": 10, "bytes": 10240, "queue": {"count": 10, "buckets": [[0.000008192, 10]]},
        "device": {"count": 10, "buckets": [[0.000131072, 4], [0.000262144, 6]]}}}}],
    "network": [{"name": "eth9", "received": {"bytes": 2048, "packets": 2}, "sent": {}}],
    "waiters": [{"thread": 77, "name": "worker", "cgroup": "/bravo/x.scope", "waits": 3,
                 "wait_seconds": 0.02, "longest_seconds": 0.009}],
    "subjects": [{"name": "sched", "state": "on", "hook": "h", "reason": ""}]}


def made_up():
    return ImpostorAgent(200, json.dumps(MADE_UP).encode())


@contextlib.contextmanager
def top(*words, columns=80, rows=24, **environment):
    "A top in tmux that shows the made-up node."
    with made_up() as socket:
        terminal = Tmux(columns, rows, **environment)
        terminal.run("top", "--socket", socket, *words)
        terminal.wait("made-up up 60", "the first look")
        yield terminal


def order(screen):
    return re.findall(r"^/(alpha|bravo|evil)", screen, re.MULTILINE)


def test_it_shows_the_node():
    "top shows the node at a glance and its cgroups, the longest wait first"
    with top() as terminal:
        screen = terminal.screen()
        equal(order(screen), ["alpha", "bravo", "evil"], "order")
        for part in ("waits 60/s", "read 10K/s (10/s)", "received 2.0K/s", "by waited | agent"):
            check(part in screen, f"{part} is not in\n{screen}")
        check(max(map(len, screen.splitlines())) <= 80, screen)


def test_keys_sort():
    "s and < > change what the rows are sorted by, r turns them round, --sort begins with it"
    with top() as terminal:
        terminal.send("<")
        equal(order(terminal.wait("by waits", "the sort by waits")), ["bravo", "evil", "alpha"], "by waits")
        terminal.send("r")
        equal(order(terminal.wait("smallest first", "the other order")), ["alpha", "evil", "bravo"], "reversed")
        terminal.send("<", "<")
        equal(order(terminal.wait("by name", "names")), ["alpha", "bravo", "evil"], "by name")
    with top("--view", "cgroups", "--sort", "read") as terminal:
        equal(order(terminal.wait("by read", "--sort")), ["bravo", "alpha", "evil"], "by read")


def test_a_filter():
    "/ filters by cgroup and by pod while it is typed, Enter keeps it, Esc clears it"
    with top() as terminal:
        terminal.type("/AF3")
        screen = terminal.wait(r"filter: AF3_", "what is typed")
        equal(order(screen), ["bravo"], "by pod")
        terminal.send("Enter")
        terminal.wait(r"1 with 'AF3'", "the filter in the status")
        terminal.send("Escape")
        equal(len(order(terminal.wait(r"^by waited", "no filter"))), 3, "all")
        terminal.type("/lph")
        terminal.send("BSpace", "BSpace", "BSpace")
        terminal.type("q")      # no command while one types
        terminal.wait(r"filter: q_(.|\n)*", "the filter")
        check("nothing has such a name" in terminal.screen(), terminal.screen())


def test_pause():
    "the space bar pauses: nothing moves until it is pressed again"
    agent = Agent()
    terminal = Tmux()
    terminal.run("top", "-i", "250ms", "--socket", agent.socket)
    terminal.wait("by waited | agent, every 250ms", "the first look")
    terminal.send("Space")
    terminal.wait(r"^PAUSED, .* old", "the pause")
    first = terminal.screen().splitlines()[:-1]
    terminal.wait(r"^PAUSED, [2-9]\.\ds old", "its age")
    equal(terminal.screen().splitlines()[:-1], first, "the screen")
    terminal.send("Space")
    terminal.wait(r"^by waited", "the end of the pause")
    wait_for(lambda: terminal.screen().splitlines()[:-1] != first, "something new")


def test_views_and_distributions():
    "1 to 6 change the view; d shows a row's distributions as bars with their slots' ends"
    with top() as terminal:
        terminal.send("4")
        terminal.wait(r"^sdx +10 +10K +0 +0 ", "the disk")
        terminal.send("d")
        screen = terminal.wait(r"< +131us +4 #+ ", "the device's slots")
        for pattern in (r"read, on the device", r"read, in the queue", r"< +262us +6 #+",
                        r"< +8\.2us +10 #+"):
            check(re.search(pattern, screen), f"{pattern} is not in\n{screen}")
        bars = [len(bar) for bar in re.findall(r"(?:131us +4|262us +6) (#+)", screen)]
        check(len(bars) == 2 and bars[0] < bars[1], bars)
        terminal.send("3")
        terminal.wait(r"< +1\.0us +10 #+(.|\n)*< +2\.0us +20 #+", "a CPU's slots")
        terminal.send("Escape", "5")
        terminal.wait(r"^eth9 +2\.0K", "the interface")
        terminal.send("2", "Down", "Enter")
        screen = terminal.wait(f"pod {POD}", "the pod of the selected row")
        check("read 9.0K/s (9/s)" in screen, screen)
        check(re.search(r"< +524us +200 #+\n< +1\.0ms +300 #+", screen), screen)
        check("worker[77] waited long 3 times, 20ms in all, at worst 9.0ms" in screen, screen)
        terminal.send("Escape", "6")
        terminal.wait(r"^worker\[77\] /bravo/x.scope +20ms +3 +9\.0ms", "who waited long")
        terminal.send("?")
        terminal.wait("filter by pod", "the help")


def test_help_on_a_small_screen():
    "the help says that there is more where it does not fit, and goes on to its end"
    with top() as terminal:
        terminal.send("?")
        screen = terminal.wait(r"^more: j or PgDn *$", "that there is more")
        check("arrows j k" in screen and "killed" not in screen, screen)
        terminal.send("G")
        screen = terminal.wait(r"^killed ", "the last column")
        check("more: j" not in screen and "arrows j k" not in screen, screen)
        terminal.send("k")
        terminal.wait(r"^more: j or PgDn *$", "a line further up")


def test_a_resize():
    "it follows the size of its terminal, from 40x10 to 300x100, and shows more in more"
    with top() as terminal:
        terminal.resize(200, 50)
        screen = terminal.wait(r"started/s", "more columns")
        equal(len(screen.splitlines()), 50, "rows")
        terminal.resize(40, 10)
        screen = terminal.wait(r"^by waited \| agent, every 1.0s *$", "the small screen")
        equal(order(screen)[:1], ["alpha"], screen)
        check(max(map(len, screen.splitlines())) <= 40, screen)
        terminal.resize(300, 100)
        equal(len(terminal.wait(r"started/s", "the large one").splitlines()), 100, "rows")


def test_no_control_byte_gets_through():
    "a cgroup's name cannot move the cursor"
    with top() as terminal:
        check("/evil?[2J?2Jx" in terminal.screen(), terminal.screen())


@limit(90)
def test_an_agent_that_goes_and_comes_back():
    "an agent that is killed is said to be gone; top goes on with the next one"
    agent = Agent()
    terminal = Tmux()
    terminal.run("top", "-i", "250ms", "--socket", agent.socket)
    terminal.wait("every 250ms", "the first look")
    agent.kill()
    terminal.wait(r"^agent gone, retrying; this is ", "the news")
    terminal.send("2", "<")
    terminal.wait(r"2 cgroups(.|\n)*by waits", "a key, meanwhile")
    again = Agent(where=agent.where)
    terminal.wait(r"^by waits \| agent", "the new agent")
    again.signal(signal.SIGSTOP)
    try:
        terminal.wait(r"^the agent does not answer, retrying", "patience's end", 20)
    finally:
        again.signal(signal.SIGCONT)
    terminal.wait(r"^by waits \| agent", "the agent again")
    terminal.send("q")
    terminal.wait(PROMPT, "the prompt")


def test_stop_and_continue():
    "^Z gives the terminal back to the shell, fg goes on"
    with top() as terminal:
        terminal.send("C-z")
        terminal.wait(r"^\[1\]\+ +Stopped", "the shell")
        terminal.type("stty -a | grep -o -e '-*icanon' -e '-*echo '")
        terminal.send("Enter")
        screen = terminal.wait(r"^icanon(.|\n)*" + PROMPT, "stty")
        check("-icanon" not in screen.replace("'-*icanon'", "") and "-echo " not in screen, screen)
        terminal.type("fg")
        terminal.send("Enter")
        terminal.wait("made-up up 60(.|\n)*by waited", "top again")
        terminal.send("r")
        terminal.wait("smallest first", "a key")
        terminal.send("q")
        terminal.wait(PROMPT, "the prompt")


def test_a_stop_without_a_shell():
    "^Z where no shell could continue it stops nothing"
    with made_up() as socket:
        terminal = Pty("top", "-i", "250ms", "--socket", socket)
        terminal.wait_for(b"/alpha")
        terminal.write(b"\x1ar")
        terminal.wait_for(b"smallest first")
        terminal.write(b"q")
        equal(terminal.end(), 0, "exit status")
        terminal.check_restored()


def ends(how, status, *words):
    with made_up() as socket:
        terminal = Pty("top", "--socket", socket, *words)
        terminal.wait_for(b"made-up")
        how(terminal)
        equal(terminal.end(), status, "exit status")
        terminal.check_restored()


def test_every_way_out_restores_the_terminal():
    "q, ^C, TERM, HUP and a crash of top itself leave the terminal as it was"
    ends(lambda t: t.write(b"q"), 0)
    ends(lambda t: t.write(b"\x03"), 0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV, signal.SIGABRT):
        ends(lambda t, n=number: t.process.send_signal(n), -number)


def ends_by_term(terminal):
    terminal.process.send_signal(signal.SIGTERM)
    equal(terminal.process.wait(10), -signal.SIGTERM, "exit status")
    equal(termios.tcgetattr(terminal.slave), terminal.before, "settings")


def test_a_terminal_that_is_stopped_can_be_left():
    "top on a terminal that is stopped by ^S still ends on TERM"
    with made_up() as socket:
        terminal = Pty("top", "-i", "100ms", "--socket", socket)
        terminal.wait_for(b"made-up")
        wait_for(lambda: not terminal.read(0.5), "a whole frame")
        terminal.write(b"\x13")
        terminal.resize(100, 30)
        check(not terminal.read(0.5), "it is not stopped")
        ends_by_term(terminal)


def test_a_terminal_that_stalls_can_be_left():
    "top that is held in the middle of a frame by a terminal nobody reads still ends on TERM"
    with made_up() as socket:
        terminal = Pty("top", "-i", "100ms", "--socket", socket)
        terminal.wait_for(b"made-up")
        sizes = itertools.cycle(((300, 100), (290, 90)))

        def is_held():
            terminal.resize(*next(sizes))
            with open(f"/proc/{terminal.process.pid}/syscall", encoding="ascii") as file:
                words = file.read().split()
            return len(words) > 2 and words[1] == "0x1"     # write(1, …)

        wait_for(is_held, "it to be held", 30)
        ends_by_term(terminal)


def test_colours():
    "colours, but none with --no-color or NO_COLOR"
    colour = re.compile(rb"\033\[[0-9;]*3[0-7][;m]")
    for words, environment, wanted in (((), {}, True), (("--no-color",), {}, False),
                                       ((), {"NO_COLOR": "1"}, False)):
        with made_up() as socket:
            terminal = Pty("top", "--socket", socket, *words, **environment)
            terminal.wait_for(b"/alpha")
            terminal.write(b"q")
            equal(terminal.end(), 0, "exit status")
            equal(bool(colour.search(terminal.seen)), wanted, f"{words} {environment}")


def test_without_a_terminal():
    "no terminal, or one that can do nothing, is one line and exit status 2"
    nowhere = ("--socket", os.path.join(folder(), "none"))
    one_line(command("top", *nowhere), 2, "top needs a terminal", "fairlead snapshot --watch")
    one_line(command("top", "-o", "json", *nowhere), 2, "for people")
    one_line(command("top", "--sort", "size", *nowhere), 2, "'size'", "name, ran")
    for name in ("dumb", "", "no-such-terminal"):
        terminal = Pty("top", *nowhere, TERM=name)
        equal(terminal.end(), 2, f"exit status with TERM={name}")
        lines = terminal.seen.splitlines()
        check(len(lines) == 1 and b"top needs a terminal" in lines[0] and b"\033" not in lines[0],
              terminal.seen)


def test_without_an_agent():
    "without an agent it loads the probes itself, or ends with 3 when told not to or without rights"
    nowhere = ("--socket", os.path.join(folder(), "none"))
    terminal = Pty("top", *nowhere)
    terminal.wait_for(b"own probes")
    terminal.wait_for(b"waits/s")
    terminal.write(b"q")
    equal(terminal.end(), 0, "exit status")
    terminal.check_restored()
    terminal = Pty("top", "--agent", *nowhere)
    equal(terminal.end(), 3, "exit status of --agent")
    check(b"no agent answers" in terminal.seen and b"\033" not in terminal.seen, terminal.seen)


def test_the_agent_pays_nothing():
    "agent and warden have no terminal library loaded"
    agent = Agent()
    for pid in (agent.process.pid, agent.warden):
        with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
            check("curses" not in file.read(), f"process {pid} has loaded it")
    with open(f"/proc/{os.getpid()}/maps", encoding="utf-8") as file:
        check("libc" in file.read(), "maps say nothing here")


if __name__ == "__main__":
    main(needs_root=True)
