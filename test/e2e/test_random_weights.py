# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""--random-weights: a config alone becomes a model whose weights are made when it is loaded."""
import llama
from checkpoint import Config
from harness import Case

CONFIG = Config(dim=64, n_layers=4, hidden_dim=99, n_self_heads=4, n_attn_heads=4, n_attn_kv_heads=2, vocab_size=1009)


class RandomWeights(Case):
    def make(self, seed, config=CONFIG, output="model.yoco"):
        folder = self.folder / "config"
        folder.mkdir(exist_ok=True)
        config.save(folder / "config.json")
        return self.compile(folder, f"--random-weights={seed}", "--max-seq-len=256", output=output)

    def test_the_seed_decides(self):
        model = self.make(1)
        again = self.make(1, output="again.yoco")
        self.assertEqual(model.read_bytes(), again.read_bytes())
        prompt = list(range(70))
        logits = self.score(model, prompt)
        self.assertEqual(logits.tobytes(), self.score(model, prompt, "--threads=1").tobytes())
        self.assertNotEqual(logits.tobytes(), self.score(self.make(2), prompt).tobytes())

    def test_logits_are_in_proportion(self):
        """Scale 1/sqrt(inputs): no activation dies or explodes, so logits of normed rows are near 1."""
        spread = self.score(self.make(3), list(range(100))).std()
        self.assertGreater(spread, 0.3)
        self.assertLess(spread, 3.0)

    def test_the_file_holds_no_weights(self):
        small = self.make(1).stat().st_size
        wide = Config(**(CONFIG.__dict__ | {"dim": 512, "hidden_dim": 2048, "vocab_size": 30000}))
        self.assertLess(self.make(1, wide).stat().st_size - small, 200_000)

    def test_sliding_window(self):
        ring = Config(**(CONFIG.__dict__ | {"sliding_window": 16}))
        self.assertEqual(len(self.generate(self.make(1, ring), [5] * 40, 8)), 8)

    def test_llama_with_biases(self):
        """Biases of one product lie one after the other, each with values of its own."""
        biased = llama.Config(hidden_size=64, num_hidden_layers=2, intermediate_size=96, num_attention_heads=4,
                              num_key_value_heads=2, vocab_size=1009, attention_bias=True, mlp_bias=True,
                              tie_word_embeddings=True)
        spread = self.score(self.make(3, biased), list(range(100))).std()
        self.assertGreater(spread, 0.3)
        self.assertLess(spread, 3.0)
