# SPDX-License-Identifier: Apache-2.0
"""Programs that are measured: started, waited for until they do their work, asked what BPF
they hold, ended.  What a process holds is read from its descriptors, so whatever else is
loaded on the machine is never taken for it."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILT = os.path.abspath(os.environ.get("O", os.path.join(ROOT, ".out")))
READY_SECONDS = 30


def family(pid):
    """A process and all that came from it."""
    found = [pid]
    for parent in found:
        try:
            with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
                found += map(int, file.read().split())
        except OSError:     # it ended while we looked
            pass
    return found


def bpf_objects(pids):
    """{("prog" | "map" | "link", id): fields of its fdinfo} of all that the processes hold."""
    found = {}
    for pid in pids:
        folder = f"/proc/{pid}/fdinfo"
        for name in os.listdir(folder):
            try:
                with open(f"{folder}/{name}", encoding="ascii", errors="replace") as file:
                    rows = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            except OSError:
                continue
            # a link tells its program's id as well, so the order of the kinds matters
            for kind in ("link", "map", "prog"):
                if f"{kind}_id" in rows:
                    found[kind, int(rows[f"{kind}_id"])] = rows
                    break
    return found


def until(condition, what, seconds=READY_SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds:g} s for {what}")
        time.sleep(0.005)


class Running:
    """One program, as a context: ready on entry, gone on exit."""

    def __init__(self, *words, output=subprocess.DEVNULL, ends_by=signal.SIGTERM):
        self.words = words
        self.output = output
        self.ends_by = ends_by
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=subprocess.DEVNULL)
        try:
            until(self.is_ready, f"{os.path.basename(self.words[0])} to be ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(self.ends_by)
        self.process.wait(READY_SECONDS)

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.words[0]} ended by itself: {self.process.returncode}")
        return True

    def pids(self):
        return family(self.process.pid)

    def bpf(self):
        return bpf_objects(self.pids())

    def runs_by_program(self):
        """{program's id: (nanoseconds, runs)} by the kernel's statistics."""
        return {number: tuple(int(rows.get(field, 0)) for field in ("run_time_ns", "run_cnt"))
                for (kind, number), rows in self.bpf().items() if kind == "prog"}

    def runs(self):
        """What the kernel's statistics say of its programs: nanoseconds and runs, in all."""
        return [sum(column) for column in zip((0, 0), *self.runs_by_program().values())]


class Holder(Running):
    """tests/bench/hold, or a tool of somebody else: ready when it holds so many links."""

    def __init__(self, links, *words, **how):
        super().__init__(*words, **how)
        self.links = links

    def is_ready(self):
        return super().is_ready() and sum(kind == "link" for kind, _ in self.bpf()) >= self.links


class Held(Running):
    """tests/bench/hold WORDS: what the programs themselves cost, as nobody reads them."""

    def __init__(self, *words):
        self.said = tempfile.TemporaryFile("w+", encoding="ascii")
        super().__init__(f"{BUILT}/tests/bench/hold", *words, output=self.said)

    def __exit__(self, *rest):
        super().__exit__(*rest)
        self.said.close()

    def is_ready(self):
        self.said.seek(0)
        return super().is_ready() and self.said.read() == "held\n"


class Agent(Running):
    """`fairlead agent` with its defaults, but for where its socket and its state lie."""

    def __init__(self, where=None, *words):
        self.own = where is None
        self.where = where or tempfile.mkdtemp(prefix="fairlead-bench-")
        os.chmod(self.where, 0o755)     # the agent's user passes through it
        self.socket = f"{self.where}/fairlead.sock"
        super().__init__(f"{BUILT}/fairlead", "agent", "--socket", self.socket,
                         "--state-dir", f"{self.where}/state", *words)

    def __exit__(self, *rest):
        super().__exit__(*rest)
        if self.own:
            shutil.rmtree(self.where, ignore_errors=True)

    def is_ready(self):
        super().is_ready()
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(READY_SECONDS)
                connection.connect(self.socket)
                connection.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
                return b" 200 " in connection.recv(64)
        except OSError:
            return False

    def agent_and_warden(self):
        agent, warden = self.pids()
        return agent, warden
