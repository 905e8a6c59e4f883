# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What yoco-run does with good input: text, token ids, sampling, scoring, statistics."""
import subprocess

import numpy as np

import checkpoint
import reference
import safetensors
from harness import CHECKPOINTS, Case, tool

TEXTS = CHECKPOINTS["yoco-tiny-gret"].parent


class Text(Case):
    def check_needle(self, name):
        model = self.compile(CHECKPOINTS[name])
        golden, metadata = safetensors.read(CHECKPOINTS[name] / "golden.safetensors")
        prompt = (TEXTS / "needle.txt").read_text().rstrip("\n")
        answer = self.succeed("yoco-run", model, "--prompt", prompt, "--max-new-tokens", 7).stdout
        self.assertIn(metadata["needle_2040.answer"], answer)
        tokens = self.succeed("yoco-run", model, "--prompt", prompt, "--max-new-tokens=7", "--print-tokens").stdout
        self.assertEqual([int(t) for t in tokens.split()], golden["needle_2040.greedy"][:7].tolist())

    def test_needle_gated_retention(self):
        self.check_needle("yoco-tiny-gret")

    def test_needle_sliding_window(self):
        self.check_needle("yoco-tiny-swa")

    def test_verse(self):
        model = self.compile(CHECKPOINTS["yoco-tiny-gret"])
        prompt = (TEXTS / "verse.txt").read_text().rstrip("\n")
        text = self.succeed("yoco-run", model, "--prompt", prompt, "--max-new-tokens", 32).stdout
        self.assertIn(", the firstborn to break in the earth", text)


class Tokens(Case):
    def setUp(self):
        super().setUp()
        self.model = self.compile(CHECKPOINTS["yoco-gret-random"], "--max-seq-len=128")
        golden, _ = safetensors.read(CHECKPOINTS["yoco-gret-random"] / "golden.safetensors")
        self.prompt = golden["len64.prompt"].tolist()
        self.greedy = golden["len64.greedy"].tolist()

    def test_any_number_of_threads(self):
        for threads in (1, 2, 3, 16):
            with self.subTest(threads):
                self.assertEqual(self.generate(self.model, self.prompt, 16, "--threads", threads), self.greedy)

    def test_prompt_from_standard_input(self):
        text = "\n".join(map(str, self.prompt)) + "\t "
        done = self.succeed("yoco-run", self.model, "--prompt-tokens=-", "--max-new-tokens=16", "--ignore-eos",
                            "--print-tokens", stdin=text)
        self.assertEqual([int(t) for t in done.stdout.split()], self.greedy)

    def test_prompt_from_pipe(self):
        ids = " ".join(map(str, self.prompt))
        command = (f"'{self.tool_path()}' '{self.model}' --prompt-tokens <(echo {ids}) --max-new-tokens 16 "
                   "--ignore-eos --print-tokens")
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
        self.assertEqual([int(t) for t in done.stdout.split()], self.greedy, done.stderr)

    def tool_path(self):
        import harness
        import os

        return os.environ.get("YOCO_RUN") or harness.BUILD / "bin/yoco-run"

    def test_a_seed_gives_the_same_text_again(self):
        flags = ("--temperature=1.5", "--top-k=50", "--top-p=0.95")
        first = self.generate(self.model, self.prompt, 16, *flags, "--seed=3")
        self.assertEqual(self.generate(self.model, self.prompt, 16, *flags, "--seed=3", "--threads=1"), first)
        others = [self.generate(self.model, self.prompt, 16, *flags, f"--seed={seed}") for seed in (4, 5, 6)]
        self.assertTrue(any(other != first for other in others))

    def test_sampling_that_leaves_one_choice_is_greedy(self):
        self.assertEqual(self.generate(self.model, self.prompt, 16, "--temperature=0"), self.greedy)
        self.assertEqual(self.generate(self.model, self.prompt, 16, "--temperature=2", "--top-k=1"), self.greedy)
        self.assertEqual(self.generate(self.model, self.prompt, 16, "--temperature=2", "--top-p=1e-6"), self.greedy)

    def test_generates_up_to_the_bound(self):
        self.assertEqual(len(self.generate(self.model, self.prompt, 128 - 64)), 64)
        self.assertEqual(len(self.generate(self.model, self.prompt[:5], 3, "--max-seq-len=8")), 3)

    def test_describe(self):
        text = self.succeed("yoco-run", self.model, "--describe").stdout
        for word in ("host", "prefill", "decode", "score", "persistent", "scratch"):
            self.assertIn(word, text)

    def test_stats(self):
        stats = self.stats(self.model, self.prompt, 16)
        self.assertIsInstance(stats, dict)
        config = checkpoint.Config.load(CHECKPOINTS["yoco-gret-random"])
        self.assertEqual(stats["kv_bytes_per_token"], config.kv_bytes_per_token)

    def test_verify_plan(self):
        self.assertEqual(self.generate(self.model, self.prompt, 16, "--verify=plan"), self.greedy)

    def test_score_of_more_rows_than_a_step(self):
        tokens = np.random.default_rng(1).integers(0, 512, 1000)
        model = self.compile(CHECKPOINTS["yoco-swa-random"], output="long.yoco")
        expected = reference.Model.load(CHECKPOINTS["yoco-swa-random"]).logits(tokens)
        self.assertLess(reference.relative_error(self.score(model, tokens), expected), 1e-4)

    def test_stop_ids_come_from_the_config(self):
        config = checkpoint.Config.load(CHECKPOINTS["yoco-gret-random"])
        folder = self.folder / "checkpoint"
        folder.mkdir()
        (folder / "model.safetensors").symlink_to(CHECKPOINTS["yoco-gret-random"] / "model.safetensors")
        stop = self.greedy[5]
        config.save(folder / "config.json", eos_token_id=stop)
        model = self.compile(folder, output="stop.yoco")
        done = self.succeed("yoco-run", model, "--prompt-tokens", self.prompt_file(self.prompt), "--max-new-tokens=16",
                            "--print-tokens")
        got = [int(t) for t in done.stdout.split()]
        before = self.greedy[: self.greedy.index(stop)]
        self.assertIn(got, (before, before + [stop]))
        self.assertEqual(self.generate(model, self.prompt, 16), self.greedy)

    def test_flags_in_both_forms_and_help(self):
        for name in ("yoco-run", "yoco-compile"):
            done = tool(name, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("--max-seq-len", done.stdout)
        spaced = self.folder / "spaced.yoco"
        self.succeed("yoco-compile", "-o", spaced, "--max-seq-len", "128", CHECKPOINTS["yoco-gret-random"])
        self.assertEqual(spaced.read_bytes(), self.model.read_bytes())
