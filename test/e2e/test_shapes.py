# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Shapes that no golden file has, at the prompt lengths where something ends, against the float64 reference."""
import numpy as np

import checkpoint
import reference
from checkpoint import Config
from comparison import Comparison

SPAN = 64  # of gated retention, aligned to absolute positions


class Shapes(Comparison):
    def check(self, config, seed=0, flags=(), **form):
        weights = checkpoint.create(self.folder / "checkpoint", config, seed, **form)
        oracle = reference.Model(config, weights)
        model = self.compile(self.folder / "checkpoint", "--max-seq-len=256", *flags)
        tokens = np.random.default_rng(seed + 1).integers(0, config.vocab_size, 130)
        window = config.sliding_window or SPAN
        lengths = {1, 2, window - 1, window, window + 1, SPAN - 1, SPAN, SPAN + 1, 130}
        self.compare(oracle, model, tokens, sorted(n for n in lengths if 1 <= n <= 130), bound=1e-4)

    def test_retention_one_kv_head(self):
        self.check(Config(dim=48, n_layers=2, hidden_dim=99, n_self_heads=3, n_attn_heads=2, n_attn_kv_heads=1,
                          vocab_size=97))

    def test_retention_head_widths_differ(self):
        self.check(Config(dim=60, n_layers=4, hidden_dim=131, n_self_heads=5, n_attn_heads=6, n_attn_kv_heads=3,
                          vocab_size=1009))

    def test_retention_deep_float32(self):
        self.check(Config(dim=40, n_layers=8, hidden_dim=500, n_self_heads=2, n_attn_heads=4, n_attn_kv_heads=4,
                          vocab_size=101),
                   dtype="F32")

    def test_retention_one_head_float16(self):
        self.check(Config(dim=36, n_layers=6, hidden_dim=999, n_self_heads=1, n_attn_heads=9, n_attn_kv_heads=3,
                          vocab_size=65),
                   dtype="F16")

    def test_retention_smallest(self):
        self.check(Config(dim=2, n_layers=2, hidden_dim=1, n_self_heads=1, n_attn_heads=1, n_attn_kv_heads=1,
                          vocab_size=3))

    def test_retention_width_no_vector_divides(self):
        self.check(Config(dim=70, n_layers=2, hidden_dim=67, n_self_heads=7, n_attn_heads=5, n_attn_kv_heads=5,
                          vocab_size=203))

    def test_retention_other_theta_and_epsilon(self):
        self.check(Config(dim=64, n_layers=4, hidden_dim=96, n_self_heads=2, n_attn_heads=4, n_attn_kv_heads=2,
                          vocab_size=128, rope_theta=500000.0, norm_eps=1e-3))

    def test_window_1(self):
        self.check(Config(dim=48, n_layers=4, hidden_dim=99, n_self_heads=3, n_attn_heads=4, n_attn_kv_heads=2,
                          vocab_size=97, sliding_window=1))

    def test_window_2(self):
        self.check(Config(dim=24, n_layers=2, hidden_dim=131, n_self_heads=4, n_attn_heads=3, n_attn_kv_heads=1,
                          vocab_size=97, sliding_window=2))

    def test_window_7(self):
        self.check(Config(dim=60, n_layers=8, hidden_dim=77, n_self_heads=6, n_attn_heads=5, n_attn_kv_heads=1,
                          vocab_size=1009, sliding_window=7))

    def test_window_64(self):
        self.check(Config(dim=32, n_layers=2, hidden_dim=500, n_self_heads=2, n_attn_heads=8, n_attn_kv_heads=4,
                          vocab_size=97, sliding_window=64))

    def test_window_longer_than_any_text(self):
        self.check(Config(dim=32, n_layers=4, hidden_dim=40, n_self_heads=2, n_attn_heads=2, n_attn_kv_heads=2,
                          vocab_size=97, sliding_window=100000))

    def test_params_json_and_shards(self):
        self.check(Config(dim=40, n_layers=4, hidden_dim=56, n_self_heads=2, n_attn_heads=4, n_attn_kv_heads=2,
                          vocab_size=97),
                   params_json=True, shards=3)


class Chunks(Comparison):
    def check(self, window):
        config = Config(dim=48, n_layers=4, hidden_dim=99, n_self_heads=3, n_attn_heads=4, n_attn_kv_heads=2,
                        vocab_size=97, sliding_window=window)
        oracle = reference.Model(config, checkpoint.create(self.folder / "checkpoint", config))
        tokens = np.random.default_rng(5).integers(0, 97, 130)
        self.compare_chunks(oracle, self.folder / "checkpoint", tokens, (1, 2, 7, 8, 9, 63, 65, 66, 130), (1, 7, 64,
                                                                                                           256))

    def test_gated_retention(self):
        self.check(None)

    def test_window_of_24(self):
        self.check(24)

    def test_window_of_1(self):
        self.check(1)
