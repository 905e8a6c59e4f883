# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Section `sanitizer`: NVIDIA's compute-sanitizer on small models and on kernels of awkward shapes. Out of bounds or
misaligned accesses (memcheck), and threads of a block that race for shared memory (racecheck)."""

import glob
import re
import shutil
import sys
import tempfile

import numpy as np

import kernels
from bundle import RUN, run, why
from rows import Row

PARALLEL = 8
TOOLS = ("memcheck", "racecheck")
FAILED = 86  # its exit status when it has found something


def find():
    return shutil.which("compute-sanitizer") or next(
        iter(sorted(glob.glob("/usr/local/cuda*/bin/compute-sanitizer"), reverse=True)), None
    )


def cases(bundle):
    if bundle.device == "host" or not find():
        return ["none"]
    models = [name for name, m in bundle.models.items() if m.get("sanitize")]
    modules = [path.stem for path in kernels.modules(bundle)]
    return [
        f"{tool}:{what}"
        for tool in TOOLS
        for what in [
            *(f"{name}/{how}" for name in models for how in ("generate", "score")),
            *(f"kernels/{module}" for module in modules),
        ]
    ]


def seconds(bundle, case):
    return 400


class Runner:
    def __init__(self, bundle):
        self.bundle = bundle

    def run(self, case):
        if case == "none":
            yield Row(
                "sanitizer",
                "compute-sanitizer",
                "skipped",
                detail="not on this machine" if self.bundle.device != "host" else "for GPUs",
            )
            return
        tool, _, what = case.partition(":")
        name, _, how = what.partition("/")
        with tempfile.TemporaryDirectory() as folder:
            program = self.kernels(how) if name == "kernels" else self.model(name, how, folder)
            code, out, err = run(
                [find(), "--tool", tool, "--error-exitcode", FAILED, "--print-limit", 5, *program], 380
            )
        summary = next((line.strip("= ").strip() for line in reversed(out.splitlines()) if "SUMMARY" in line), "")
        passed = code == 0 and re.search(r"\b0 errors|\b0 hazards", summary) is not None
        found = next(
            (line.strip("= ").strip() for line in out.splitlines() if re.search(r"Invalid|Error|hazard|Race", line)), ""
        )
        detail = summary if passed else f"{found or why(code, out, err)}"
        yield Row("sanitizer", f"{tool} {name} {how}", "clean" if passed else "found", "", passed, detail)

    def model(self, name, how, folder):
        entry = self.bundle.models[name]
        rng = np.random.default_rng(self.bundle.seed)
        ids = f"{folder}/ids"
        with open(ids, "w") as file:
            file.write(" ".join(map(str, rng.integers(0, entry["vocabulary"], 70 if how == "generate" else 20))))
        command = [
            self.bundle.program("yoco-run"),
            self.bundle.model_path(name),
            "--device",
            self.bundle.device,
            "--prompt-tokens",
            ids,
        ]
        if how == "score":
            return [*command, "--score", "--logits", f"{folder}/logits.npy"]
        return [*command, "--max-new-tokens", 4, "--ignore-eos", "--print-tokens"]

    def kernels(self, module):
        """The small kernels of a module, in a process of their own."""
        b = self.bundle
        chosen = [c for c in kernels.cases(b) if c.startswith(module + ":") and kernels.is_small(b, c)]
        return [
            sys.executable,
            RUN,
            "--worker",
            "kernels",
            "--bundle",
            b.folder,
            "--device",
            b.device,
            "--seed",
            b.seed,
            *chosen,
        ]
