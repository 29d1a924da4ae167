# SPDX-License-Identifier: Apache-2.0
"""`fairlead run` by its public door: what a job sees, what it may use, what is left of it."""
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from fairlead import ENVIRONMENT, FAIRLEAD, folder, one_line
from tap import check, cleanup, equal, main, skip, wait_for

HOST_USER = 64991
ORDINARY = ("setpriv", "--reuid", "64980", "--regid", "64980", "--clear-groups")


def groups():
    """Of jobs; the folder of all may be an agent's, which cannot remove it when it ends."""
    return {os.path.dirname(path) for path in
            glob.glob("/sys/fs/cgroup/**/fairlead-jobs/*/cgroup.procs", recursive=True)}


def run(*words, prefix=(), stdin=b"", timeout=50, environment=ENVIRONMENT, **options):
    return subprocess.run([*prefix, FAIRLEAD, "run", *words], input=stdin, capture_output=True,
                          timeout=timeout, env=environment, **options)


def text(result):
    """The same, with its errors as text."""
    result.stderr = result.stderr.decode()
    return result


def sh(script, *options, **more):
    """What a shell inside prints; it must go well."""
    result = run("--lang", "sh", *options, "-e", script, **more)
    check(result.returncode == 0, f"exit status {result.returncode}: {result.stderr!r}")
    return result.stdout.decode().strip()


def fails_inside(script, *options, **more):
    """That no line of the script succeeds."""
    for line in script.strip().splitlines():
        result = run("--lang", "sh", *options, "-e", f"( {line.strip()} )", **more)
        check(0 < result.returncode < 125, f"{line.strip()}: exit status {result.returncode}, "
              f"{result.stdout!r}, {result.stderr!r}")


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


class Opened:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY)

    def __enter__(self):
        return self.fd

    def __exit__(self, *_):
        os.close(self.fd)


def fields(status):
    return dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)


# --- what it sees ---

def test_processes_are_its_own():
    "a job sees its own processes and no other, not even the one that started it"
    equal(sh("echo /proc/[0-9]*; echo $$"), "/proc/2\n2", "processes")
    fails_inside("ls /proc/1")


def test_files_of_the_host_are_out_of_reach():
    "a job sees the host's /usr, read-only, and none of its other files"
    secret = write(os.path.join(folder(), "secret"), "x")
    fails_inside(f"""cat {secret}
                     cat /etc/shadow
                     ls /home
                     ls /sys
                     touch /usr/x
                     touch /x
                     touch /etc/x
                     touch /dev/x
                     ( chmod 777 /proc/irq; touch /proc/irq/x )""")
    equal(sh("ls -A /tmp /job /run"), "/job:\nmain.sh\n\n/run:\n\n/tmp:", "folders")


def test_mounts_are_few():
    "of the host only /usr, devices and what programs need of /etc are mounted"
    mounts = {line.split()[1]: line.split()[3] for line in sh("cat /proc/mounts").splitlines()}
    allowed = ("/usr", "/dev/", "/proc", "/etc/", "/tmp", "/job", "/lib", "/bin", "/sbin")
    for place, options in mounts.items():
        check(place == "/" or place.startswith(allowed), f"{place} is mounted")
        if place in ("/", "/usr", "/proc") or place.startswith("/etc"):
            check("ro" in options.split(","), f"{place} is not read-only")


def test_there_is_no_network():
    "a job has no network; with --net loopback 127.0.0.1 and nothing else"
    script = ("import socket\ns = socket.socket()\ns.settimeout(5)\n"
              "l = socket.socket()\nl.bind(('127.0.0.1', 0))\nl.listen()\n"
              "s.connect(l.getsockname())\nprint('connected')\n")
    equal(sh("grep -c : /proc/net/dev"), "1", "interfaces")
    result = run("--lang", "python", "-e", script)
    check(result.returncode == 1, f"{result}")
    result = run("--lang", "python", "--net", "loopback", "-e", script)
    equal(result.stdout.decode().split(), ["connected"], f"output ({result.stderr!r})")
    outside = "import socket\ns = socket.socket()\ns.settimeout(5)\ns.connect(('192.0.2.1', 80))\n"
    check(run("--lang", "python", "--net", "loopback", "-e", outside).returncode == 1, "it is out")


def test_abstract_sockets_are_not_shared():
    import socket
    name = f"fairlead-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0" + name)
        listener.listen()
        code = f"import socket\nsocket.socket(socket.AF_UNIX).connect('\\0{name}')\n"
        check(run("--lang", "python", "--net", "loopback", "-e", code).returncode == 1, "reached")


def test_it_has_a_name_of_its_own():
    equal(sh("uname -n"), "sandbox", "host name")


def test_it_has_no_rights():
    "no capability in any set, no new privileges, a filter of calls, and an ordinary user"
    status = fields(sh("cat /proc/self/status"))
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        equal(int(status[name], 16), 0, name)
    equal(status["NoNewPrivs"], "1", "NoNewPrivs")
    equal(status["Seccomp"], "2", "Seccomp")
    equal(set(status["Uid"].split()) | set(status["Gid"].split()), {"1000"}, "ids")


def test_to_the_host_it_is_nobody():
    "started by root a job is user 64991 outside, without groups"
    with subprocess.Popen([FAIRLEAD, "run", "--lang", "sh", "-e", "echo up; read x"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT,
                          extra_groups=[0, 4]) as process:
        process.stdout.readline()
        stub = children(process.pid)[0]
        job = children(stub)[0]
        for pid in (stub, job):
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                status = fields(file.read())
            equal(set(status["Uid"].split()), {str(HOST_USER)}, f"user of {pid}")
            equal(set(status["Gid"].split()), {str(HOST_USER)}, f"group of {pid}")
            equal(status["Groups"].strip(), "", f"groups of {pid}")
        for kind in ("user", "pid", "mnt", "net", "uts", "ipc", "cgroup"):
            check(os.readlink(f"/proc/{job}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"),
                  f"the {kind} namespace is the host's")
        process.stdin.close()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def test_the_environment_is_clean():
    got = sh("env | sort", "--env", "A=b c", "--env", "LANG=C",
             environment=dict(ENVIRONMENT, SECRET="x"))
    names = {line.split("=")[0]: line.split("=", 1)[1] for line in got.splitlines()}
    equal(set(names) - {"PWD", "OLDPWD", "SHLVL", "_"}, {"A", "HOME", "LANG", "PATH", "USER"}, "names")
    equal((names["A"], names["LANG"]), ("b c", "C"), "given ones")


def test_proc_is_masked():
    "/proc is read-only, and what tells of the host is empty"
    fails_inside("""echo 1 >/proc/sys/kernel/panic
                    echo x >/proc/sysrq-trigger
                    echo core >/proc/sys/kernel/core_pattern
                    echo 1000 >/proc/self/oom_score_adj
                    head -c 1 /proc/kcore
                    head -c 1 /proc/kmsg
                    head -c 1 /proc/timer_list""")
    equal(sh("cat /proc/kallsyms /proc/keys; ls /proc/irq /proc/fs | grep -v :"), "",
          "masked files")


def test_open_files_are_not_inherited():
    "a job has its three streams and no other descriptor of ours"
    read, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    try:
        got = sh("ls /proc/self/fd | sort -n | tr '\\n' ' '", close_fds=False)
    finally:
        os.close(read)
        os.close(write_end)
    check(set(got.split()) <= {"0", "1", "2", "3"}, f"descriptors {got}")   # 3: of ls itself


def test_a_folder_as_stdin_is_refused():
    "a folder as stdin would be a way out: it is refused"
    with Opened("/") as fd:
        result = subprocess.run([FAIRLEAD, "run", "--", "ls"], stdin=fd, capture_output=True,
                                text=True, env=ENVIRONMENT)
    one_line(result, 125, "stdin", "directory")


def test_stdin_cannot_be_opened_for_writing():
    "a file that is handed in for reading is not written through /dev/stdin"
    path = write(os.path.join(folder(), "input"), "kept", 0o666)
    with Opened(path) as fd:
        result = subprocess.run([FAIRLEAD, "run", "--lang", "sh", "-e", "echo x >/dev/stdin; cat /dev/stdin"],
                                stdin=fd, capture_output=True, text=True, env=ENVIRONMENT)
    with open(path, encoding="ascii") as file:
        equal(file.read(), "kept", "the file")
    equal(result.stdout, "kept", f"what it read ({result.stderr!r})")


def test_stdin_cannot_be_changed():
    "a file that is handed in for reading is neither truncated nor has its mode changed; it is read on from where it is"
    path = write(os.path.join(folder(), "input"), "kept", 0o666)
    os.chown(path, HOST_USER, HOST_USER)
    code = ("import os\nfor call in (lambda: os.truncate('/proc/self/fd/0', 0), lambda: os.fchmod(0, 0), "
            "lambda: os.open('/proc/self/fd/0', os.O_RDONLY | os.O_TRUNC)):\n"
            "    try: call(); print('done')\n    except OSError as e: pass\n"
            "print(os.read(0, 9).decode())\n")
    with Opened(path) as fd:
        os.lseek(fd, 1, os.SEEK_SET)
        result = subprocess.run([FAIRLEAD, "run", "--lang", "python", "-e", code], stdin=fd,
                                capture_output=True, text=True, env=ENVIRONMENT)
    with open(path, encoding="ascii") as file:
        equal(file.read(), "kept", "the file")
    equal(os.stat(path).st_mode & 0o777, 0o666, "its mode")
    equal(result.stdout, "ept\n", f"what it read ({result.stderr!r})")


def test_sockets_of_networks_are_refused():
    "a socket that could be connected anew is refused as a stream; one end of a unix stream is not"
    import socket
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.shutdown(socket.SHUT_WR)
    with ours, theirs, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams, \
            socket.create_server(("127.0.0.1", 0)) as listener, \
            socket.create_connection(listener.getsockname()) as tcp:
        for given in (udp, datagrams, listener, tcp):
            one_line(text(subprocess.run([FAIRLEAD, "run", "--", "true"], stdin=given, capture_output=True,
                                         env=ENVIRONMENT)), 125, "stdin", "unix stream")
        result = subprocess.run([FAIRLEAD, "run", "--", "cat"], stdin=theirs, capture_output=True,
                                env=ENVIRONMENT)
    equal((result.returncode, result.stdout), (0, b""), f"a unix stream ({result.stderr!r})")


CALLS = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def refused(number, *arguments):
    ctypes.set_errno(0)
    return libc.syscall(number, *arguments) == -1 and ctypes.get_errno() in (1, 38)
tries = {'unshare': (272, 0x10000000), 'mount': (165, b'x', b'/tmp', b'tmpfs', 0, 0),
         'bpf': (321, 0, 0, 0), 'keyctl': (250, 0, 0), 'ptrace': (101, 0, 0, 0, 0),
         'io_uring': (425, 1, 0), 'userfaultfd': (323, 1), 'perf': (298, 0, 0, -1, -1, 0),
         'setns': (308, 0, 0), 'clone userns': (56, 0x10000000 | 17, 0, 0, 0, 0),
         'clone3': (435, 0, 0), 'netlink': (41, 16, 3, 0), 'vsock': (41, 40, 1, 0),
         'tiocsti': (16, 0, 0x5412, b'x'), 'chroot': (161, b'/tmp'), 'reboot': (169, 0, 0, 0)}
bad = []
for name, call in tries.items():
    ctypes.set_errno(0)
    got = libc.syscall(*call)
    if got == 0 and name == 'clone userns':
        os._exit(0)
    if got != -1 or ctypes.get_errno() not in (1, 38, 97):
        bad.append((name, got, ctypes.get_errno()))
print(bad)
"""


def test_calls_that_lead_out_are_refused():
    "calls that known ways out begin with are refused by both profiles"
    if os.uname().machine != "x86_64":
        skip("the numbers of the calls are those of x86_64")
    for profile in ("default", "strict"):
        result = run("--lang", "python", "--profile", profile, "-e", CALLS)
        equal(result.stdout.decode().strip(), "[]", f"not refused ({profile}, {result.stderr!r})")


def test_strict_has_no_sockets():
    code = "import socket\nsocket.socket(socket.AF_UNIX)"
    check(run("--lang", "python", "--profile", "strict", "-e", code).returncode == 1, "strict")
    check(run("--lang", "python", "-e", code).returncode == 0, "default")


# --- what it may use ---

def test_memory_is_limited():
    "a job over its memory is killed: 137, and a line that says so"
    result = run("--memory", "32M", "--lang", "python", "-e", "x = bytearray(200 << 20)")
    equal(result.returncode, 137, f"exit status ({result.stderr!r})")
    check(b"--memory" in result.stderr, f"{result.stderr!r}")


def test_processes_are_limited():
    "a job that forks without end gets no more than --pids and ends when its main process does"
    code = ("import os, time\nn = 0\ntry:\n    while n < 100:\n        if os.fork() == 0:\n"
            "            time.sleep(60)\n            os._exit(0)\n        n += 1\n"
            "except OSError:\n    pass\nprint(n)\n")
    result = run("--pids", "8", "--lang", "python", "-e", code)
    equal(result.stdout.decode().strip(), "7", f"children ({result.stderr!r})")


def test_tmp_is_limited():
    "files are limited in bytes and in number, over /tmp and the working folder together"
    full = "dd if=/dev/zero of=/tmp/x bs=64K count=64"
    result = run("--tmp", "1M", "--lang", "sh", "-e", full)
    check(b"No space left" in result.stderr, f"{result.stderr!r}")
    code = ("import os\nn = 0\ntry:\n    while n < 5000:\n        open(f'/job/{n}', 'w').close()\n"
            "        n += 1\nexcept OSError as e:\n    print(e.errno, n)\n")
    result = run("--tmp", "1M", "--lang", "python", "-e", code)
    errno, made = result.stdout.decode().split()
    check(errno == "28" and 200 <= int(made) <= 320, f"{made} files, errno {errno}")


def test_disks_are_read_as_slowly_as_asked():
    "--io-read 4M lets a job read 8 MiB of a disk in no less than a second and a half"
    place = tempfile.mkdtemp(dir=os.path.dirname(os.path.abspath(FAIRLEAD)))    # /tmp may be no disk
    cleanup(shutil.rmtree, place, ignore_errors=True)
    os.chmod(place, 0o755)
    with open(os.path.join(place, "big"), "wb") as file:
        file.write(bytes(8 << 20))
        os.fsync(file.fileno())
    began = time.monotonic()
    sh("dd if=/vol/big of=/dev/null bs=64k iflag=direct 2>/dev/null", "--io-read", "4M",
       "--volume", f"{place}:/vol:ro")
    took = time.monotonic() - began
    check(took > 1.5, f"it took {took:.1f} s")


def test_cpu_is_limited():
    "--cpus 0.2 gives a busy job about a fifth of a CPU"
    code = ("import time\nend = time.monotonic() + 1\nwhile time.monotonic() < end:\n    pass\n"
            "print(time.process_time())\n")
    result = run("--cpus", "0.2", "--lang", "python", "-e", code)
    used = float(result.stdout)
    check(used < 0.5, f"used {used} s of CPU in a second")


def test_a_time_out_ends_it():
    "a job over its time is told to end, then killed: 124 either way"
    start = time.monotonic()
    result = run("--timeout", "200ms", "--", "sleep", "60")
    equal(result.returncode, 124, "exit status")
    check(b"--timeout" in result.stderr, f"{result.stderr!r}")
    check(time.monotonic() - start < 2, "TERM did not do")
    result = run("--timeout", "200ms", "--lang", "sh", "-e", "trap '' TERM; echo up; while :; do sleep 1; done")
    equal((result.returncode, result.stdout), (124, b"up\n"), "of one that ignores TERM")


def test_nothing_is_left():
    "a daemon that forked twice is gone with the job, and so are its cgroups"
    before = set(os.listdir("/proc"))
    marker = f"29{os.getpid()}"
    sh(f"setsid sh -c 'setsid sleep {marker} & exit' & wait; echo done", stdin=b"")
    for pid in set(os.listdir("/proc")) - before:
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                check(marker.encode() not in file.read(), f"{pid} is left")
        except OSError:
            pass
    equal(groups(), set(), "cgroups")
    with open("/proc/self/mounts", encoding="utf-8") as file:
        check("fairlead" not in file.read(), "a mount is left")


def test_it_goes_down_with_us():
    "when fairlead itself is killed, all of the job goes"
    process = subprocess.Popen([FAIRLEAD, "run", "--lang", "sh", "-e", "sleep 60 & echo up; wait"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=ENVIRONMENT)
    process.stdout.readline()
    stub = children(process.pid)[0]
    process.kill()
    process.wait()
    wait_for(lambda: not os.path.exists(f"/proc/{stub}"), "process 1 to be gone")
    process.stdout.close()
    sh("true")      # whoever comes next clears up
    equal(groups(), set(), "cgroups")


# --- the door ---

def test_exit_codes():
    "the job's own code, 128 and its signal, 125 to 127 when it could not be run, 2 for wrong use"
    equal(run("--lang", "sh", "-e", "exit 7").returncode, 7, "its own")
    equal(run("--lang", "sh", "-e", "kill -9 $$").returncode, 137, "killed")
    equal(run("--lang", "sh", "-e", "kill -TERM $$").returncode, 143, "terminated")
    for status, words, parts in (
            (127, ["--", "no-such-command"], ["no-such-command"]),
            (126, ["--", "/usr"], ["/usr"]),
            (125, ["--root", "/no/such/root", "--", "sh"], ["/no/such/root", "--root"]),
            (2, [], ["-e CODE"]), (2, ["/no/such/file"], ["/no/such/file"]),
            (2, ["-e", "x"], ["--lang"]), (2, ["--env", "x", "--", "sh"], ["NAME=VALUE"]),
            (2, ["--volume", "x", "--", "sh"], ["FOLDER:PATH"]),
            (2, ["--volume", "/tmp:/proc/x", "--", "sh"], ["/proc"]),
            (2, ["--cpus", "much", "--", "sh"], ["--cpus"]), (2, ["--memory", "1K", "--", "sh"], ["4M"]),
            (125, ["--volume", "/no/such:/x", "--", "sh"], ["/no/such"])):
        one_line(text(run(*words)), status, *parts)


def test_arguments_are_the_jobs():
    "what is behind the file or -- is the job's, options too"
    script = write(os.path.join(folder(), "args.sh"), 'echo "$0 $*"\n')
    equal(run(script, "--timeout", "x", "-e").stdout, b"args.sh --timeout x -e\n", "of a file")
    equal(run("--", "echo", "-n", "--lang").stdout, b"--lang", "of a command")
    equal(run("--lang", "sh", "-e", "echo $1", "-e", "echo $2", "a", "-b").stdout, b"a\n-b\n", "of code")


def test_languages():
    "a file's language follows from its #! line or its ending"
    where = folder()
    for name, source in (("a.py", "print(6 * 7)"), ("b.sh", "echo 42"), ("c", "#!/bin/sh\necho 42"),
                       ("d", "#!/usr/bin/env python3\nprint(42)"), ("e.js", "console.log(42)"),
                       ("F.java", "class F { public static void main(String[] a) { System.out.println(42); } }")):
        result = run(write(os.path.join(where, name), source))
        if result.returncode == 127 and name[-1] in "sa":
            continue    # no node or java here
        equal(result.stdout, b"42\n", f"{name}, {result.stderr!r}")
    one_line(text(run(write(os.path.join(where, "g"), "x"))), 2, "--lang")


def test_streams_pass_through():
    "input is read and output comes while the job runs; large ones whole"
    with subprocess.Popen([FAIRLEAD, "run", "--", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          env=ENVIRONMENT) as process:
        for line in (b"one\n", b"two\n"):
            process.stdin.write(line)
            process.stdin.flush()
            equal(process.stdout.readline(), line, "echo")
        process.stdin.close()
    data = os.urandom(3 << 20)
    equal(run("--", "cat", stdin=data).stdout, data, "3 MiB")


def test_signals_pass_through():
    process = subprocess.Popen([FAIRLEAD, "run", "--lang", "sh", "-e",
                                "trap 'echo usr1' USR1; trap 'echo term; exit 3' TERM; echo up; "
                                "while :; do sleep 0.05; done"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    cleanup(process.stdout.close)
    cleanup(process.kill)
    equal(process.stdout.readline(), b"up\n", "start")
    process.send_signal(signal.SIGUSR1)
    equal(process.stdout.readline(), b"usr1\n", "USR1")
    process.send_signal(signal.SIGTERM)
    equal((process.stdout.readline(), process.wait(10)), (b"term\n", 3), "TERM")


def test_files_are_put_in():
    "--file copies a file into the working folder, root's private one too"
    where = folder()
    secret = write(os.path.join(where, "data.txt"), "of root", 0o600)
    equal(sh("cat data.txt; echo >data.txt", "--file", secret), "of root", "content")
    with open(secret, encoding="ascii") as file:
        equal(file.read(), "of root", "the original")
    one_line(text(run("--file", secret, "--file", secret, "--", "true")), 2, "rename")


def test_volumes():
    "a volume is the host's folder, read-only with ro, and no way past itself"
    where = folder()
    shared = os.path.join(where, "shared")
    os.mkdir(shared)
    os.chmod(shared, 0o777)
    write(os.path.join(shared, "in"), "x")
    equal(sh("cat /data/in; echo y >/data/out", "--volume", f"{shared}:/data"), "x", "read")
    with open(os.path.join(shared, "out"), encoding="ascii") as file:
        equal(file.read(), "y\n", "written")
    fails_inside("touch /data/z\nrm /data/in", "--volume", f"{shared}:/data:ro")
    os.symlink("/etc/hostname", os.path.join(shared, "link"))
    fails_inside("cat /data/link", "--volume", f"{shared}:/data")


def make_root():
    """A root with busybox, or a skip."""
    busybox = next((p for p in ("/bin/busybox", "/usr/bin/busybox") if os.path.exists(p)), None)
    if not busybox:
        skip("busybox-static is not installed")
    root = os.path.join(folder(), "root")
    os.makedirs(os.path.join(root, "bin"))
    subprocess.run(["cp", busybox, os.path.join(root, "bin", "busybox")], check=True)
    for name in ("sh", "ls", "cat", "echo", "touch", "id"):
        os.symlink("busybox", os.path.join(root, "bin", name))
    write(os.path.join(root, "etc-is-none"), "original")
    return root


def test_a_root_of_its_own():
    "with --root the job sees that folder; what it changes there is seen by nobody else"
    root = make_root()
    os.chmod(root, 0o777)
    os.chmod(os.path.join(root, "etc-is-none"), 0o666)
    got = sh("ls /; touch /made && echo wrote", "--root", root)
    check("etc-is-none" in got and "wrote" in got and "usr" not in got.split(), got)
    check(not os.path.exists(os.path.join(root, "made")), "the folder was changed")
    equal(sorted(os.listdir(root)), ["bin", "etc-is-none"], "the folder")
    equal(sh("cat /etc-is-none", "--root", root), "original", "the next job's view")


# --- as an ordinary user ---

def test_an_ordinary_user_runs_too():
    "an ordinary user's job is as isolated, with limits as far as they go and a line that says so"
    result = run("--lang", "sh", "-e", "id -u; echo /proc/[0-9]*; grep CapEff /proc/self/status",
                 prefix=ORDINARY)
    if b"user namespaces" in result.stderr:
        skip("ordinary users may make no user namespaces here")
    equal(result.stdout.split()[:2], [b"1000", b"/proc/2"], f"{result.stderr!r}")
    check(result.stderr.count(b"\n") == 1 and b"cgroup" in result.stderr, f"{result.stderr!r}")
    equal(run("-q", "--", "true", prefix=ORDINARY).stderr, b"", "with -q")
    result = run("-q", "--memory", "64M", "--lang", "python", "-e", "x = bytearray(200 << 20)", prefix=ORDINARY)
    check(b"MemoryError" in result.stderr, f"{result.stderr!r}")
    fails_inside("cat /etc/shadow\nls /sys\ntouch /usr/x", prefix=ORDINARY)


def test_why_it_does_not_start():
    "where user namespaces are off the line names the setting"
    off = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
    one_line(text(run("-q", "--", "true", prefix=("unshare", "-Ur", "sh", "-c", off, "sh"))), 125,
             "user.max_user_namespaces")


def test_many_at_once():
    "twenty jobs at once each get their own answer, and nothing is left"
    answers = {}

    def one(number):
        answers[number] = sh(f"echo {number}; cat /proc/sys/kernel/random/uuid").split()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal([answers[n][0] for n in range(20)], [str(n) for n in range(20)], "answers")
    equal(len({answers[n][1] for n in range(20)}), 20, "random numbers that differ")
    equal(groups(), set(), "cgroups")


if __name__ == "__main__":
    main(needs_root=True)
