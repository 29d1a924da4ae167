# SPDX-License-Identifier: Apache-2.0
"""What the benches do with what they measured: quartiles, variants compared block by block, and one
command line that prints a table or JSON."""
import argparse
import json
import os
import signal
import statistics
import sys


def quartiles(values):
    values = list(values)
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3


def cells(values, form):
    return "".join(format(value, form) for value in values)


def compare(blocks, pairs, typical, added):
    """{"one / other": quartiles of the ratio, and under `added` of what one takes longer}."""
    return {f"{one} / {other}": {
        "ratio": quartiles(typical(b, one) / typical(b, other) for b in blocks),
        added: quartiles(typical(b, one) - typical(b, other) for b in blocks)}
            for one, other in pairs}


def show_compared(title, rows, added, unit, scale=1):
    """A table of what compare() gave; scale: from what was measured to the unit."""
    print(f"{title:<28}{'ratio':^24}{'added ' + unit:^24}")
    for name, row in rows.items():
        print(f"{name:<28}" + cells(row["ratio"], "8.4f") +
              cells((value * scale for value in row[added]), "8.1f"))


def told(text):
    print(text, file=sys.stderr, flush=True)


def begin(parser):
    """What was asked for, by root."""
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("fairlead: BPF is loaded here: run as root")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # what was set up is undone
    return options


def run(about, turns, measure, result, show):
    """Measures, and prints result() as JSON or show()s it.  turns: what there are so many of, and
    how many when nobody says."""
    name, count = turns
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(f"--{name}", type=int, default=count, dest="turns",
                        metavar=name.upper())
    parser.add_argument("-o", choices=("table", "json"), default="table", dest="form")
    options = begin(parser)
    found = measure(options.turns, told)
    if options.form == "json":
        print(json.dumps(result(found)))
    else:
        show(found)
