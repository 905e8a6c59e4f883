# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Universal YOCO: golden files, and passes, windows, head sizes and variants that these do not have."""
import unittest

import numpy as np

import safetensors
import yocou
from comparison import Comparison
from harness import MODELS
from yocou import Config

BOUND = 5e-4
SIZES = {"d_model": 48, "d_ffn": 77, "head": 4, "kv_head": 2, "cross_head": 4, "cross_kv_head": 2, "head_dim": 12,
         "n_layers": 4, "yoco_cross_layers": 2, "universal_loop": 2, "yoco_window_size": 6, "vocab_size": 97}


@unittest.skipUnless(MODELS.is_dir(), "the folder of models is not there")
class Golden(Comparison):
    def check(self, name):
        golden, _ = safetensors.read(MODELS / name / "golden.safetensors")
        oracle = yocou.Model.load(MODELS / name)
        for flags in ((), ("--prefill-chunk=7",)):
            model = self.compile(MODELS / name, "--max-seq-len=512", *flags)
            self.compare_golden(oracle, model, golden, BOUND, flags=flags)

    def test_dense(self):
        self.check("yocou-tiny")

    def test_differential_attention_and_clipping(self):
        self.check("yocou-v3-tiny")


class Shapes(Comparison):
    def check(self, chunk, seed=0, lengths=(1, 2, 65, 130), form={}, **fields):
        config = Config(**SIZES | fields)
        oracle = yocou.Model(config, yocou.create(self.folder / "checkpoint", config, seed, **form))
        model = self.compile(self.folder / "checkpoint", "--max-seq-len=256", f"--prefill-chunk={chunk}")
        tokens = np.random.default_rng(seed + 1).integers(0, config.vocab_size, 130)
        self.compare(oracle, model, tokens, lengths, BOUND)

    def test_one_pass_one_layer_each(self):
        self.check(7, n_layers=2, yoco_cross_layers=1, universal_loop=1, form={"dtype": "F32"})

    def test_four_passes_window_of_4_rows(self):
        self.check(5, universal_loop=4, yoco_window_size=3, n_layers=3, yoco_cross_layers=1, kv_head=1,
                   lengths=(1, 3, 4, 5, 130))

    def test_window_of_33_rows_tied(self):
        self.check(64, yoco_window_size=32, weight_tying=True, lengths=(1, 32, 33, 34, 130))

    def test_more_heads_in_the_cross_decoder(self):
        self.check(16, cross_head=6, cross_kv_head=1, head_dim=14, n_layers=5, yoco_cross_layers=3,
                   rope_theta=500000.0, norm_eps=1e-4)

    def test_cross_heads_of_another_width(self):
        self.check(7, cross_head_dim=20, qk_rms_clip=True, qk_rms_gamma=True, qk_rms_limit=0.9)

    def test_differential_2(self):
        self.check(7, diff_v2=True, qk_rms_clip=True, qk_rms_limit=0.8, form={"dtype": "F16"})

    def test_differential_3_one_kv_head(self):
        self.check(5, diff_v3=True, kv_head=1, cross_kv_head=1, head=3, cross_head=5, swiglu_limit=0.7)
