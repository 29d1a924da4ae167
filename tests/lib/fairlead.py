# SPDX-License-Identifier: Apache-2.0
"""A Fairlead of the test's own: an agent in a folder of its own, commands, and its socket."""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from tap import check, cleanup, wait_for

BUILT = os.path.abspath(os.environ.get("O", ".out"))
FAIRLEAD = os.path.abspath(os.environ.get("FAIRLEAD", os.path.join(BUILT, "fairlead")))
HELPERS = os.path.join(BUILT, "tests")
GIVES_BACK = "/san/" not in FAIRLEAD    # the sanitizer's allocator keeps what it once had
GIVEN_BACK_SECONDS = 11     # what is kept for the next answer goes back within 10 s

# A process that gave up its rights may not be looked into by the leak checker either; leaks
# are the unit tests' business.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:abort_on_error=0", FAIRLEAD_SOCKET="")
del ENVIRONMENT["FAIRLEAD_SOCKET"]


def folder():
    """A folder that goes away with the test; open to the agent's user."""
    path = tempfile.mkdtemp(prefix="fairlead-test-")
    os.chmod(path, 0o755)
    cleanup(shutil.rmtree, path, ignore_errors=True)
    return path


def resident(agent):
    """Bytes of both processes."""
    total = 0
    for pid in (agent.process.pid, agent.warden):
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            total += next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) << 10
    return total


def least_resident(agent):
    """The same when what was kept for the next answer has been given back, as nobody asked."""
    found, end = resident(agent), time.monotonic() + GIVEN_BACK_SECONDS
    while GIVES_BACK and time.monotonic() < end:
        time.sleep(0.1)     # the while itself is what is asked for
        found = min(found, resident(agent))
    return found


def command(*words, prefix=(), timeout=60, **options):
    """Runs `fairlead WORDS…` to its end."""
    options.setdefault("env", ENVIRONMENT)
    return subprocess.run([*prefix, FAIRLEAD, *words], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=timeout, **options)


def one_line(result, status, *parts):
    """The contract of every refusal: this exit status and one line that says these things."""
    lines = result.stderr.splitlines()
    check(result.returncode == status, f"exit status {result.returncode}: {result.stderr!r}")
    check(len(lines) == 1 and lines[0].startswith("fairlead: "), f"not one line: {result.stderr!r}")
    for part in parts:
        check(part in lines[0], f"{part!r} is not in {lines[0]!r}")


class Agent:
    """`fairlead agent`, started and ready; what it says on stderr is kept in .log()."""

    def __init__(self, *words, config=None, prefix=(), where=None, ready=True, **environment):
        self.where = where or folder()
        self.socket = os.path.join(self.where, "fairlead.sock")
        self.state = os.path.join(self.where, "state")
        self.config = os.path.join(self.where, "fairlead.yaml")
        if config is not None:
            self.write_config(config)
        self.log_path = os.path.join(self.where, "log")
        self.process = subprocess.Popen(
            [*prefix, FAIRLEAD, "agent", "--socket", self.socket, "--state-dir", self.state,
             "--signals-interval", "100ms", "--signals-window", "200ms",
             *(["--config", self.config] if config is not None else []), *words],
            stdin=subprocess.DEVNULL, stderr=open(self.log_path, "a", encoding="utf-8"),
            env=dict(ENVIRONMENT, **environment))
        cleanup(self.kill)
        if ready:
            wait_for(self.is_ready, "the agent to be ready", 30)

    def write_config(self, text):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)

    def is_ready(self):
        check(self.process.poll() is None, f"the agent ended: {self.log()}")
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def log(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()

    def connect(self, timeout=20):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        connection.connect(self.socket)
        return connection

    def send(self, data, timeout=20):
        """Sends bytes and reads to the end, whatever they are."""
        with self.connect(timeout) as connection:
            connection.sendall(data)
            return read_to_end(connection)

    def get(self, path, method="GET"):
        """Status, headers as one text, body."""
        head, _, body = self.send(f"{method} {path} HTTP/1.0\r\n\r\n".encode()).partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode(), body

    def json(self, path):
        status, _, body = self.get(path)
        check(status == 200, f"{path} gives {status}")
        return json.loads(body)

    @property
    def warden(self):
        """The process id of the warden: the agent's only child."""
        return int(open(f"/proc/{self.process.pid}/task/{self.process.pid}/children",
                        encoding="ascii").read().split()[0])

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """TERM, and the exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(30)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


class ImpostorAgent:
    """Answers every request on a socket of its own with one body, whatever it is."""

    def __init__(self, status, body):
        self.path = os.path.join(folder(), "impostor.sock")
        self.answer = b"HTTP/1.0 %d Made up\r\n\r\n%s" % (status, body)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                guest, _ = self.listener.accept()
                with guest, contextlib.suppress(OSError):
                    guest.recv(4096)
                    guest.sendall(self.answer)

    def __enter__(self):
        self.thread.start()
        return self.path

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)    # accept() ends with it
        self.thread.join()
        self.listener.close()


def read_to_end(connection):
    data = b""
    while chunk := connection.recv(65536):
        data += chunk
    return data


def bpf_programs():
    """Ids of the BPF programs of ours in this kernel, whoever loaded them."""
    tool = shutil.which("bpftool") or "/usr/sbin/bpftool"
    out = subprocess.run([tool, "-j", "prog", "list"], capture_output=True, text=True, check=True)
    return {p["id"] for p in json.loads(out.stdout) if p.get("name", "").startswith("fl_")}
