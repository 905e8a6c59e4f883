# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The interpreter of phase `model` (`yoco-diff --logits`) against the references in NumPy, both in float64, and against
the golden files, which are float32. It is family-blind: what a frontend builds is all that it knows."""
import itertools

import numpy as np

import ced
import checkpoint
import decompositions
import llama
import reference
import safetensors
from harness import CED, CHECKPOINTS, LLAMAS, Case

EXACT = 1e-12  # with the same constants, what is left is the order of sums in float64
GOLDEN = 5e-6


class Interpreter(Case):
    def evaluate(self, folder, tokens, *flags):
        """-> float64 [tokens, vocabulary]"""
        path = self.folder / "reference.npy"
        self.succeed("yoco-diff", folder, "--tokens", "@" + self.prompt_file(tokens), "--logits", path, *flags)
        logits = np.load(path, allow_pickle=False)
        self.assertEqual(logits.dtype, np.float64)
        return logits

    def check(self, folder, model, tokens):
        with reference.f32_constants():
            expected = model.logits(tokens)
        self.assertLess(reference.relative_error(self.evaluate(folder, tokens), expected), EXACT)

    def check_checkpoint(self, folder, model):
        golden, _ = safetensors.read(folder / "golden.safetensors")
        vocabulary = model.config.vocab_size
        self.check(folder, model, np.random.default_rng(1).integers(0, vocabulary, 70))
        cases = [name[: -len(".logits")] for name in golden if name.endswith(".logits")]
        self.assertGreater(len(cases), 0)
        for case in cases:
            with self.subTest(case):
                got = self.evaluate(folder, golden[f"{case}.prompt"])
                self.assertLess(reference.relative_error(got, golden[f"{case}.logits"]), GOLDEN)

    def test_yoco(self):
        for name, folder in CHECKPOINTS.items():
            with self.subTest(name):
                self.check_checkpoint(folder, reference.Model.load(folder))

    def test_llama(self):
        for name, folder in LLAMAS.items():
            with self.subTest(name):
                self.check_checkpoint(folder, llama.Model.load(folder))

    def test_ced(self):
        self.check_checkpoint(CED, ced.Model.load(CED))

    def test_shapes(self):
        """Odd numbers of heads, biases, windows, tied tables."""
        tokens = np.random.default_rng(2).integers(0, 60, 19)
        base = dict(dim=48, n_layers=4, hidden_dim=40, n_self_heads=3, n_attn_heads=6, n_attn_kv_heads=2, vocab_size=60)
        for number, window in enumerate((None, 1, 7)):
            config = checkpoint.Config(**base, sliding_window=window)
            folder = self.folder / f"yoco-{number}"
            weights = checkpoint.create(folder, config, seed=number)
            with self.subTest(window=window):
                self.check(folder, reference.Model(config, weights), tokens)
        for number, (tied, bias) in enumerate(itertools.product((False, True), repeat=2)):
            config = llama.Config(40, 2, 56, 5, 1, 60, head_dim=6, tie_word_embeddings=tied, attention_bias=bias,
                                  mlp_bias=bias, hidden_act="gelu_pytorch_tanh" if bias else "silu")
            folder = self.folder / f"llama-{number}"
            weights = llama.create(folder, config, seed=number)
            with self.subTest(tied=tied, bias=bias):
                self.check(folder, llama.Model(config, weights), tokens)

    def test_decompositions(self):
        """A module: biases, norms of both kinds and a soft cap."""
        config = decompositions.Config()
        model = decompositions.Model(config, decompositions.create(self.folder, config, 5))
        self.check(self.folder / "model.mlir", model, np.random.default_rng(6).integers(0, config.vocab_size, 40))

    def test_threads_do_not_matter(self):
        tokens = np.arange(9)
        folder = CHECKPOINTS["yoco-gret-random"]
        one, four = (self.evaluate(folder, tokens, "--threads", n) for n in (1, 4))
        np.testing.assert_array_equal(one, four)

    def test_generated_weights(self):
        """What the runtime makes when it loads a file, the interpreter makes of the same seed."""
        folder = LLAMAS["llama-tiny"]
        model = self.compile(folder, "--random-weights=7")
        tokens = np.arange(20)
        expected = self.evaluate(folder, tokens, "--random-weights", 7)
        self.assertLess(reference.relative_error(self.score(model, tokens), expected), 1e-5)
