# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""YOCO++ and its siblings: the golden file, other ways to share keys and values, and which caches there are."""
import unittest

import numpy as np

import lckv
import safetensors
from comparison import Comparison
from harness import MODELS
from lckv import Config

BOUND = 5e-4
SIZES = {"hidden_size": 48, "intermediate_size": 77, "num_attention_heads": 4, "num_key_value_heads": 2,
         "vocab_size": 97, "rms_norm_eps": 1e-5}


def config(layer_types, **other):
    return Config(**SIZES | {"num_hidden_layers": layer_types.count("_") + 1, "layer_types": layer_types} | other)


@unittest.skipUnless(MODELS.is_dir(), "the folder of models is not there")
class Golden(Comparison):
    def test_yoco_plus(self):
        folder = MODELS / "lckv-tiny"
        golden, _ = safetensors.read(folder / "golden.safetensors")
        oracle = lckv.Model.load(folder)
        for flags in ((), ("--prefill-chunk=7",)):
            model = self.compile(folder, "--max-seq-len=512", *flags)
            self.compare_golden(oracle, model, golden, BOUND, flags=flags)


class Shapes(Comparison):
    def check(self, config, chunk, seed=0, **form):
        oracle = lckv.Model(config, lckv.create(self.folder / "checkpoint", config, seed, **form))
        model = self.compile(self.folder / "checkpoint", "--max-seq-len=256", f"--prefill-chunk={chunk}")
        tokens = np.random.default_rng(seed + 1).integers(0, config.vocab_size, 130)
        self.compare(oracle, model, tokens, (1, 2, 65, 130), BOUND)

    def test_yoco_plus_one_kv_head_tied(self):
        self.check(config("0_1_2_2_2", method="yoco-plus", num_key_value_heads=1, tie_word_embeddings=True), 7)

    def test_yoco_plus_float32(self):
        self.check(config("0_1_1", method="yoco-plus", scaling_factor=2.5, hidden_size=40), 64, dtype="F32")

    def test_yoco_several_sources(self):
        self.check(config("0_1_0_3_1_3", method="yoco"), 5)

    def test_fusedkv_lite(self):
        self.check(config("0_1_2_2_2_2", method="fusedkv-lite", rope_theta=500000.0), 16)

    def test_no_sharing_is_llama(self):
        self.check(config("0_1_2", method="yoco"), 256)
