# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled checkpoints against their golden files: logits within 1e-4, greedy tokens equal, needles found."""
import reference
import safetensors
from harness import CHECKPOINTS, Case

ROWS_PER_SCORE = 1100  # longer prompts are compared by their tokens


class Golden(Case):
    def check(self, name, *flags):
        model = self.compile(CHECKPOINTS[name], *flags)
        golden, metadata = safetensors.read(CHECKPOINTS[name] / "golden.safetensors")
        for case in sorted(k[: -len(".prompt")] for k in golden if k.endswith(".prompt")):
            prompt, greedy = golden[f"{case}.prompt"], golden[f"{case}.greedy"].tolist()
            with self.subTest(case):
                self.assertEqual(self.generate(model, prompt, len(greedy)), greedy)
                if len(prompt) > ROWS_PER_SCORE:
                    continue
                logits = self.score(model, prompt)
                self.assertLess(reference.relative_error(logits[-1], golden[f"{case}.last_logits"]), 1e-4)
                if f"{case}.logits" in golden:
                    self.assertLess(reference.relative_error(logits, golden[f"{case}.logits"]), 1e-4)

    def test_trained_gated_retention(self):
        self.check("yoco-tiny-gret")

    def test_trained_sliding_window(self):
        self.check("yoco-tiny-swa")

    def test_random_gated_retention(self):
        self.check("yoco-gret-random")

    def test_random_sliding_window(self):
        self.check("yoco-swa-random")
