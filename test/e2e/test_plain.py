# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plain Transformers beside Llama: golden files of Hugging Face transformers, and shapes and fields that these do not
have, against float64."""
import unittest

import numpy as np

import llama
import safetensors
from comparison import Comparison
from harness import MODELS
from plain import MistralConfig, Phi3Config, Qwen2Config, Qwen3Config, StableLmConfig, FAMILIES

BOUND = 5e-4
SIZES = {"hidden_size": 48, "num_hidden_layers": 3, "intermediate_size": 77, "num_attention_heads": 4,
         "num_key_value_heads": 2, "vocab_size": 97}


def sizes(**other):
    return SIZES | other


@unittest.skipUnless(MODELS.is_dir(), "the folder of models is not there")
class Golden(Comparison):
    def check(self, family):
        folder = MODELS / f"{family}-tiny"
        golden, _ = safetensors.read(folder / "golden.safetensors")
        oracle = FAMILIES[family].load(folder)
        for flags in ((), ("--prefill-chunk=7",)):
            model = self.compile(folder, "--max-seq-len=512", *flags)
            self.compare_golden(oracle, model, golden, BOUND, flags=flags)

    def test_mistral(self):
        self.check("mistral")

    def test_qwen2(self):
        self.check("qwen2")

    def test_qwen3(self):
        self.check("qwen3")

    def test_phi3(self):
        self.check("phi3")

    def test_stablelm(self):
        self.check("stablelm")


class Shapes(Comparison):
    def check(self, config, seed=0, lengths=(1, 2, 33, 65, 130), chunk=None, extra={}, **form):
        model = FAMILIES[config.model_type]
        oracle = model(config, llama.create(self.folder / "checkpoint", config, seed, **form, **extra))
        flags = () if chunk is None else (f"--prefill-chunk={chunk}",)
        compiled = self.compile(self.folder / "checkpoint", "--max-seq-len=256", *flags)
        tokens = np.random.default_rng(seed + 1).integers(0, config.vocab_size, 130)
        self.compare(oracle, compiled, tokens, lengths, BOUND)

    # mistral

    def test_mistral_window_4_one_kv_head(self):
        self.check(MistralConfig(**sizes(num_key_value_heads=1), sliding_window=4), lengths=(1, 3, 4, 5, 64, 130))

    def test_mistral_window_33_heads_of_a_width_of_their_own(self):
        self.check(MistralConfig(**sizes(head_dim=14, num_hidden_layers=2), sliding_window=33, rms_norm_eps=1e-5),
                   lengths=(1, 32, 33, 34, 130), chunk=7, dtype="F16")

    def test_mistral_without_a_window_tied(self):
        self.check(MistralConfig(**sizes(num_hidden_layers=1), tie_word_embeddings=True, rope_theta=1e6),
                   extra={"sliding_window": None, "layer_types": ["full_attention"]})

    def test_mistral_window_longer_than_any_text(self):
        self.check(MistralConfig(**SIZES, sliding_window=4096), extra={"attention_dropout": 0.0})

    # qwen2

    def test_qwen2_full_attention(self):
        self.check(Qwen2Config(**sizes(num_key_value_heads=4), sliding_window=5, tie_word_embeddings=True))

    def test_qwen2_windows_in_the_last_layers(self):
        self.check(Qwen2Config(**sizes(num_hidden_layers=4), use_sliding_window=True, sliding_window=9,
                               max_window_layers=2), chunk=5, dtype="F32")

    def test_qwen2_layer_types_decide(self):
        types = ["sliding_attention", "full_attention", "sliding_attention"]
        self.check(Qwen2Config(**SIZES, use_sliding_window=True, sliding_window=17, max_window_layers=0,
                               layer_types=types), chunk=64)

    # qwen3

    def test_qwen3_one_kv_head_biases(self):
        self.check(Qwen3Config(**sizes(num_key_value_heads=1, head_dim=22), attention_bias=True))

    def test_qwen3_windows_tied(self):
        self.check(Qwen3Config(**sizes(head_dim=16, num_hidden_layers=2), use_sliding_window=True, sliding_window=6,
                               max_window_layers=1, tie_word_embeddings=True), chunk=7, shards=3)

    # phi3

    def test_phi3_whole_heads_window(self):
        self.check(Phi3Config(**SIZES, sliding_window=12), lengths=(1, 11, 12, 13, 130), chunk=8)

    def test_phi3_three_quarters_of_a_head_tied(self):
        self.check(Phi3Config(**sizes(hidden_size=64, num_key_value_heads=1), partial_rotary_factor=0.75,
                              tie_word_embeddings=True), dtype="F32")

    def test_phi3_part_of_a_head_in_a_window(self):
        self.check(Phi3Config(**sizes(hidden_size=80, num_hidden_layers=1, num_key_value_heads=4), sliding_window=5,
                              partial_rotary_factor=0.3), extra={"rope_scaling": None})

    # stablelm

    def test_stablelm_quarter_of_a_head(self):
        self.check(StableLmConfig(**sizes(hidden_size=96), use_qkv_bias=True))

    def test_stablelm_parallel_residual_and_norms_of_each_head(self):
        self.check(StableLmConfig(**sizes(num_attention_heads=3, num_key_value_heads=1), partial_rotary_factor=0.5,
                                  qk_layernorm=True, use_parallel_residual=True), chunk=7)

    def test_stablelm_norms_of_each_head_tied(self):
        self.check(StableLmConfig(**sizes(num_key_value_heads=4, num_hidden_layers=2), partial_rotary_factor=1.0,
                                  qk_layernorm=True, use_qkv_bias=True, tie_word_embeddings=True,
                                  layer_norm_eps=1e-3), dtype="F16",
                   extra={"hidden_dropout": 0.0, "rope_parameters": {"rope_type": "default",
                                                                     "partial_rotary_factor": 1.0}})
