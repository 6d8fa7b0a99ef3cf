#!/usr/bin/env python3
"""Which rows of docs/requirements/ are shown by a test that passes.

    rows.py SRCDIR            run what claims rows, in the current build directory, and print the rows shown; -v lists everything
    rows.py --static SRCDIR   run nothing: every row that is claimed exists, every test that claims one is part of its suite

A row is claimed by ROWS("…") before a START_TEST in tests/unit/test_*.c, or by "rows" of a scenario in tests/conformance/*.json. The exit
status is 1 if a claimed row is unknown, or no test or scenario that claims it passes.
"""

import collections
import glob
import json
import os
import re
import subprocess
import sys

GROUPS = ("KAT", "KAT-KB", "NER", "NUM", "SEN")
ROW = re.compile(r"^\|\s*((?:%s)-[0-9]+)\s*\|" % "|".join(sorted(GROUPS, key=len, reverse=True)), re.M)
CLAIM = re.compile(r"^ROWS\(([^)]*)\)\s*", re.M)
START = re.compile(r"START_TEST\((\w+)\)")
ADD = re.compile(r"\btcase_add_(?:loop_)?test(?:_raise_signal|_exit)?\(\s*\w+\s*,\s*(\w+)")
SUITE = re.compile(r"^Suite \*suite_(\w+)\(void\) \{", re.M)
RESULT = re.compile(r"^[^:\n]+:[0-9]+:([PFE]):[^:\n]*:(\w+):-?[0-9]+:", re.M)
SCENARIO = re.compile(r"^(passed|FAILED) (\S+?): ", re.M)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def catalogue(src, problems):
    """Every id, in the order of the pages."""
    ids = []
    for path in sorted(glob.glob(os.path.join(src, "docs", "requirements", "*.md"))):
        ids += ROW.findall(read(path))
    for row, n in collections.Counter(ids).items():
        if n > 1:
            problems.append("docs/requirements: %s stands there %d times" % (row, n))
    if not ids:
        problems.append("docs/requirements: no rows")
    return ids


def unit_claims(src, problems):
    """(suite, test) → its rows."""
    claims = {}
    for path in sorted(glob.glob(os.path.join(src, "tests", "unit", "test_*.c"))):
        text, base = read(path), os.path.relpath(path, src)
        suite, added = SUITE.search(text), set(ADD.findall(text))
        for m in CLAIM.finditer(text):
            test, rows = START.match(text, m.end()), re.findall(r'"([^"]*)"', m.group(1))
            if not test or not rows:
                problems.append("%s: ROWS(%s) names no row, or does not stand before a test" % (base, m.group(1)))
            elif not suite or test.group(1) not in added:
                problems.append("%s: %s claims rows and is in no suite" % (base, test.group(1)))
            else:
                claims[(suite.group(1), test.group(1))] = rows
    return claims


def scenario_claims(src, problems):
    """Name of a scenario's file → its rows."""
    claims = {}
    for path in sorted(glob.glob(os.path.join(src, "tests", "conformance", "*.json"))):
        base = os.path.relpath(path, src)
        try:
            rows = json.loads(read(path)).get("rows", [])
        except ValueError as e:
            problems.append("%s: %s" % (base, e))
            continue
        if not isinstance(rows, list) or not all(isinstance(r, str) for r in rows):
            problems.append("%s: rows is no list of ids" % base)
        elif rows:
            claims[os.path.basename(path)] = rows
    return claims


def output_of(command):
    env = dict(os.environ, CK_VERBOSITY="verbose")
    p = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return p.stdout.decode("utf-8", "replace")


def run_units(claims):
    """The tests that passed, every time they ran."""
    suites = sorted({suite for suite, _ in claims})
    passed, failed = set(), set()
    for result, test in RESULT.findall(output_of(["tests/unit/run"] + suites)) if suites else ():
        (passed if result == "P" else failed).add(test)
    return passed - failed


def run_scenarios(src, claims):
    paths = [os.path.join(src, "tests", "conformance", name) for name in sorted(claims)]
    said = SCENARIO.findall(output_of(["tests/conformance/driver"] + paths)) if paths else ()
    return {os.path.basename(name) for result, name in said if result == "passed"}


def group_of(row):
    return row.rpartition("-")[0]


def main(argv):
    static, verbose = "--static" in argv, "-v" in argv
    places = [a for a in argv if not a.startswith("-")]
    if len(places) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    src, problems = places[0], []
    ids = catalogue(src, problems)
    units, scenarios = unit_claims(src, problems), scenario_claims(src, problems)
    claimed = collections.OrderedDict()  # row → [(what claims it, how to know whether it passed)]
    for (suite, test), rows in units.items():
        for row in rows:
            claimed.setdefault(row, []).append(("tests/unit/test_%s.c: %s" % (suite, test), ("unit", test)))
    for name, rows in scenarios.items():
        for row in rows:
            claimed.setdefault(row, []).append(("tests/conformance/%s" % name, ("scenario", name)))
    known = set(ids)
    for row, by in claimed.items():
        if row not in known:
            problems.append("%s: no row %s in docs/requirements/" % (by[0][0], row))
    if static:
        for problem in problems:
            print("rows: " + problem)
        print("%d rows, %d claimed\n%d passed, %d failed" % (len(ids), len(claimed), len(claimed) if not problems else 0, len(problems)))
        return 1 if problems else 0

    passed = {("unit", t) for t in run_units(units)} | {("scenario", n) for n in run_scenarios(src, scenarios)}
    shown = {}
    for row, by in claimed.items():
        good = [what for what, how in by if how in passed]
        bad = [what for what, how in by if how not in passed]
        if row in known and good:
            shown[row] = good
        elif row in known:
            problems.append("%s: claimed, and nothing that claims it passes: %s" % (row, ", ".join(bad)))
        for what in bad:
            print("rows: did not pass: %s (%s)" % (what, row))
    for group in GROUPS:
        rows = [r for r in ids if group_of(r) == group]
        have = [r for r in rows if r in shown]
        print("%-7s %3d of %3d shown%s %s" % (group, len(have), len(rows), ":" if have else ",", " ".join(have + (["and"] if have else []) + ["%d not yet" % (len(rows) - len(have))])))
        if verbose:
            for r in have:
                print("        %s\n            %s" % (r, "\n            ".join(shown[r])))
            print("        not yet: " + " ".join(r for r in rows if r not in shown))
    print("%d of %d rows shown" % (len(shown), len(ids)))
    for problem in problems:
        print("rows: " + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
