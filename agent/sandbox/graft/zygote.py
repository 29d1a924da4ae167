# SPDX-License-Identifier: Apache-2.0
"""zygote: an interpreter that imports once and is then forked for every job.

Started with library.c in it: os.fsync(3) first meets the nursery, os.fork() is back in each
new slot, os.fsync(3) there waits for its job.  The job's code runs as `python3 FILE` would run
it.  Python 3.8 is enough; nothing is imported that python3 has not imported by itself.
"""
import _signal
import atexit
import gc
import io
import os
import sys

REFUSED = 125
PATH = []  # sys.path, less the program's folder


def unusable(why):
    """struct graft_answer, and for who reads a log."""
    fields = (0x67726166, 1, 2, 0, 0, 0)
    text = why.encode("utf-8", "replace")[:231].decode("utf-8", "ignore").encode()
    message = b"".join(field.to_bytes(4, sys.byteorder) for field in fields) + text.ljust(232, b"\0")
    sys.stderr.write("fairlead: zygote: " + why + "\n")
    sys.stderr.flush()
    try:
        os.write(3, message)
        os.read(3, 1)  # what was sent and is not read when we end would be an error over there
    finally:
        os._exit(1)


def import_all(names):
    for name in names:
        try:
            __import__(name)
        except BaseException as error:
            unusable(f"import {name}: {type(error).__name__}: {error}")


def become_zygote():
    """Returns in a slot."""
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # where this file is
    import_all(sys.argv[1:])
    PATH.extend(sys.path)
    gc.collect()
    gc.freeze()  # the collector never touches what is shared
    try:
        os.fsync(3)
    except OSError as error:
        unusable(f"the library is not in this interpreter ({error.strerror})")
    while os.fork():
        pass
    # random reseeds itself; numpy does not.
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random:
        numpy_random.seed()


class Bad(Exception):
    pass


def read_pack():
    size = os.fstat(3).st_size  # none: a socket, and one message
    pack = os.read(3, size or 65536)
    while len(pack) < size:
        more = os.read(3, size - len(pack))
        if not more:
            raise Bad("it ends early")
        pack += more
    os.close(3)
    return pack


def records(pack):
    at = 0
    while at < len(pack):
        end = at + 5 + int.from_bytes(pack[at + 1:at + 5], "little")
        if at + 5 > len(pack) or end > len(pack):
            raise Bad("it ends early")
        yield pack[at:at + 1], pack[at + 5:end]
        at = end


def path_of(name):
    path = os.fsdecode(name)
    if not path or path[0] == "/" or "\0" in path or ".." in path.split("/"):
        raise Bad(f"{path!r} is no file below the working folder")
    return path


def write(path, content, mode):
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    while content:
        content = content[os.write(fd, content):]
    os.close(fd)


def unpack(pack):
    """What is to be written is written; the rest: words, environment, name and code."""
    words, environment, name, code, file, mode = [], {}, None, None, None, 0o644
    for kind, value in records(pack):
        if kind == b"a":
            words.append(os.fsdecode(value))
        elif kind == b"e":
            key, is_one, text = value.partition(b"=")
            if not key or not is_one or b"\0" in value:
                raise Bad("a variable has no name, no value or a zero byte")
            environment[key] = text
        elif kind == b"n":
            name = path_of(value)
        elif kind == b"c":
            code = value
        elif kind == b"f":
            file, mode = path_of(value), 0o644
        elif kind == b"x" and file and not value:
            mode = 0o755
        elif kind == b"b" and file:
            write(file, value, mode)
            file = None
        else:
            raise Bad(f"a record {kind!r} does not belong there")
    if file or name is None or code is None or not words:
        raise Bad("a file without content" if file else "no code, or no name for it")
    write(name, code, 0o644)
    return words, environment, name, code


def stream(fd, name, like):
    """As python3 makes its own: a terminal by line, what is unbuffered at once."""
    at_once = fd and "PYTHONUNBUFFERED" in os.environ
    raw = io.open(fd, "wb" if fd else "rb", 0, closefd=False)
    terminal = raw.isatty()
    raw.name = name
    if fd == 0:
        raw = io.BufferedReader(raw)
    elif not at_once:
        raw = io.BufferedWriter(raw)
    text = io.TextIOWrapper(raw, "utf-8", like.errors, newline="\n" if fd else None,
                            line_buffering=fd == 2 or terminal, write_through=bool(at_once))
    text.mode = "w" if fd else "r"
    return text


def renew_streams():
    sys.stdin = sys.__stdin__ = stream(0, "<stdin>", sys.__stdin__)
    sys.stdout = sys.__stdout__ = stream(1, "<stdout>", sys.__stdout__)
    sys.stderr = sys.__stderr__ = stream(2, "<stderr>", sys.__stderr__)


def take_job(pack):
    words, environment, name, code = unpack(pack)
    os.environ.clear()
    os.environb.update(environment)
    renew_streams()
    sys.argv[:] = words
    folder = os.getcwd()
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [sys.executable, *words]
    if "time" in sys.modules:
        sys.modules["time"].tzset()
    # Since 3.9 the program's file has its whole path.
    path = os.path.join(folder, name) if sys.version_info >= (3, 9) else name
    sys.path[:] = [os.path.dirname(os.path.join(folder, name))] + PATH
    sys.path[1:1] = [one for one in os.environ.get("PYTHONPATH", "").split(":") if one]
    return path, code


def new_main(path):
    here = sys.modules["__main__"]
    main = type(sys)("__main__")
    main.__file__ = path
    main.__cached__ = None
    main.__builtins__ = here.__builtins__
    main.__loader__ = type(here.__loader__)("__main__", path)
    sys.modules["__main__"] = main
    return main


def without_us(error, frames):
    """Its traceback, less the frames of this file at its top."""
    trace = error.__traceback__
    while frames and trace:
        trace, frames = trace.tb_next, frames - 1
    return error.with_traceback(trace)


def tell(error):
    """As python3 ends a program with an exception that nobody caught; the exit status."""
    kind, trace = type(error), error.__traceback__
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, trace
    try:
        sys.excepthook(kind, error, trace)
    except SystemExit as leaving:
        return status_of(leaving)
    except BaseException as second:
        sys.stderr.write("Error in sys.excepthook:\n")
        sys.__excepthook__(type(second), second, without_us(second, 1).__traceback__)
        sys.stderr.write("\nOriginal exception was:\n")
        sys.__excepthook__(kind, error, trace)
    return 1


def status_of(leaving):
    code = leaving.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 255 if -1 << 63 <= code < 1 << 63 else 255
    try:
        sys.stderr.write(f"{code}\n")
    except Exception:
        pass
    return 1


def run(main, path, code):
    """The exit status, and whether an interrupt ended it."""
    try:
        try:
            body = compile(code, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            return tell(error.with_traceback(None)), False
        exec(body, main.__dict__)
    except SystemExit as leaving:
        return status_of(leaving), False
    except BaseException as error:
        return tell(without_us(error, 1)), isinstance(error, KeyboardInterrupt)
    return 0, False


def forget(module):
    """As python3 does at its end: files that nobody closed are written, __del__ is called."""
    if not isinstance(module, type(sys)):
        return
    names = module.__dict__
    for name in list(names):
        if name[:1] == "_" and name[1:2] != "_":
            names[name] = None
    for name in list(names):
        if name != "__builtins__":
            names[name] = None


def flush():
    """False: some output is lost, which is said once."""
    try:
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
        return True
    except Exception as error:
        os.write(2, f"Exception ignored in: {sys.stdout!r}\n{type(error).__name__}: {error}\n".encode())
        return False


def flush_errors():
    try:
        sys.stderr.flush()
    except Exception:
        pass  # nowhere to say it


def end(main, before, status, interrupted):
    """As python3 ends, but for taking itself apart, which would copy all that is shared."""
    if "threading" in sys.modules:
        try:
            sys.modules["threading"]._shutdown()
        except BaseException as error:
            tell(error)
    atexit._run_exitfuncs()
    flushed = flush()
    forget(main)
    for name in [name for name in sys.modules if name not in before]:
        forget(sys.modules[name])
    gc.collect()
    if not flushed or not flush():
        status = 120  # python3's own
    flush_errors()
    if interrupted:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
        os.kill(os.getpid(), _signal.SIGINT)
    os._exit(status)


def warm():
    """Goes through a small job, so that the pages it changes are copied while nobody waits."""
    records_of = ("a", "warm.py"), ("e", "A=b"), ("n", "warm.py"), ("c", "import sys\nprint('warm')\n")
    path, code = take_job(b"".join(kind.encode() + len(value).to_bytes(4, "little") + value.encode()
                                   for kind, value in records_of))
    main = new_main(path)
    run(main, path, code)
    flush()
    os.unlink("warm.py")


def slot():
    warm()
    os.fsync(3)
    try:
        path, code = take_job(read_pack())
    except (Bad, OSError) as error:
        os.write(2, f"fairlead: the job cannot be read: {error}\n".encode("utf-8", "replace"))
        os._exit(REFUSED)
    main = new_main(path)
    before = set(sys.modules)
    status, interrupted = run(main, path, code)
    end(main, before, status, interrupted)


become_zygote()
slot()
