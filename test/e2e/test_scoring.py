# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""yoco-run --score: perplexity and continuations, from log-probabilities alone, against those from all logits."""
import json

import numpy as np

from harness import CED, CHECKPOINTS, LLAMAS, ROOT, Case

TOLERANCE = 1e-5  # of one log-probability


def log_softmax(logits):
    logits = logits.astype(np.float64)
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


class Scoring(Case):
    def run_score(self, model, tokens, *flags):
        """-> what is printed, and the statistics"""
        done = self.succeed("yoco-run", model, "--prompt-tokens", self.prompt_file(tokens), "--score", "--stats",
                            *flags)
        return done.stdout, json.loads(done.stderr)

    def all_logits(self, model, tokens):
        logits = self.folder / "logits.npy"
        self.succeed("yoco-run", model, "--prompt-tokens", self.prompt_file(tokens), "--score", "--logits", logits)
        return np.load(logits)

    def check_perplexity(self, checkpoint, count):
        model = self.compile(checkpoint)
        tokens = np.random.default_rng(3).integers(0, 97, count)
        expected = log_softmax(self.all_logits(model, tokens))[np.arange(count - 1), tokens[1:]].sum()
        out, stats = self.run_score(model, tokens)
        fields = dict(line.split(": ") for line in out.splitlines())
        self.assertEqual(list(fields), ["log-probability", "tokens", "perplexity"])
        self.assertEqual(int(fields["tokens"]), count - 1)
        self.assertLess(abs(float(fields["log-probability"]) - expected), TOLERANCE * count)
        self.assertLess(abs(float(fields["perplexity"]) / np.exp(-expected / (count - 1)) - 1), TOLERANCE)
        self.assertEqual((stats["extend_tokens"], stats["score_tokens"]), (count - 1, 0))

    def test_perplexity(self):
        for checkpoint in (CHECKPOINTS["yoco-swa-random"], LLAMAS["llama-tiny"], CED):
            with self.subTest(checkpoint.name):
                self.check_perplexity(checkpoint, 300)

    def test_two_tokens(self):
        self.check_perplexity(CHECKPOINTS["yoco-gret-random"], 2)

    def test_text(self):
        model = self.compile(ROOT / "examples/yoco-tiny/gret")
        out = self.succeed("yoco-run", model, "--prompt", "In the beginning God created the heaven", "--score").stdout
        self.assertLess(float(out.split("perplexity: ")[1]), 2048 / 8)  # of 2,048 ids that are equally likely

    def check_continuations(self, checkpoint, context):
        model = self.compile(checkpoint, "--max-batch=2", "--max-seq-len=4096")
        rng = np.random.default_rng(4)
        tokens = rng.integers(0, 97, context)
        texts = [rng.integers(0, 97, n) for n in (1, 3, 20)]
        texts.append(np.array([self.all_logits(model, tokens)[-1].argmax()]))
        lines = self.folder / "continuations.txt"
        lines.write_text("".join(" ".join(map(str, text)) + "\n" for text in texts))
        out, stats = self.run_score(model, tokens, "--continuation-tokens", lines)
        rows = [line.split() for line in out.splitlines()]
        self.assertEqual(rows.pop(0), ["log-probability", "tokens", "greedy"])
        for text, (found, count, greedy) in zip(texts, rows, strict=True):
            logits = self.all_logits(model, [*tokens, *text])[context - 1 : -1]
            expected = log_softmax(logits)[np.arange(len(text)), text].sum()
            self.assertLess(abs(float(found) - expected), TOLERANCE * len(text) + 1e-6)
            self.assertEqual(int(count), len(text))
            self.assertEqual(greedy, "yes" if (logits.argmax(-1) == text).all() else "no")
        self.assertEqual(rows[-1][2], "yes")
        # The context is computed once, but for its last token, which is the first of every continuation.
        self.assertEqual(stats["extend_tokens"], context - 1 + sum(map(len, texts)))

    def test_continuations_of_a_long_context(self):
        self.check_continuations(CHECKPOINTS["yoco-gret-random"], 2000)

    def test_continuations_with_a_tail(self):
        self.check_continuations(CED, 100)

    def test_continuations_of_one_token(self):
        self.check_continuations(LLAMAS["llama-tiny"], 1)

    def test_continuations_of_text(self):
        model = self.compile(ROOT / "examples/yoco-tiny/gret", "--max-batch=2")
        flags = (model, "--prompt", "In the beginning God created the heaven and the", "--score")
        out = self.succeed("yoco-run", *flags, "--continuation", " earth.", "--continuation", " sword.").stdout
        earth, sword = (float(line.split()[0]) for line in out.splitlines()[1:])
        self.assertGreater(earth, sword)
        self.refuse("yoco-run", *flags, "--continuation", "", mention="adds tokens")
        # "these" is one token.
        self.refuse("yoco-run", model, "--prompt", "In the", "--score", "--continuation", "se",
                    mention="the last tokens of the prompt are others")

    def test_continuations_above_the_bound(self):
        model = self.compile(CHECKPOINTS["yoco-gret-random"], "--max-batch=2", "--max-seq-len=8")
        lines = self.folder / "continuations.txt"
        flags = ("yoco-run", model, "--prompt-tokens", self.prompt_file([1, 2, 3]), "--score", "--continuation-tokens",
                 lines)
        lines.write_text("1 2 3 4 5\n")
        self.succeed(*flags)
        lines.write_text("1\n1 2 3 4 5 6\n")
        self.refuse(*flags, mention="3 prompt tokens and 6 of continuation 1 are above the")
