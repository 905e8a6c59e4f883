# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""yoco_session_extend(): thousands of random steps whose segments are of all kinds, in memory that is full of NaN
before. On the host each segment gets the bits that it gets alone, and the logits of the whole text."""
import os
import sys

import numpy as np

from harness import BUILD, CED, CHECKPOINTS, LLAMAS, ROOT, Case

sys.path.append(str(ROOT / "test/gpu/checks"))

import mixes  # noqa: E402
from runtime import Library, RuntimeError_  # noqa: E402

STEPS = int(os.environ.get("YOCO_MIXED_STEPS", 1200))
BOUND = 1e-4


class Mixes(Case):
    def open(self, checkpoint, *flags):
        library = Library(BUILD / "lib/libyoco-runtime.so")
        model = library.open(self.compile(checkpoint, "--max-seq-len=256", "--max-batch=6", *flags))
        self.addCleanup(model.close)
        return model

    def check(self, checkpoint, seed, *flags):
        result, problem = mixes.run(self.open(checkpoint, *flags), "host", STEPS, seed, exact=True, poison=True)
        self.assertIsNone(problem)
        self.assertLess(result.off, BOUND)
        self.assertGreater(result.rows, STEPS)

    def test_gated_retention(self):
        self.check(CHECKPOINTS["yoco-gret-random"], 1)

    def test_sliding_window(self):
        self.check(CHECKPOINTS["yoco-swa-random"], 2, "--prefill-chunk=50")

    def test_transformer(self):
        self.check(LLAMAS["llama-tiny"], 3)

    def test_windows_in_the_second_half(self):
        self.check(CED, 4)

    def test_windows_in_the_second_half_small_steps(self):
        self.check(CED, 5, "--prefill-chunk=9")
