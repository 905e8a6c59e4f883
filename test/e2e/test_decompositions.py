# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Row-wise operations that are decomposed into arithmetic on rows: the module of decompositions.py, compiled and
run."""
import numpy as np

import decompositions
import reference
from harness import Case


class Decompositions(Case):
    def test_against_numpy(self):
        config = decompositions.Config()
        reference_model = decompositions.Model(config, decompositions.create(self.folder, config, 5))
        model = self.compile(self.folder / "model.mlir")
        ids = np.random.default_rng(6).integers(0, config.vocab_size, 40)
        self.assertLess(reference.relative_error(self.score(model, ids), reference_model.logits(ids)), 2e-5)
        # Token by token, through prefill, caches and decode.
        tokens = list(ids[:7])
        for token in self.generate(model, ids[:7], 12):
            row = reference_model.logits(tokens)[-1]
            self.assertGreater(row[token], row.max() - 1e-3)
            tokens.append(token)
