# SPDX-License-Identifier: Apache-2.0
"""Terminals for what runs on the full screen: tmux as one that shows what it was sent, and a bare
pseudo-terminal whose settings and bytes can be looked at."""
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time

from fairlead import ENVIRONMENT, FAIRLEAD, folder
from tap import Failed, check, cleanup, skip

PROMPT = r"^\$ *$"


class Tmux:
    """A tmux of its own with an interactive bash; .send() keys, .wait() for what is shown."""

    def __init__(self, columns=80, rows=24, **environment):
        if not shutil.which("tmux"):
            skip("there is no tmux")
        where = folder()
        self.socket = os.path.join(where, "tmux")
        self.environment = dict(ENVIRONMENT, LC_ALL="C.UTF-8", **environment)
        with open(os.path.join(where, "rc"), "w", encoding="utf-8") as file:
            file.write("PS1='$ '\n")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  f"bash --rcfile {where}/rc -i")
        cleanup(self.tmux, "kill-server")
        self.wait(PROMPT, "the shell")

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
                              check=False).stdout

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def send(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def run(self, *words):
        self.type(f"{FAIRLEAD} " + " ".join(words))
        self.send("Enter")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def wait(self, pattern, what, seconds=15):
        """Waits until the screen shows the pattern; the screen then."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if re.search(pattern, screen, re.MULTILINE):
                return screen
            if time.monotonic() > end:
                raise Failed(f"waited {seconds} s for {what} ({pattern}); the screen:\n{screen.rstrip()}")
            time.sleep(0.05)


class Pty:
    """A program on a pseudo-terminal, its leader: what ssh gives to it."""

    def __init__(self, *words, columns=80, rows=24, **environment):
        self.master, self.slave = pty.openpty()
        cleanup(os.close, self.master)
        cleanup(os.close, self.slave)
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.seen = b""
        self.process = subprocess.Popen(
            [FAIRLEAD, *words], stdin=self.slave, stdout=self.slave, stderr=self.slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env=dict(ENVIRONMENT, **{"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment}))
        cleanup(self.kill)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def write(self, data):
        os.write(self.master, data)

    def read(self, seconds):
        """Takes what comes within the time; False when nothing did."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.seen += os.read(self.master, 65536)
        return True

    def wait_for(self, data, seconds=15):
        end = time.monotonic() + seconds
        while data not in self.seen:
            if time.monotonic() > end:
                raise Failed(f"waited {seconds} s for {data!r}; the end of what came: {self.seen[-600:]!r}")
            self.read(0.1)

    def end(self, seconds=15):
        """The exit status, with all output read."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise Failed("it does not end")
            self.read(0.05)
        while self.read(0):
            pass
        return self.process.returncode

    def check_restored(self):
        """The settings are those of before, and the other screen and the hidden cursor are left."""
        check(termios.tcgetattr(self.slave) == self.before, "the terminal's settings are changed")
        for begin, end in ((b"\033[?1049h", b"\033[?1049l"), (b"\033[?25l", b"\033[?25h")):
            check(begin in self.seen and self.seen.rfind(end) > self.seen.rfind(begin),
                  f"{begin!r} is not undone: {self.seen[-300:]!r}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
