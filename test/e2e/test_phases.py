# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiling is a function of its inputs: the same bytes twice, and the same bytes when it stops and resumes on the
way."""
import checkpoint
from checkpoint import Config
from harness import CHECKPOINTS, PHASES, Case

FLAGS = ("--max-seq-len=300", "--max-batch=3", "--prefill-chunk=17")


class Phases(Case):
    def same_bytes(self, got, expected, what):
        if got != expected:
            place = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
            self.fail(f"{what}: {len(got)} and {len(expected)} bytes, different from byte {place} on")

    def check(self, source, *flags, phases=PHASES):
        straight = self.compile(source, *flags, output="straight.yoco").read_bytes()
        self.same_bytes(self.compile(source, *flags, output="again.yoco").read_bytes(), straight, "compiling twice")
        for phase in phases:
            with self.subTest(phase):
                module = self.folder / f"{phase}.mlir"
                self.succeed("yoco-compile", source, f"--compile-to={phase}", "-o", module, *flags)
                self.assertIn(f"#yoco.phase<{phase}>", module.read_text())
                self.succeed("yoco-opt", "--verify-roundtrip", module, "-o", self.folder / "opt.mlir")
                resumed = self.compile(module, f"--compile-from={phase}", *flags)
                self.same_bytes(resumed.read_bytes(), straight, f"resumed from {phase}")

    def test_gated_retention(self):
        self.check(CHECKPOINTS["yoco-gret-random"], *FLAGS)

    def test_sliding_window(self):
        self.check(CHECKPOINTS["yoco-swa-random"], *FLAGS)

    def test_with_tokenizer(self):
        self.check(CHECKPOINTS["yoco-tiny-swa"], phases=("model", "program"))

    def test_every_pair_of_phases(self):
        config = Config(dim=24, n_layers=2, hidden_dim=20, n_self_heads=2, n_attn_heads=3, n_attn_kv_heads=1,
                        vocab_size=31)
        checkpoint.create(self.folder / "checkpoint", config)
        straight = self.compile(self.folder / "checkpoint", output="straight.yoco").read_bytes()
        for i, first in enumerate(PHASES):
            module = self.folder / f"{first}.mlir"
            self.succeed("yoco-compile", self.folder / "checkpoint", f"--compile-to={first}", "-o", module)
            for second in PHASES[i + 1 :]:
                with self.subTest(first=first, second=second):
                    later = self.folder / f"{first}-{second}.mlir"
                    self.succeed("yoco-compile", module, f"--compile-from={first}", f"--compile-to={second}", "-o",
                                 later)
                    resumed = self.compile(later, f"--compile-from={second}")
                    self.same_bytes(resumed.read_bytes(), straight, f"stopped at {first} and {second}")
