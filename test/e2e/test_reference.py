# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The reference itself, before anything is compared to it."""
import unittest

import numpy as np

import checkpoint
import reference
import safetensors
from harness import CHECKPOINTS


class AgainstGolden(unittest.TestCase):
    """The golden files were computed by another implementation (PyTorch, float64)."""

    def check(self, name, longest=None):
        model = reference.Model.load(CHECKPOINTS[name])
        golden, _ = safetensors.read(CHECKPOINTS[name] / "golden.safetensors")
        for case in sorted(k[: -len(".prompt")] for k in golden if k.endswith(".prompt")):
            if longest and len(golden[f"{case}.prompt"]) > longest:
                continue
            every_row = f"{case}.logits" in golden
            expected = golden[f"{case}.logits"] if every_row else golden[f"{case}.last_logits"][None]
            got = model.logits(golden[f"{case}.prompt"], slice(None) if every_row else slice(-1, None))
            with self.subTest(case):
                self.assertLess(reference.relative_error(got, expected), 1e-5)
                self.assertEqual(got[-1].argmax(), golden[f"{case}.greedy"][0])

    def test_trained_gated_retention(self):
        self.check("yoco-tiny-gret")

    def test_trained_sliding_window(self):
        self.check("yoco-tiny-swa", longest=1000)  # for time; the form for long texts is the other one's

    def test_random_gated_retention(self):
        self.check("yoco-gret-random")

    def test_random_sliding_window(self):
        self.check("yoco-swa-random")


class Itself(unittest.TestCase):
    CONFIG = checkpoint.Config(dim=24, n_layers=4, hidden_dim=33, n_self_heads=3, n_attn_heads=2, n_attn_kv_heads=1,
                               vocab_size=41)

    def test_both_forms_of_retention_agree(self):
        model = reference.Model(self.CONFIG, checkpoint.random_weights(self.CONFIG, 1))
        tokens = np.random.default_rng(2).integers(0, 41, 70)
        recurrent = model.logits(tokens, retention=reference.retention_recurrent)
        self.assertLess(reference.relative_error(model.logits(tokens), recurrent), 1e-12)

    def test_rows_do_not_see_later_ones(self):
        model = reference.Model(self.CONFIG, checkpoint.random_weights(self.CONFIG, 1))
        tokens = np.random.default_rng(2).integers(0, 41, 70)
        prefix = model.logits(tokens[:31])
        self.assertLess(reference.relative_error(prefix, model.logits(tokens)[:31]), 1e-12)

    def test_bfloat16_rounds_to_nearest_even(self):
        values = np.array([1.0, 1.00390625, 1.01171875, -3.1415927, 0.0], np.float32)
        expected = np.array([1.0, 1.0, 1.015625, -3.140625, 0.0], np.float32)
        np.testing.assert_array_equal(safetensors.round_to(values, "BF16"), expected)
