# SPDX-License-Identifier: Apache-2.0
"""What a test program in python needs, and no more.

    import os, sys
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
    from tap import check, cleanup, equal, limit, main, skip

    def test_a_second_agent_is_refused():
        "a second agent on the same socket is refused with a line"
        agent = start()
        cleanup(agent.kill)             # runs whatever happens, the last one first
        equal(second().returncode, 2, "exit status")

    if __name__ == "__main__":
        main()

Each test_* function makes one claim: its docstring, or its name.  Tests run in the order in
which they are written; arguments on the command line choose those whose claim contains one.
"""
import contextlib
import os
import signal
import sys
import time
import traceback

LIMIT_SECONDS = 60
_cleanups = contextlib.ExitStack()


class Failed(AssertionError):
    """A check that did not hold."""


class Skipped(Exception):
    """A test that cannot be judged here."""


class TimedOut(BaseException):
    """Not an Exception, so that a test's own `except Exception` cannot swallow it."""


def check(holds, what="it does not hold"):
    if not holds:
        raise Failed(what)


def equal(got, wanted, what="value"):
    if got != wanted:
        raise Failed(f"{what}: got {got!r}, wanted {wanted!r}")


def skip(reason):
    raise Skipped(reason)


def cleanup(function, *arguments, **options):
    _cleanups.callback(function, *arguments, **options)


def limit(seconds):
    """Decorator: this test may take longer (or must be quicker) than the others."""
    def mark(test):
        test.limit_seconds = seconds
        return test
    return mark


def wait_for(condition, what, seconds=10.0, every=0.02):
    """Asks until the condition holds and returns what it gave; fails after the time."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise Failed(f"waited {seconds:g} s for {what}")
        time.sleep(every)


def _claim(test):
    text = (test.__doc__ or test.__name__[len("test_"):].replace("_", " "))
    return " ".join(text.split()).rstrip(".")


def _explain(error):
    """The error and the lines of our own tests that led to it, as # lines."""
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for frame in traceback.extract_tb(error.__traceback__):
        file = os.path.abspath(frame.filename)
        if file.startswith(tests) and file != os.path.abspath(__file__):
            print(f"# {os.path.relpath(frame.filename)}:{frame.lineno}: {frame.line}")
    text = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
    for line in text.splitlines():
        print(f"# {line}")


def _alarm(_number, _frame):
    raise TimedOut("the time limit of this test is over")


def _terminate(number, _frame):
    sys.exit(128 + number)      # as an exception, so that cleanups run


def _attempt(step):
    """Runs one step: '' when it went well, else 'not ' or the reason for a skip."""
    try:
        step()
    except Skipped as skipped:
        return "", f" # SKIP {skipped}"
    except (Exception, TimedOut) as error:
        _explain(error)
        return "not ", ""
    return "", ""


def _run(test):
    signal.alarm(getattr(test, "limit_seconds", LIMIT_SECONDS))
    try:
        verdict, note = _attempt(test)
    finally:
        signal.alarm(LIMIT_SECONDS)     # what hangs in a cleanup hangs no less
        cleaned, _ = _attempt(_cleanups.close)
        signal.alarm(0)
    return (verdict, note) if verdict or not cleaned else (cleaned, "")


def main(needs_root=False):
    """Runs the test_* functions of the calling program and exits."""
    sys.stdout.reconfigure(line_buffering=True)
    signal.signal(signal.SIGALRM, _alarm)
    signal.signal(signal.SIGTERM, _terminate)
    if needs_root and os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        sys.exit(77)
    tests = [value for name, value in vars(sys.modules["__main__"]).items()
             if name.startswith("test_") and callable(value)]
    if sys.argv[1:]:
        tests = [test for test in tests if any(word in _claim(test) for word in sys.argv[1:])]
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        verdict, note = _run(test)
        print(f"{verdict}ok {number} - {_claim(test)}{note}")
        failed += bool(verdict)
    sys.exit(1 if failed else 0)
