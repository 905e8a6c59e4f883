# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the built tools for the end-to-end tests. lit says where the build is; by hand: YOCO_BUILD_DIR=build python3 -m
unittest."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("YOCO_BUILD_DIR", ROOT / "build"))
PHASES = ("model", "step", "fused", "planned", "program")
CHECKPOINTS = {
    "yoco-tiny-gret": ROOT / "examples/yoco-tiny/gret",
    "yoco-tiny-swa": ROOT / "examples/yoco-tiny/swa",
    "yoco-gret-random": ROOT / "test/e2e/checkpoints/yoco-gret-random",
    "yoco-swa-random": ROOT / "test/e2e/checkpoints/yoco-swa-random",
}
LLAMAS = {name: ROOT / "test/e2e/checkpoints" / name for name in ("llama-tiny", "llama-rope3-tiny")}
# Checkpoints that are too large for this repository; tests that need them are skipped where they are not.
MODELS = pathlib.Path(os.environ.get("YOCO_MODELS", ROOT.parent / "shared/models"))
CED = ROOT / "test/e2e/checkpoints/ced-tiny"


def tool(name, *arguments, stdin="", seconds=300):
    """Runs build/bin/<name>, or the yoco-run that YOCO_RUN names; returns the finished process with text output."""
    program = os.environ.get("YOCO_RUN") if name == "yoco-run" else None
    return subprocess.run([program or str(BUILD / "bin" / name), *map(str, arguments)], input=stdin, text=True,
                          capture_output=True, timeout=seconds, errors="replace")


class Case(unittest.TestCase):
    """A test with a scratch folder, `self.folder`, and the tools."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="yoco-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def succeed(self, name, *arguments, **options):
        done = tool(name, *arguments, **options)
        if done.returncode != 0:
            self.fail(f"{name} {' '.join(map(str, arguments))}\nexited {done.returncode}\n"
                      f"{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done

    def compile(self, checkpoint, *flags, output="model.yoco"):
        output = self.folder / output
        self.succeed("yoco-compile", checkpoint, "-o", output, *flags)
        return output

    def refuse(self, name, *arguments, mention=(), **options):
        """The tool must exit 1 with one line that names what `mention` lists, and write nothing."""
        before = sorted(self.folder.rglob("*"))
        done = tool(name, *arguments, **options)
        with self.subTest(" ".join(map(str, arguments))[-200:]):
            told = f"exited {done.returncode}\nstdout: {done.stdout[-1000:]}\nstderr: {done.stderr[-2000:]}"
            self.assertEqual(done.returncode, 1, told)
            self.assertEqual(len(done.stderr.splitlines()), 1, f"expected one line, {told}")
            self.assertNotIn("internal error", done.stderr)
            self.assertEqual(done.stdout, "", told)
            for text in [mention] if isinstance(mention, str) else mention:
                self.assertIn(text, done.stderr)
            self.assertEqual(sorted(self.folder.rglob("*")), before, "left something behind")

    def prompt_file(self, tokens):
        handle, path = tempfile.mkstemp(dir=self.folder, suffix=".ids")
        with os.fdopen(handle, "w") as file:
            file.write(" ".join(str(int(t)) for t in tokens) + "\n")
        return path

    def generate(self, model, tokens, count, *flags):
        """-> the ids that the model continues `tokens` with."""
        done = self.succeed("yoco-run", model, "--prompt-tokens", self.prompt_file(tokens), "--max-new-tokens", count,
                            "--ignore-eos", "--print-tokens", *flags)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines), 1, f"expected one line of ids, got {done.stdout!r}")
        return [int(t) for t in lines[0].split()]

    def score(self, model, tokens, *flags):
        """-> float32 [rows, vocab]"""
        path = self.folder / "logits.npy"
        self.succeed("yoco-run", model, "--prompt-tokens", self.prompt_file(tokens), "--score", "--logits", path,
                     *flags)
        logits = np.load(path, allow_pickle=False)
        path.unlink()
        self.assertEqual(logits.dtype, np.float32)
        self.assertEqual(logits.shape[0], len(tokens))
        return logits

    def stats(self, model, tokens, count, *flags):
        """-> the JSON object that --stats writes."""
        done = self.succeed("yoco-run", model, "--prompt-tokens", self.prompt_file(tokens), "--max-new-tokens", count,
                            "--ignore-eos", "--print-tokens", "--stats", *flags)
        return json.loads(done.stderr)
