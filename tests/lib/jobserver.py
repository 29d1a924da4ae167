# SPDX-License-Identifier: Apache-2.0
"""Stands in for an agent that runs jobs: answers POST /v1/jobs on a unix socket as a test says."""
import contextlib
import json
import os
import socket
import threading
import time

from fairlead import folder
from tap import cleanup

SAID = {"queue_seconds": 0.001, "start_seconds": 0.002, "run_seconds": 0.003}


def output_of(request):
    """What a real agent's job would print."""
    code = request.get("code", "")
    return "55\n" if "fibonacci" in code else "Hello World\n" if "Hello World" in code else ""


class Answer:
    """What one request gets.  Only what differs from a good answer need be said."""

    def __init__(self, delay=0, status=200, exit_code=0, stdout=None, warm=True, chunks=0, slow=0,
                 close=False, hang_up=False, raw=None, cut=None, detail="made up"):
        self.delay, self.status, self.exit_code, self.stdout = delay, status, exit_code, stdout
        self.warm, self.chunks, self.slow, self.close = warm, chunks, slow, close
        self.hang_up, self.raw, self.cut, self.detail = hang_up, raw, cut, detail

    def body(self, request):
        if self.status != 200:
            return json.dumps({"title": "Refused", "detail": self.detail}).encode()
        stdout = output_of(request) if self.stdout is None else self.stdout
        return json.dumps({"id": "1", "state": "done", "exit_code": self.exit_code, "stdout": stdout,
                           "stderr": "", "timings": SAID, "warm": self.warm}).encode()

    def pieces(self, request):
        """What is sent; self.slow seconds lie between two of them."""
        if self.raw is not None:
            return [self.raw]
        body = self.body(request)
        head = f"HTTP/1.1 {self.status} Made up\r\n" + ("Connection: close\r\n" if self.close else "")
        if not self.chunks:
            whole = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode(), body[:1], body[1:]]
        else:
            whole = [f"{head}Transfer-Encoding: chunked\r\n\r\n".encode()]
            size = max(1, len(body) // self.chunks)
            for at in range(0, len(body), size):
                part = body[at:at + size]
                whole += [b"%x;x=y\r\n" % len(part), part, b"\r\n"]
            whole += [b"0\r\nTrailer: none\r\n\r\n"]
        if self.cut is not None:
            return [b"".join(whole)[:self.cut]]
        return whole if self.slow else [b"".join(whole)]


class JobServer:
    """plan(number) gives the Answer to the so-manieth job; the first, 0, is bench's own trial."""

    def __init__(self, plan=lambda number: Answer(), pools=None, listening=4096):
        self.path = os.path.join(folder(), "jobs.sock")
        self.plan, self.pools = plan, pools
        self.lock = threading.Lock()
        self.jobs = []          # (when it came, what was asked)
        self.paths = []
        self.most, self.open = 0, 0
        self.hold = threading.Lock()    # who holds it stops the whole server
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(listening)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        cleanup(self.close)

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                guest, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(guest,), daemon=True).start()

    def serve(self, guest):
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        with guest, contextlib.suppress(OSError):
            file = guest.makefile("rb")
            while self.one(guest, file):
                pass
        with self.lock:
            self.open -= 1

    def one(self, guest, file):
        """One request; false: no more on this connection."""
        line = file.readline().split()
        if len(line) < 3:
            return False
        headers = {}
        while (header := file.readline().strip()):
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = file.read(int(headers.get("content-length", 0)))
        self.paths.append(line[1].decode())
        if line[:2] != [b"POST", b"/v1/jobs"]:
            self.get(guest, line[1].decode())
            return False
        with self.lock:
            number = len(self.jobs)
            self.jobs.append((time.monotonic(), json.loads(body)))
        return self.answer(guest, self.plan(number), json.loads(body))

    def get(self, guest, path):
        if path == "/v1/pools" and self.pools:
            guest.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps(self.pools()).encode())
        else:
            guest.sendall(b"HTTP/1.0 %s\r\n\r\nok" % (b"200 OK" if path == "/healthz" else b"404 No"))

    def answer(self, guest, answer, request):
        time.sleep(answer.delay)    # the subject: what bench is to measure
        with self.hold:
            pass
        for piece in answer.pieces(request):
            guest.sendall(piece)
            time.sleep(answer.slow)
        return not (answer.close or answer.hang_up or answer.raw or answer.cut is not None)
