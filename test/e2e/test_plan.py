# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The plan is exact: a session holds what the compiler planned, from its first token to its last."""
import re

import checkpoint
from checkpoint import Config
from harness import CHECKPOINTS, Case


class Plan(Case):
    def held(self, model, count=4, *flags):
        """-> {what: bytes} of a session, by --stats."""
        stats = self.stats(model, [1, 2, 3], count, *flags)
        held = stats["bytes_held"]
        self.assertEqual(held["total"], held["persistent"] + held["scratch"])
        return held | {key: stats[key] for key in ("weight_bytes", "kv_bytes_per_token")}

    def planned(self, source, *flags):
        """-> the text of --plan, with thousands separators taken out of its numbers."""
        done = self.succeed("yoco-compile", source, "-o", self.folder / "planned.yoco", "--plan", *flags)
        return re.sub(r"(?<=\d)[,_](?=\d{3})", "", done.stdout)

    def check_plan(self, name):
        for flags in ((), ("--max-seq-len=512",), ("--max-seq-len=333", "--max-batch=3", "--prefill-chunk=5")):
            held = self.held(self.compile(CHECKPOINTS[name], *flags))
            plan = self.planned(CHECKPOINTS[name], *flags)
            for key, size in held.items():
                with self.subTest(flags=flags, key=key):
                    self.assertRegex(plan, rf"\b{size}\b", f"{key} of the session is not in the plan\n{plan}")

    def test_held_is_planned_gated_retention(self):
        self.check_plan("yoco-gret-random")

    def test_held_is_planned_sliding_window(self):
        self.check_plan("yoco-swa-random")

    def test_constant_while_generating(self):
        for name in ("yoco-gret-random", "yoco-swa-random"):
            model = self.compile(CHECKPOINTS[name], "--max-seq-len=256")
            held = [self.held(model, count) for count in (1, 8, 200)]
            self.assertEqual(held, [held[0]] * 3)

    def test_cost_of_a_token(self):
        for name in CHECKPOINTS:
            with self.subTest(name):
                config = checkpoint.Config.load(CHECKPOINTS[name])
                self.assertEqual(self.held(self.compile(CHECKPOINTS[name]))["kv_bytes_per_token"],
                                 config.kv_bytes_per_token)

    def check_growth(self, config):
        """A longer bound grows the shared cache, exactly, and nothing else; so does a session's own bound."""
        checkpoint.create(self.folder / "checkpoint", config)
        for batch in (1, 3):
            flags = (f"--max-batch={batch}", "--prefill-chunk=16")
            short = self.held(self.compile(self.folder / "checkpoint", "--max-seq-len=128", *flags))
            model = self.compile(self.folder / "checkpoint", "--max-seq-len=1024", *flags)
            grown = self.held(model)
            growth = (1024 - 128) * batch * config.kv_bytes_per_token
            expected = {key: short[key] + growth for key in ("persistent", "total")}
            self.assertEqual(grown, short | expected)
            self.assertEqual(self.held(model, 4, "--max-seq-len=128"), short)

    def test_growth_gated_retention(self):
        self.check_growth(Config(dim=64, n_layers=4, hidden_dim=96, n_self_heads=4, n_attn_heads=4, n_attn_kv_heads=2,
                                 vocab_size=97))

    def test_growth_sliding_window(self):
        self.check_growth(Config(dim=64, n_layers=4, hidden_dim=96, n_self_heads=4, n_attn_heads=4, n_attn_kv_heads=2,
                                 vocab_size=97, sliding_window=32))

    def test_depth_does_not_cost_memory_per_token(self):
        for layers in (2, 8):
            config = Config(dim=32, n_layers=layers, hidden_dim=40, n_self_heads=2, n_attn_heads=4, n_attn_kv_heads=1,
                            vocab_size=97)
            checkpoint.create(self.folder / f"{layers}", config)
            self.assertEqual(self.held(self.compile(self.folder / f"{layers}"))["kv_bytes_per_token"], 2 * 8 * 4)


class Demand(Case):
    def test_table_names_entry_points(self):
        done = self.succeed("yoco-compile", CHECKPOINTS["yoco-gret-random"], "-o", self.folder / "x.yoco",
                            "--explain-demand")
        for word in ("prefill", "decode", "score", "cross"):
            self.assertIn(word, done.stdout)

    def test_prefill_has_no_cross_decoder(self):
        """Described from the file: no instruction of @prefill comes from a layer of the cross-decoder."""
        for name in ("yoco-gret-random", "yoco-swa-random"):
            module = self.folder / "step.mlir"
            self.succeed("yoco-compile", CHECKPOINTS[name], "--compile-to=step", "-o", module)
            prefill = re.search(r"func\.func @prefill\(.*?\n  }", module.read_text(), re.DOTALL)
            self.assertIsNotNone(prefill, "no @prefill in the module of phase step")
            self.assertNotIn("cross_decoder.layers", prefill[0])
            self.assertIn("cross_decoder.k_proj", module.read_text())
