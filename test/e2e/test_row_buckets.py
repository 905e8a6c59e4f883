# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Row buckets: a step does what it would do in a session that has room for no more."""
import re

from harness import CHECKPOINTS, LLAMAS, Case

FLAGS = ("--target=nvptx:sm_90a", "--max-seq-len=256")
PLACE = re.compile(r" at <[^>]*>| size <[^>]*>")


class RowBuckets(Case):
    @staticmethod
    def checkpoint(name):
        return LLAMAS[name] if name in LLAMAS else CHECKPOINTS[name]

    def planned(self, name, batch, *flags):
        """{entry point: its operations on buffers}, with their attributes and types and without places and sizes. A
        kernel, its grid and how often it is launched follow from these."""
        module = self.folder / f"{name}-{batch}.mlir"
        self.succeed("yoco-compile", self.checkpoint(name), f"--max-batch={batch}", "--compile-to=planned",
                     "-o", module, *FLAGS, *flags)
        functions = re.findall(r"func\.func @(\w+)\(\)[^\n]*\n(.*?)\n  }", module.read_text(), re.DOTALL)
        return {function: PLACE.sub("", body) for function, body in functions}

    def check(self, name):
        large = self.planned(name, 64, "--prefill-chunk=32")
        for entry in ("decode", "sample"):
            for batch in (1, 2, 4, 8, 16, 32):
                with self.subTest(f"{entry} of {batch} rows"):
                    # Where a smaller program would be the same there is none: the next larger one runs.
                    program = next(f"{entry}_{most}" for most in (1, 2, 4, 8, 16, 32)
                                   if most >= batch and f"{entry}_{most}" in large)
                    self.assertEqual(large[program], self.planned(name, batch, "--prefill-chunk=32")[entry])
            self.assertNotEqual(large[f"{entry}_2"], large[entry])
        few = self.planned(name, 64, "--prefill-chunk=16")
        for entry in ("prefill", "extend", "extend_sample", "extend_logprobs"):
            with self.subTest(f"{entry} of 16 rows"):
                self.assertEqual(large[f"{entry}_16"], few[entry])
                self.assertNotEqual(large[f"{entry}_16"], large[entry])
        for rows in ("", "_16"):
            # A wanted row is a segment of its own and its attention in parts: the fewer rows, the more parts.
            programs = [large[f"extend{rows}_wanted_{wanted}"] for wanted in (1, 4)]
            for program in programs:
                self.assertRegex(program, "row_set 1 halo 0 bound wanted each_row")
            self.assertEqual(len(set(programs)), 2)
        self.assertNotIn("each_row", large["extend"])

    def test_gated_retention(self):
        self.check("yoco-gret-random")

    def test_sliding_window(self):
        self.check("yoco-swa-random")

    def test_transformer(self):
        self.check("llama-tiny")

    def test_one_program_on_the_host(self):
        module = self.folder / "host.mlir"
        self.succeed("yoco-compile", CHECKPOINTS["yoco-gret-random"], "--max-batch=64", "--compile-to=step", "-o",
                     module)
        self.assertNotIn("most =", module.read_text())
        module = self.folder / "planned.mlir"
        self.succeed("yoco-compile", CHECKPOINTS["yoco-gret-random"], "--max-batch=64", "--compile-to=planned", "-o",
                     module)
        self.assertNotIn("most =", module.read_text())


class Sizes(Case):
    def test_file_says_what_programs_cost(self):
        model = self.compile(CHECKPOINTS["yoco-gret-random"], "--max-batch=64", *FLAGS)
        text = self.succeed("yoco-run", model, "--describe").stdout
        decode = re.search(r"entry decode: .*?(?=\n  \w)", text, re.DOTALL)[0]
        programs = re.findall(r"program \d+, (.*?): (\d+) instructions, (\d+) bytes scratch", decode)
        self.assertEqual([steps for steps, _, _ in programs[:-1]],
                         [f"at most {rows} rows" for rows in (2, 4, 8, 16, 32)])
        self.assertEqual(programs[-1][0], "other steps")
        scratch = [int(size) for _, _, size in programs]
        self.assertEqual(scratch, sorted(scratch))
