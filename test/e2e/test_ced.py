# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ced-toy`: its golden file in chunks of any size, and shapes that this does not have, against float64."""
import numpy as np

import ced
import llama
import safetensors
from ced import Config
from comparison import Comparison
from harness import CED

BOUND = 5e-4
FULL, WINDOW = "full_attention", "sliding_attention"


class Golden(Comparison):
    def check(self, *flags):
        golden, _ = safetensors.read(CED / "golden.safetensors")
        oracle = ced.Model.load(CED)
        model = self.compile(CED, "--max-seq-len=256", *flags)
        self.compare_golden(oracle, model, golden, BOUND, flags=flags)

    def test_default_chunk(self):
        self.check()

    def test_chunks_of_1(self):
        self.check("--prefill-chunk=1")

    def test_chunks_of_7(self):
        self.check("--prefill-chunk=7")

    def test_chunks_of_64(self):
        self.check("--prefill-chunk=64")


class Shapes(Comparison):
    def check(self, config, seed=0, **form):
        oracle = ced.Model(config, llama.create(self.folder / "checkpoint", config, seed, **form))
        models = [self.compile(self.folder / "checkpoint", "--max-seq-len=256", f"--prefill-chunk={chunk}",
                               output=f"{chunk}.yoco") for chunk in (5, 256)]
        tokens = np.random.default_rng(seed + 1).integers(0, config.vocab_size, 130)
        for model in models:
            self.compare(oracle, model, tokens, (1, 2, 63, 65, 130), BOUND)

    def test_one_layer_each_window_1_float32(self):
        self.check(Config(hidden_size=48, intermediate_size=99, num_attention_heads=3, num_key_value_heads=3,
                          head_dim=16, encoder_layer_types=(FULL,), num_decoder_layers=1, sliding_window=1,
                          vocab_size=97), dtype="F32")

    def test_windows_alone_tied(self):
        self.check(Config(hidden_size=40, intermediate_size=77, num_attention_heads=4, num_key_value_heads=1,
                          head_dim=14, encoder_layer_types=(WINDOW, WINDOW), num_decoder_layers=4, sliding_window=9,
                          vocab_size=101, tie_word_embeddings=True), dtype="F16")

    def test_window_longer_than_the_prompt(self):
        self.check(Config(hidden_size=32, intermediate_size=40, num_attention_heads=2, num_key_value_heads=2,
                          head_dim=8, encoder_layer_types=(FULL, WINDOW), num_decoder_layers=2, sliding_window=100,
                          vocab_size=65, rope_theta=1000.0, rms_norm_eps=1e-3))
