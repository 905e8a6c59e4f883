# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled models under the suite that every device passes (test/runtime/DeviceConformance.cpp): chunks, batches, used and copied slots,
scoring, repeated runs, refused calls, bytes held."""
from harness import CHECKPOINTS, Case


class Conformance(Case):
    def check(self, name, *flags):
        model = self.compile(CHECKPOINTS[name], "--max-seq-len=600", "--max-batch=4", *flags)
        done = self.succeed("device-conformance", f"--model={model}", "--device=host")
        self.assertIn("PASSED", done.stdout)
        self.assertNotIn("SKIPPED", done.stdout)

    def test_random_gated_retention(self):
        self.check("yoco-gret-random", "--prefill-chunk=100")

    def test_random_sliding_window(self):
        self.check("yoco-swa-random", "--prefill-chunk=100")

    def test_trained_gated_retention(self):
        self.check("yoco-tiny-gret")

    def test_trained_sliding_window(self):
        self.check("yoco-tiny-swa")
