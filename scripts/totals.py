# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds up what the groups of scripts/check left behind: totals.py FOLDER FILE...

A .json file is lit's, an .xml file is CTest's. A file that is missing or in which nothing ran counts as one failure: a
suite that was not found must not look like one that passed."""
import collections
import json
import pathlib
import sys
import xml.etree.ElementTree


def outcomes(path):
    """-> [(test, "passed" | "failed" | "skipped")]"""
    if not path.exists():
        return [(f"{path.stem}: left no results", "failed")]
    if path.suffix == ".json":
        codes = {"PASS": "passed", "XFAIL": "passed", "UNSUPPORTED": "skipped", "SKIPPED": "skipped",
                 "EXCLUDED": "skipped"}
        return [(t["name"], codes.get(t["code"], "failed")) for t in json.loads(path.read_text())["tests"]]
    found = []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        status = case.get("status")
        codes = {"run": "passed", "notrun": "skipped", "disabled": "skipped"}
        found.append((case.get("name"), codes.get(status, "failed")))
    return found


def main(folder, *names):
    total = collections.Counter()
    for name in names:
        tests = outcomes(pathlib.Path(folder) / name)
        count = collections.Counter(outcome for _, outcome in tests)
        if not count["passed"] and not count["failed"]:
            tests.append((f"{name}: no test ran", "failed"))
            count["failed"] += 1
        print(f"{pathlib.Path(name).stem:22} {count['passed']:5} passed {count['failed']:5} failed "
              f"{count['skipped']:5} skipped")
        for test, outcome in tests:
            if outcome == "failed":
                print(f"  failed: {test}")
        total += count
    print(f"{total['passed']} passed, {total['failed']} failed")
    return 1 if total["failed"] else 0


sys.exit(main(*sys.argv[1:]))
