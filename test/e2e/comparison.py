# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled models beside a float64 reference (reference.Reference), at prompt lengths where something ends."""
from harness import Case
from reference import relative_error

NEW_TOKENS = 6
CLEAR = 1e-3  # between the best two logits: what is nearer may be either


class Comparison(Case):
    def compare(self, oracle, model, tokens, lengths, bound):
        """Scoring gives the reference's logits, and greedy decoding after each of `lengths` tokens its ids."""
        expected = oracle.logits(tokens)
        for n in lengths:
            with self.subTest(config=oracle.config, rows=n):
                self.assertLess(relative_error(self.score(model, tokens[:n]), expected[:n]), bound)
                greedy, margin = oracle.greedy(tokens[:n], NEW_TOKENS)
                if margin > CLEAR:
                    self.assertEqual(self.generate(model, tokens[:n], NEW_TOKENS), greedy)

    def compare_golden(self, oracle, model, golden, bound, **context):
        """The model gives the tokens and logits of every case of a golden file, and so does the reference."""
        for case in sorted(k[: -len(".prompt")] for k in golden if k.endswith(".prompt")):
            prompt, greedy = golden[f"{case}.prompt"], golden[f"{case}.greedy"].tolist()
            with self.subTest(case, **context):
                self.assertEqual(self.generate(model, prompt, len(greedy)), greedy)
                expected = golden[f"{case}.last_logits"]
                self.assertLess(relative_error(oracle.logits(prompt, slice(-1, None))[0], expected), 1e-5)
                logits = self.score(model, prompt)
                self.assertLess(relative_error(logits[-1], expected), bound)
                if f"{case}.logits" in golden:
                    self.assertLess(relative_error(logits, golden[f"{case}.logits"]), bound)

    def compare_chunks(self, oracle, checkpoint, tokens, lengths, chunks):
        """Prefill in chunks of any size, then decode, is the same as scoring the whole text at once."""
        prompts = {n: (tokens[:n], *oracle.greedy(tokens[:n], NEW_TOKENS)) for n in lengths}
        whole = self.compile(checkpoint, "--max-seq-len=256", output="whole.yoco")
        for chunk in chunks:
            model = self.compile(checkpoint, "--max-seq-len=256", f"--prefill-chunk={chunk}")
            for n, (prompt, greedy, margin) in prompts.items():
                with self.subTest(chunk=chunk, rows=n):
                    got = self.generate(model, prompt, NEW_TOKENS)
                    if margin > CLEAR:
                        self.assertEqual(got, greedy)
                    self.assertEqual(got, self.score(whole, [*prompt, *got])[n - 1 : -1].argmax(-1).tolist())
