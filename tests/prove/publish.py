#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts what the programs of a part claimed into docs/proof: publish.py PART LINE…

PART.json is an array with an object a claim, each on a line of its own; PART.md is a table
of it for people.  Claims of lines that are not named stay.  A trial goes to .out/prove.
Exit status 1 unless every claim of the named lines holds.
"""
import json
import os
import sys

from proof import BUILT, ROOT, SCALE, run

HOLDS = {True: "yes", False: "**no**", None: "not run"}


def sentences(part):
    """{program: acceptance line}, in the order of the issue."""
    with open(f"{ROOT}/tests/prove/{part}/lines", encoding="utf-8") as file:
        rows = (row.strip().split(maxsplit=1) for row in file if not row.startswith("#"))
        return dict(row for row in rows if row)


def claims_of(name, sentence, version):
    """Key order is what a person wants to read first; the raw figures come last."""
    try:
        with open(f"{BUILT}/prove/{name}.claims", encoding="utf-8") as file:
            claims = json.load(file)
    except OSError:
        claims = []
    if not claims:
        claims = [{"claim": "the line can be tried", "holds": False,
                   "note": "its program left nothing"}]
    trial = {"trial": f"at {SCALE:g} of the counts: proves nothing"} if SCALE < 1 else {}
    common = {"line": sentence, "program": name, **trial, "version": version, "machine": machine()}
    return [{**common, **claim} for claim in claims]


def machine():
    """What figures depend on, and nothing by which a machine could be found."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [row.partition(": ")[2].strip() for row in file if row.startswith("model name")]
    return f"{os.cpu_count()} x {models[0] if models else os.uname().machine}"


def kept(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError:
        return []


def text(value):
    """A cell of the table."""
    if isinstance(value, dict):
        value = ", ".join(f"{key} {text(item)}" for key, item in value.items())
    elif isinstance(value, list):
        value = " ".join(map(text, value))
    return "" if value is None else str(value).replace("|", "\\|")


def page(part, claims):
    yield f"# What was proved of part `{part}`\n"
    yield (f"Made by `make prove PART={part}` from {part}.json, "
           "which has the raw figures and the commands.\n")
    line = None
    for claim in claims:
        if claim["line"] != line:
            line = claim["line"]
            yield f"\n{line}\n\n| claim | figure | limit | holds | control |\n|---|---|---|---|---|"
        note = f" ({claim['note']})" if claim.get("note") else ""
        cells = [claim["claim"] + note, *(claim.get(key) for key in ("figure", "limit")),
                 HOLDS[claim["holds"]], claim.get("control")]
        yield "| " + " | ".join(map(text, cells)) + " |"
    where = sorted({f"{claim['version']} on Linux {claim['kernel']}, {claim['machine']}, "
                    f"{claim['date'][:10]}"
                    for claim in claims if "date" in claim})
    yield "\n" + "; ".join(where) + "."


def main():
    part, *names = sys.argv[1:]
    lines = sentences(part)
    version = run("setup/version.sh").stdout.strip()
    folder = f"{BUILT}/prove" if SCALE < 1 else f"{ROOT}/docs/proof"
    os.makedirs(folder, exist_ok=True)
    path = f"{folder}/{part}.json"
    found = {name: [] for name in lines}
    for claim in kept(path):
        if claim["program"] in found and claim["program"] not in names:
            found[claim["program"]].append(claim)
    for name in names:
        found[name] = claims_of(name, lines[name], version)
    claims = [claim for name in lines for claim in found[name]]

    with open(path, "w", encoding="utf-8") as file:
        rows = (json.dumps(claim, ensure_ascii=False) for claim in claims)
        file.write("[\n" + ",\n".join(rows) + "\n]\n")
    with open(f"{folder}/{part}.md", "w", encoding="utf-8") as file:
        file.writelines(row + "\n" for row in page(part, claims))
    judged = [claim["holds"] for name in names for claim in found[name]]
    print(f"{judged.count(True)} hold, {judged.count(False)} do not hold, "
          f"{judged.count(None)} not run: {os.path.relpath(path)}")
    sys.exit(0 if all(judged) else 1)


if __name__ == "__main__":
    main()
