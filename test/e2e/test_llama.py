# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Llama: golden files of Hugging Face transformers, and shapes and fields that these do not have, against float64."""
import numpy as np

import llama
import safetensors
from comparison import Comparison
from harness import LLAMAS, Case
from llama import Config
from reference import relative_error

BOUND = 5e-4
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 32}


class Golden(Comparison):
    def check(self, name):
        folder = LLAMAS[name]
        golden, _ = safetensors.read(folder / "golden.safetensors")
        oracle = llama.Model.load(folder)
        for flags in ((), ("--prefill-chunk=7",)):
            model = self.compile(folder, *flags)
            self.compare_golden(oracle, model, golden, BOUND, flags=flags)

    def test_untied(self):
        self.check("llama-tiny")

    def test_llama3_frequencies_biases_tied(self):
        self.check("llama-rope3-tiny")


class Shapes(Comparison):
    def check(self, config, seed=0, extra={}, **form):
        oracle = llama.Model(config, llama.create(self.folder / "checkpoint", config, seed, **form, **extra))
        model = self.compile(self.folder / "checkpoint", "--max-seq-len=256")
        tokens = np.random.default_rng(seed + 1).integers(0, config.vocab_size, 130)
        self.compare(oracle, model, tokens, (1, 2, 63, 65, 130), BOUND)

    def test_one_layer_one_head_per_group_float32(self):
        self.check(Config(hidden_size=48, num_hidden_layers=1, intermediate_size=99, num_attention_heads=3,
                          num_key_value_heads=3, vocab_size=97), dtype="F32")

    def test_eight_heads_of_a_width_of_their_own_per_group(self):
        self.check(Config(hidden_size=40, num_hidden_layers=2, intermediate_size=131, num_attention_heads=8,
                          num_key_value_heads=1, vocab_size=203, head_dim=14, rope_theta=500000.0), dtype="F16")

    def test_biases_tied_llama3(self):
        self.check(Config(hidden_size=64, num_hidden_layers=3, intermediate_size=77, num_attention_heads=4,
                          num_key_value_heads=2, vocab_size=101, tie_word_embeddings=True, attention_bias=True,
                          mlp_bias=True, rope_scaling=LLAMA3))

    def test_linear_frequencies_shards(self):
        self.check(Config(hidden_size=36, num_hidden_layers=2, intermediate_size=56, num_attention_heads=6,
                          num_key_value_heads=3, vocab_size=1009, rope_scaling={"type": "linear", "factor": 4.0}),
                   shards=3)

    def test_gelu_and_rope_parameters(self):
        self.check(Config(hidden_size=32, num_hidden_layers=2, intermediate_size=40, num_attention_heads=2,
                          num_key_value_heads=2, vocab_size=65, hidden_act="gelu_pytorch_tanh", rms_norm_eps=1e-3,
                          rope_parameters={"rope_type": "default", "rope_theta": 1000.0}),
                   extra={"attention_dropout": 0.1, "_comment": "a note", "initializer_range": float("nan")})

    def test_smallest(self):
        self.check(Config(hidden_size=2, num_hidden_layers=1, intermediate_size=1, num_attention_heads=1,
                          num_key_value_heads=1, vocab_size=3))


class Chunks(Comparison):
    def test_prefill_in_chunks(self):
        config = Config(hidden_size=48, num_hidden_layers=3, intermediate_size=99, num_attention_heads=4,
                        num_key_value_heads=2, vocab_size=97, tie_word_embeddings=True)
        oracle = llama.Model(config, llama.create(self.folder / "checkpoint", config))
        tokens = np.random.default_rng(5).integers(0, 97, 130)
        self.compare_chunks(oracle, self.folder / "checkpoint", tokens, (1, 7, 8, 64, 65, 130), (1, 7, 64))


class Limits(Case):
    def test_longest_sequence_is_that_of_the_configuration(self):
        config = Config(hidden_size=16, num_hidden_layers=1, intermediate_size=16, num_attention_heads=1,
                        num_key_value_heads=1, vocab_size=30, max_position_embeddings=19)
        llama.create(self.folder / "checkpoint", config)
        model = self.compile(self.folder / "checkpoint")
        self.assertEqual(len(self.generate(model, [1] * 10, 9)), 9)
        self.refuse("yoco-run", model, "--prompt-tokens", self.prompt_file([1] * 20), "--max-new-tokens", 4)
