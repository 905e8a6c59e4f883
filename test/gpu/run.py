#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the checks of a bundle that scripts/gpu-bundle made, and prints one table; docs/GpuTesting.md says what is in
it.

Cases run in worker processes: one that crashes or takes too long is a FAIL of its own, and the others go on.
"""

import argparse
import importlib
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
# In the repository, safetensors.py and the reference are with the end-to-end tests.
sys.path[:0] = [str(HERE / "checks"), str(HERE.parent / "e2e")]

from bundle import Bundle, find_cublaslt, last_line  # noqa: E402
from rows import Row  # noqa: E402

SECTIONS = {
    "logits": "logits",
    "batches": "batches",
    "mixes": "mixes",
    "repeat": "repeat",
    "kernels": "kernels",
    "launches": "launches",
    "long": "long",
    "sanitizer": "sanitizer",
    "bench": "bench",
}


def module_of(section):
    return importlib.import_module({"long": "long_context"}.get(section, section))


# Workers -------------------------------------------------------------------------------------------------------------


def worker(bundle, section, cases):
    """Runs cases; every line on stdout is an event. Nothing else may write there."""
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def tell(**event):
        events.write(json.dumps(event, default=float) + "\n")

    runner = module_of(section).Runner(bundle)
    for case in cases:
        tell(begin=case)
        for row in runner.run(case):
            tell(row=vars(row))
            if row.fatal:
                tell(end=case)
                sys.exit(3)
        tell(end=case)


class Work:
    """Cases of one section in a worker process, and another one for the rest when that ends before its time."""

    def __init__(self, bundle, section, cases, rows, options):
        self.bundle, self.section, self.cases, self.rows, self.options = bundle, section, list(cases), rows, options

    def run(self):
        while self.cases:
            before = len(self.cases)
            self.run_once()
            if len(self.cases) == before:  # did not even begin
                self.fail(self.cases.pop(0))

    def fail(self, case, reason=None):
        self.rows.put(Row(self.section, case, "crash", passed=False, detail=reason or last_line(self.errors)))

    def run_once(self):
        with tempfile.TemporaryFile("w+", errors="replace") as errors:
            command = [sys.executable, HERE / "run.py", "--worker", self.section, *self.options, *self.cases]
            process = subprocess.Popen(
                [str(c) for c in command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
            lines = queue.Queue()
            threading.Thread(
                target=lambda: [lines.put(line) for line in process.stdout] + [lines.put(None)], daemon=True
            ).start()
            current, late = self.follow(lines, process)
            process.wait()
            errors.seek(0)
            self.errors = errors.read()
            if current is not None and current in self.cases:
                self.cases.remove(current)
                how = f"{late}; " if late else f"signal {-process.returncode}: " if process.returncode < 0 else ""
                self.fail(current, how + last_line(self.errors))

    def follow(self, lines, process):
        """Takes events until the worker ends; -> (the case that it was in, why it was stopped)."""
        current, module = None, module_of(self.section)
        limit = 120
        while True:
            try:
                line = lines.get(timeout=limit)
            except queue.Empty:
                os.killpg(process.pid, signal.SIGKILL)  # the worker's own group: its programs too
                return current or self.cases[0], f"no sign of life for {limit} s"
            if line is None:
                return current, None
            event = json.loads(line)
            if "begin" in event:
                current = event["begin"]
                limit = module.seconds(self.bundle, current)
            elif "row" in event:
                self.rows.put(Row(**event["row"]))
            elif "end" in event:
                self.cases.remove(event["end"])
                current = None


def run_section(bundle, section, options, only):
    """-> rows, as they came"""
    module = module_of(section)
    cases = [c for c in module.cases(bundle) if not only or any(part in c for part in only)]
    if not cases:
        return [Row(section, "nothing to do here", "skipped")]
    groups = min(module.PARALLEL, len(cases))
    rows = queue.Queue()
    threads = [
        threading.Thread(target=Work(bundle, section, cases[i::groups], rows, options).run) for i in range(groups)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(rows.queue)


# The table -----------------------------------------------------------------------------------------------------------


def shown(rows, verbose):
    """The rows to print: of a group that passes, one with the worst of it."""
    if verbose:
        return rows
    result, groups = [], {}
    for row in rows:
        if not row.passed or not row.group:
            result.append(row)
            continue
        if row.group not in groups:
            groups[row.group] = Row(row.section, row.group, passed=True), []
            result.append(groups[row.group][0])
        groups[row.group][1].append(row)
    for line, members in groups.values():
        judged = [m for m in members if isinstance(m.measured, float)]
        worst = max(judged, key=lambda m: m.measured / max(m.bound, 1e-30), default=members[0])
        line.measured, line.bound, line.detail = worst.measured, worst.bound, f"{len(members)} checks"
    return result


def limit_threads(workers):
    """NumPy's library would take all processors in every worker."""
    count = str(max(1, (os.cpu_count() or 1) // workers))
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = count


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", help="host or cuda[:N]; default: what the bundle is for")
    parser.add_argument(
        "--only",
        default="",
        help=f"sections, of {','.join(SECTIONS)}; SECTION=TEXT takes cases with TEXT in their names",
    )
    parser.add_argument("--json", type=pathlib.Path, help="all rows and their data")
    parser.add_argument(
        "--table", type=pathlib.Path, help="every row of the table; standard output has kernels that passed together"
    )
    parser.add_argument("--verbose", action="store_true", help="print every row")
    parser.add_argument("--seed", type=int, help="of random inputs; default: another one each time")
    parser.add_argument(
        "--base",
        type=pathlib.Path,
        action="append",
        default=[],
        help="folder to find checkpoints below, for models stored as differences to them; default: ., and those above "
        "the bundle",
    )
    parser.add_argument("--bundle", type=pathlib.Path, default=HERE, help=argparse.SUPPRESS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("cases", nargs="*", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = parse()
    seed = arguments.seed if arguments.seed is not None else int.from_bytes(os.urandom(4), "little")
    bundle = Bundle(arguments.bundle, arguments.device, seed)
    if arguments.worker:
        return worker(bundle, arguments.worker, arguments.cases)

    wanted = {}
    for item in filter(None, arguments.only.split(",")):
        section, _, text = item.partition("=")
        if section not in SECTIONS:
            sys.exit(f"run.py: --only: expected sections of {', '.join(SECTIONS)}, got '{section}'")
        wanted.setdefault(section, []).extend([text] if text else [])
    sections = [s for s in SECTIONS if s in wanted] or list(SECTIONS)

    cublaslt = find_cublaslt() if bundle.device != "host" else "not needed"
    print(f"bundle {bundle.folder.name} on {bundle.device}, seed {seed}, cuBLASLt: {cublaslt}", flush=True)
    rows = []
    with tempfile.TemporaryDirectory(prefix="yoco-bundle-") as unpacked:
        started = time.monotonic()
        bundle = bundle.unpack(unpacked, [*arguments.base, pathlib.Path.cwd(), *bundle.folder.resolve().parents])
        print(f"unpacked in {time.monotonic() - started:.1f} s", flush=True)
        options = ["--bundle", bundle.folder, "--device", bundle.device, "--seed", seed]
        for section in sections:
            started = time.monotonic()
            limit_threads(module_of(section).PARALLEL)
            made = run_section(bundle, section, options, wanted.get(section))
            if module_of(section).PARALLEL > 1:
                made.sort(key=lambda row: row.case)
            for row in shown(made, arguments.verbose):
                print(row.line()[:200], flush=True)
            print(f"-- {section}: {time.monotonic() - started:.1f} s", flush=True)
            rows += made
            write_results(arguments, bundle, rows)
    failed = [row for row in rows if row.status() == "FAIL"]
    if failed:
        print("failed:")
        for row in failed[:30]:
            print(row.line()[:300])
    print(f"{sum(row.status() == 'pass' for row in rows)} passed, {len(failed)} failed")
    return 1 if failed else 0


def write_results(arguments, bundle, rows):
    if arguments.json:
        content = {
            "device": bundle.device,
            "seed": bundle.seed,
            "rows": [vars(row) | {"status": row.status()} for row in rows],
        }
        arguments.json.write_text(json.dumps(content, indent=1, default=float) + "\n")
    if arguments.table:
        arguments.table.write_text("".join(row.line(90) + "\n" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
