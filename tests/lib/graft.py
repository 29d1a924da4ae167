# SPDX-License-Identifier: Apache-2.0
"""Slots that graft_bed makes, and jobs for them."""
import fcntl
import os
import re
import socket
import struct
import subprocess

from fairlead import BUILT, HELPERS
from tap import check, cleanup, equal

MAGIC = 0x736c6f74
RUNS, FAILED, ENDED, WAITS = 1, 2, 3, 4


def pack(*records):
    """Of pairs: kind, bytes or text."""
    bytes_of = [(kind, value.encode() if isinstance(value, str) else value)
                for kind, value in records]
    return b"".join(kind.encode() + struct.pack("<I", len(value)) + value
                    for kind, value in bytes_of)


def program(name, code, *more, words=(), environment=("PATH=/usr/bin:/bin",)):
    return pack(("a", name), *(("a", word) for word in words),
                *(("e", variable) for variable in environment), ("n", name), ("c", code), *more)


class Bed:
    """graft_bed of one runtime; all that it made ends with it."""

    def __init__(self, runtime, *imports, wanted="ready"):
        self.socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.process = subprocess.Popen(
            [f"{HELPERS}/lib/graft_bed", str(other.fileno()), runtime, *imports],
            pass_fds=[other.fileno()], stderr=subprocess.PIPE)
        other.close()
        cleanup(self.end)
        self.runtime = runtime
        if runtime == "python":
            self.zygote = self.socket.recv(400).decode()
            check(self.zygote.startswith(wanted), f"the zygote says: {self.zygote}")

    def slot(self):
        self.socket.send(b"slot")
        line, fds, _, _ = socket.recv_fds(self.socket, 100, 2)
        check(len(fds) == 2, f"the bed says: {line!r}")
        cleanup(os.close, fds[1])
        return Slot(self, int(line.split()[1]), socket.socket(fileno=fds[0]), fds[1])

    def end(self):
        self.socket.close()
        self.process.wait(10)
        self.process.stderr.close()


def spawn(argv, descriptors):
    """A program with these at 3, 4, … besides ours, in no namespace of its own."""
    fds = [fcntl.fcntl(fd, fcntl.F_DUPFD, 200) for fd in descriptors]   # out of each other's way
    places = [(os.POSIX_SPAWN_DUP2, fd, 3 + i) for i, fd in enumerate(fds)]
    pid = os.posix_spawnp(argv[0], argv, {"LD_PRELOAD": "/proc/self/fd/4", "LC_ALL": "C.UTF-8",
                                          "PATH": os.environ["PATH"]}, file_actions=places)
    for fd in fds:
        os.close(fd)
    return pid


class Ahead:
    """Of the pieces of a bed what Slot needs: one process, and how it ended."""
    runtime = "python"

    def __init__(self, *argv):
        sources = os.path.join(os.path.dirname(__file__), "../../agent/sandbox/graft")
        library = os.open(f"{BUILT}/agent/sandbox/graft/library.so", os.O_RDONLY)
        script = os.open(f"{sources}/Ahead.java", os.O_RDONLY)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = spawn(argv, (theirs.fileno(), library, script))
        theirs.close()
        os.close(library)
        os.close(script)
        self.slot = AheadSlot(self, self.pid, ours, -1)


class Result:
    def __init__(self, out, error, status):
        self.out, self.error, self.status = out, error, status


class Slot:
    def __init__(self, bed, inner, job, pidfd):
        self.bed, self.inner, self.job, self.pidfd = bed, inner, job, pidfd

    @property
    def pid(self):
        """Of the job's process, as we count; of what was not forked it is a child."""
        with open(f"/proc/self/fdinfo/{self.pidfd}", encoding="ascii") as file:
            pid = int(re.search(r"^Pid:\s*(\d+)", file.read(), re.M)[1])
        if self.bed.runtime == "python":
            return pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return int(file.read().split()[0])

    def report(self):
        """State, error and step of the next one; None: there will be none."""
        message = self.job.recv(400)
        if not message:
            return None
        check(len(message) == 176, f"a report of {len(message)} bytes")
        magic, version, state, error, step = struct.unpack("IIiii", message[:20])
        equal((magic, version), (MAGIC, 1), "what a report begins with")
        return state, error, step

    def give(self, payload, descriptors, size=None, as_file=False):
        size = 0 if as_file else len(payload) if size is None else size
        descriptors = list(descriptors)
        if as_file:
            descriptors.append(os.memfd_create("payload", 0))
            with open(descriptors[-1], "wb", closefd=False) as file:
                file.write(payload)
        socket.send_fds(self.job, [struct.pack("IIII", MAGIC, 1, size, 0)], descriptors)
        if as_file:
            os.close(descriptors[-1])
        elif size:
            self.job.send(payload)

    def run(self, payload, stdin=b"", **options):
        """The job to its end."""
        equal(self.report(), (WAITS, 0, 0), "what a slot says first")
        ends = [os.pipe() for _ in range(3)]
        os.write(ends[0][1], stdin)
        self.give(payload, (ends[0][0], ends[1][1], ends[2][1]), **options)
        for fd in (*ends[0], ends[1][1], ends[2][1]):
            os.close(fd)
        texts = []
        for fd, _ in ends[1:]:
            with open(fd, "rb") as file:
                texts.append(file.read().decode())
        return Result(*texts, self.wait())

    def wait(self):
        """The exit status; negative: the signal that ended it."""
        self.bed.socket.send(f"wait {self.inner}".encode())
        status = int(self.bed.socket.recv(100).split()[1])
        return os.waitstatus_to_exitcode(status)


class AheadSlot(Slot):
    def wait(self):
        return os.waitstatus_to_exitcode(os.waitpid(self.inner, 0)[1])
