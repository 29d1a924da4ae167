# SPDX-License-Identifier: Apache-2.0
"""Interpreters that were started before their job was known, in slots that a bare nursery makes."""
import ctypes
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from graft import Ahead, Bed, FAILED, RUNS, WAITS, program
from fairlead import folder
from tap import check, cleanup, equal, main, skip

ZYGOTE = None


def python(payload, **options):
    """A job in a slot of its own."""
    return zygote().slot().run(payload, **options)


def zygote():
    """One for all slots of a test."""
    global ZYGOTE
    if not ZYGOTE or ZYGOTE.socket.fileno() < 0:
        ZYGOTE = Bed("python", "json", "random")
    return ZYGOTE


def code(text, **options):
    return python(program("main.py", text), **options)


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def test_words():
    "a job sees its words, its environment and nothing of the zygote's"
    got = python(program("main.py", "import os, sys; print(sys.argv, dict(os.environ), sys.path[0],"
                         "__name__, __file__, os.getcwd(), sys.orig_argv[1:])\n"
                         "import subprocess; print(subprocess.run(['env'], capture_output=True).stdout)",
                         words=["x y", "ü"], environment=["A=b=c", "PATH=/usr/bin"]))
    equal(got.error, "", "stderr")
    equal(got.out, "['main.py', 'x y', 'ü'] {'A': 'b=c', 'PATH': '/usr/bin'} /job __main__ "
          "/job/main.py /job ['main.py', 'x y', 'ü']\nb'A=b=c\\nPATH=/usr/bin\\n'\n", "stdout")
    equal(got.status, 0, "exit status")


def test_streams():
    "its streams are text in UTF-8, and a pipe's"
    got = code("import sys\nprint(sys.stdin.read().upper(), sys.stdout.encoding, sys.stdin.seekable(),"
               "sys.stdout.line_buffering, sys.stdout, sys.stdin.name)\nsys.stderr.write('no end')",
               stdin="süß".encode())
    equal(got.out, "SÜSS utf-8 False False <_io.TextIOWrapper name='<stdout>' mode='w' "
          "encoding='utf-8'> <stdin>\n", "stdout")
    equal(got.error, "no end", "stderr")


def test_exceptions():
    "an exception is told as python3 tells it, with none of our frames"
    got = code("def f():\n    raise ValueError('ü')\nf()")
    equal(got.error, 'Traceback (most recent call last):\n  File "/job/main.py", line 3, in <module>\n'
          '    f()\n  File "/job/main.py", line 2, in f\n    raise ValueError(\'ü\')\nValueError: ü\n')
    equal(got.status, 1, "exit status")
    got = code("x = (1,\n")
    equal(got.error, '  File "/job/main.py", line 1\n    x = (1,\n        ^\n'
          "SyntaxError: '(' was never closed\n")
    equal(got.status, 1, "exit status")


def test_endings():
    "it ends as python3 ends: exit statuses, threads, exit handlers, files that nobody closed"
    for text, status, error in (("raise SystemExit", 0, ""), ("import sys; sys.exit(7)", 7, ""),
                                ("raise SystemExit('words')", 1, "words\n"),
                                ("import os; os._exit(9)", 9, ""),
                                ("import os; os.kill(os.getpid(), 15)", -15, ""),
                                ("import sys; sys.exit(-1)", 255, "")):
        got = code(text)
        equal((got.status, got.error), (status, error), text)
    got = code("raise KeyboardInterrupt")
    equal(got.status, -2, "what ends an interrupted one")
    got = code("""
import atexit, threading, time
class Last:
    def __del__(self): print("deleted", flush=True)
last = Last()
atexit.register(print, "handler")
file = open("left", "w")
file.write("kept")
class Look:
    def __del__(self): print(open("left").read())
zlook = None
threading.Thread(target=lambda: (time.sleep(0.05), print("thread"))).start()
""")
    equal(got.out, "thread\nhandler\ndeleted\n", "stdout")
    equal(got.error, "", "stderr")


def test_confinement():
    "a slot is in namespaces of its own, without rights, under the filter, with nothing open"
    slot, other = zygote().slot(), zygote().slot()
    for one in (slot, other):
        equal(one.report(), (WAITS, 0, 0), "what it says first")
    own, outside = status_of(slot.pid), "/proc/self/ns/"
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        equal(int(own[name], 16), 0, name)
    equal((own["Seccomp"], own["NoNewPrivs"]), ("2", "1"), "filter, no new rights")
    equal(own["NSpid"].split()[-1], "2", "its id inside")
    equal(sorted(map(int, os.listdir(f"/proc/{slot.pid}/fd"))), [0, 1, 2, 3], "what is open")
    for kind in ("user", "pid", "mnt", "net", "uts", "ipc", "cgroup"):
        spaces = {os.readlink(path + kind) for path in
                  (f"/proc/{slot.pid}/ns/", f"/proc/{other.pid}/ns/", outside)}
        equal(len(spaces), 3, f"namespaces of kind {kind}")
    equal(os.readlink(f"/proc/{slot.pid}/cwd"), "/job", "folder")


def test_fence():
    "the landlock ruleset that came with a slot holds, and its descriptor is gone"
    if ctypes.CDLL(None).syscall(444, None, 0, 1) < 1:     # landlock_create_ruleset: its version
        skip("the kernel has no landlock")
    got = code("import os\nos.mkdir('folder')\nos.symlink('folder', 'link')")
    check("PermissionError" in got.error and "symlink" in got.error, f"stderr: {got.error}")


def test_differ():
    "two slots differ in what is random, and see nothing of each other"
    text = "import random, os; print(random.random()); print(os.listdir('/proc'), os.listdir('/job'))"
    first, second = code(text).out.splitlines(), code(text).out.splitlines()
    check(first[0] != second[0], f"both drew {first[0]}")
    check("'2'" in first[1] and "'3'" not in first[1], f"processes inside: {first[1]}")


def test_cpu_area():
    "the kernel still tells a slot's thread which CPU it is on"
    text = """
import ctypes, os
libc = ctypes.CDLL(None)
seen = set()
for cpu in sorted(os.sched_getaffinity(0)):
    os.sched_setaffinity(0, [cpu])
    seen.add(libc.sched_getcpu() == cpu)
print(seen)
"""
    equal(code(text).out, "{True}\n", "whether it knows")


def test_files():
    "files come with it, in folders, executable or not; a payload may be long"
    long = b"x" * (3 << 20)
    payload = program("sub/main.py", "import os, helper, stat\nprint(helper.N, len(open('big').read()),"
                      "os.access('run', os.X_OK), os.access('big', os.X_OK), __file__)",
                      ("f", "sub/helper.py"), ("b", "N = 5"), ("f", "run"), ("x", ""),
                      ("b", "#!/bin/sh\n"), ("f", "big"), ("b", long))
    got = python(payload, as_file=True)
    equal((got.out, got.error), ("5 3145728 True False /job/sub/main.py\n", ""), "output")


def refused(slot, payload, **options):
    got = slot.run(payload, **options)
    equal(got.status, 125, f"exit status for {payload[:40]!r}")
    return got


def test_bad_packs():
    "a payload that is none is refused with a line and 125"
    for bad in (b"q\0\0\0\0", b"a\xff\0\0\0x", b"a\1\0", program("../x.py", ""), program("/x.py", ""),
                program("x.py", "", ("f", "a")), program("x.py", "", ("b", "a")),
                program("x.py", "", environment=["=x"]), program("x.py", "")[:-7]):
        got = refused(zygote().slot(), bad)
        check(got.error.startswith("fairlead: the job cannot be read: ") and
              got.error.count("\n") == 1, f"for {bad!r}: {got.error!r}")


def test_bad_jobs():
    "a message that is no job is refused, and said on its socket"
    slot = zygote().slot()
    slot.report()
    slot.job.send(b"nonsense")
    state, error, _ = slot.report()
    equal((state, error), (FAILED, -71), "report")
    equal(slot.wait(), 125, "exit status")


def test_unused():
    "a slot whose socket is closed ends"
    slot = zygote().slot()
    slot.job.close()
    equal(slot.wait(), 0, "exit status")


def test_runs():
    "a slot says that its job runs"
    slot = zygote().slot()
    slot.report()
    null = os.open("/dev/null", os.O_RDWR)
    slot.give(program("main.py", ""), (null, null, null))
    os.close(null)
    equal(slot.report(), (RUNS, 0, 0), "report")
    equal(slot.wait(), 0, "exit status")


def test_imports():
    "what cannot be imported is named, and there is no zygote"
    bed = Bed("python", "json", "no_such_module", wanted="unusable")
    equal(bed.zygote, "unusable import no_such_module: ModuleNotFoundError: "
          "No module named 'no_such_module'", "what the nursery is told")


def test_lost_pipe():
    "output that nobody reads any more is told as python3 tells it"
    got = code("import os, sys\nprint('x')\nr, w = os.pipe()\nos.close(r)\nos.dup2(w, 1)")
    equal(got.status, 120, "exit status")
    check("BrokenPipeError: [Errno 32] Broken pipe" in got.error, got.error)


def needs(program):
    if not os.path.exists(f"/usr/bin/{program}"):
        skip(f"there is no {program}")


NODE = """
console.log(process.argv, process.env, __filename, require.main === module, process.execArgv,
    Object.keys(require.cache), require('./lib'), typeof fs);
console.log(require('child_process').execSync('env').toString().split('\\n').sort().slice(1));
setTimeout(() => { process.exitCode = 7; console.log(require('fs').readFileSync(0, 'utf8')); }, 1);
"""


def test_node():
    "node runs a job as its main module"
    needs("node")
    bed = Bed("node")
    payload = program("sub/main.js", NODE, ("f", "sub/lib.js"), ("b", "module.exports = 5"),
                      words=["x y"], environment=["A=b", "PATH=/usr/bin:/bin"])
    got = bed.slot().run(payload, stdin="ü".encode())
    equal(got.error, "", "stderr")
    equal(got.out, "[ '/usr/bin/node', '/job/sub/main.js', 'x y' ] { A: 'b', PATH: '/usr/bin:/bin' } "
          "/job/sub/main.js true [] [ '/job/sub/main.js' ] 5 undefined\n"
          "[ 'A=b', 'PATH=/usr/bin:/bin', 'PWD=/job' ]\nü\n", "stdout")
    equal(got.status, 7, "exit status")
    got = bed.slot().run(program("m.js", "null.x", ("f", "big"), ("b", b"x" * (1 << 20))), as_file=True)
    check("/job/m.js:1" in got.error and "TypeError" in got.error, got.error)
    equal(got.status, 1, "exit status")
    for bad in (b"q\0\0\0\0", b"a\xff\0\0\0x", b"", program("../x.js", "")):
        check(refused(bed.slot(), bad, size=max(len(bad), 1)).error.count("\n") == 1, "one line")


JAVA = """
import java.util.*;
public class Main {
    static class Inner { int x = 5; }
    public static void main(String[] words) throws Exception {
        System.out.println(Arrays.asList(words) + " " + new TreeMap<>(System.getenv()) + new Inner().x);
        System.out.print(new String(new ProcessBuilder("env").start().getInputStream().readAllBytes()));
        System.out.println(new Scanner(System.in, "UTF-8").next());
        if (words.length > 1)
            System.exit(7);
        throw new IllegalStateException("no");
    }
}
"""


def test_java():
    "java compiles and runs a job's one source file"
    needs("javac")
    bed = Bed("java")
    slots = [bed.slot() for _ in range(3)]
    got = slots[0].run(program("Main.java", JAVA, words=["x y", "ü"], environment=["A=b", "PATH=/usr/bin"]),
                       stdin="ä".encode())
    equal(got.error, "", "stderr")
    equal(got.out.splitlines()[0], "[x y, ü] {A=b, PATH=/usr/bin}5", "stdout")
    equal(sorted(got.out.splitlines()[1:]), ["A=b", "PATH=/usr/bin", "ä"], "the rest of it")
    equal(got.status, 7, "exit status")
    got = slots[1].run(program("Main.java", JAVA, ("f", "big"), ("b", b"x" * (1 << 20))), stdin=b"x",
                       as_file=True)
    equal(got.error, 'Exception in thread "main" java.lang.IllegalStateException: no\n'
          "\tat Main.main(Main.java:11)\n", "stderr")
    equal(got.status, 1, "exit status")
    got = slots[2].run(program("Main.java", "class Main { int x = y; }"))
    equal(got.error.splitlines()[0], "Main.java:1: error: cannot find symbol", "stderr")
    equal((got.error.splitlines()[-1], got.status), ("error: compilation failed", 1), "its end")


def test_java_installed():
    "a java that is made once for many starts runs a job as well"
    needs("javac")
    options = ("java", "-Dfile.encoding=UTF-8", "--add-opens=java.base/java.io=ALL-UNNAMED")
    kept, here = folder(), os.getcwd()
    equal(Ahead(*options, "--source=11", "/proc/self/fd/5", kept).slot.wait(), 0, "exit status")
    os.chdir(folder())
    cleanup(os.chdir, here)
    got = Ahead(*options, f"-XX:SharedArchiveFile={kept}/ahead.jsa", "-cp", f"{kept}/ahead.jar",
                "Ahead").slot.run(program("Main.java", JAVA, words=["x", "y"]), stdin=b"z")
    equal((got.error, got.status), ("", 7), "errors, exit status")
    equal(got.out.splitlines()[0], "[x, y] {PATH=/usr/bin:/bin}5", "stdout")


if __name__ == "__main__":
    main()
