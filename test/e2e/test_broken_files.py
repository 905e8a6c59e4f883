# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""yoco-run refuses broken model files and senseless requests with one line, before any work."""
import random

import checkpoint
from checkpoint import Config
from harness import Case, tool

CONFIG = Config(dim=24, n_layers=2, hidden_dim=20, n_self_heads=2, n_attn_heads=3, n_attn_kv_heads=1, vocab_size=31)


class Refusals(Case):
    def setUp(self):
        super().setUp()
        checkpoint.create(self.folder / "checkpoint", CONFIG)
        self.model = self.compile(self.folder / "checkpoint", "--max-seq-len=64")
        self.sound = self.model.read_bytes()
        self.broken = self.folder / "broken.yoco"
        self.ids = self.prompt_file([1, 2, 3])

    def refuse_run(self, *arguments, model=None, mention=(), **options):
        self.refuse("yoco-run", model or self.model, "--print-tokens", *arguments, mention=mention, **options)

    def refuse_score(self, ids, logits, mention):
        self.refuse("yoco-run", self.model, "--prompt-tokens", ids, "--score", "--logits", logits, mention=mention)

    def refuse_ids(self, text, *flags, mention=()):
        self.refuse_run("--prompt-tokens=-", "--max-new-tokens=4", *flags, stdin=text, mention=mention)


class Files(Refusals):
    def run_broken(self, data, *flags):
        self.broken.write_bytes(data)
        return tool("yoco-run", self.broken, "--prompt-tokens", self.ids, "--max-new-tokens=2", "--print-tokens",
                    *flags)

    def test_truncated(self):
        size = len(self.sound)
        for length in sorted({0, 1, 7, 8, 12, 63, 127, 128, 129, 1000, size // 2, size - 4096, size - 64, size - 8,
                              size - 1}):
            self.broken.write_bytes(self.sound[:length])
            self.refuse_run("--prompt-tokens", self.ids, model=self.broken, mention="broken.yoco")

    def test_longer(self):
        self.broken.write_bytes(self.sound + bytes(8))
        self.refuse_run("--prompt-tokens", self.ids, model=self.broken, mention="broken.yoco")

    def test_any_flipped_bit_is_found(self):
        rng = random.Random(7)
        size = len(self.sound)
        places = [*range(0, 128, 5), *range(128, 2048, 91), *(rng.randrange(size) for _ in range(40)), size - 1,
                  size - 9]
        for place in places:
            data = bytearray(self.sound)
            data[place] ^= 1 << rng.randrange(8)
            self.broken.write_bytes(data)
            self.refuse_run("--prompt-tokens", self.ids, model=self.broken)

    def test_a_damaged_file_never_crashes_the_plan_only_check(self):
        rng = random.Random(8)
        for _ in range(60):
            data = bytearray(self.sound)
            for _ in range(rng.randrange(1, 5)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            done = self.run_broken(data, "--verify=plan")
            self.assertIn(done.returncode, (0, 1), done.stderr)

    def test_something_else(self):
        for data in (b"", b"hello", b"YOCOMDL\0", b"YOCOMDL\0" + b"\xff" * 500, bytes(1000), b"\x7fELF" + bytes(200)):
            self.broken.write_bytes(data)
            self.refuse_run("--prompt-tokens", self.ids, model=self.broken, mention="broken.yoco")

    def test_paths(self):
        self.refuse_run("--prompt-tokens", self.ids, model=self.folder / "absent.yoco", mention="absent.yoco")
        self.refuse_run("--prompt-tokens", self.ids, model=self.folder)
        self.refuse_run("--prompt-tokens", self.ids, model="/dev/null")
        self.refuse("yoco-run")


class Prompts(Refusals):
    def test_empty(self):
        self.refuse_ids("")
        self.refuse_ids("  \n\t ")
        self.refuse_run("--prompt-tokens", "/dev/null")

    def test_id_outside_the_vocabulary(self):
        self.refuse_ids("1 2 31", mention="31")
        self.refuse_ids("-1", mention="-1")
        self.refuse_ids("1 2147483648")
        self.refuse_ids("99999999999999999999999")

    def test_not_numbers(self):
        for text in ("one", "1 2 x", "1,2,3", "1.5", "0x1", "1 2 \0 3", "\xff\xfe"):
            self.refuse_ids(text)

    def test_longer_than_the_bound(self):
        self.refuse_ids("1 " * 64, mention="64")
        self.refuse_ids("1 " * 61, mention="64")
        self.refuse_ids("1 " * 5, "--max-seq-len=8", mention="8")
        self.refuse_ids("1 2 3", "--max-new-tokens=9223372036854775807")
        self.refuse_score(self.prompt_file([1] * 65), self.folder / "x.npy", mention="64")

    def test_text_without_a_tokenizer(self):
        self.refuse("yoco-run", self.model, "--prompt", "In the beginning", mention="tokenizer")
        self.refuse("yoco-run", self.model, "--prompt-tokens", self.ids, mention="tokenizer")

    def test_absent_file(self):
        self.refuse_run("--prompt-tokens", self.folder / "absent.ids", mention="absent.ids")
        self.refuse_run("--prompt-tokens", self.folder)


class Flags(Refusals):
    def test_senseless(self):
        for flag in ("--no-such-flag", "--max-new-tokens=-1", "--max-new-tokens=x", "--temperature=-1",
                     "--temperature=nan", "--temperature=x", "--top-k=-1", "--top-p=1.5", "--top-p=-0.1", "--top-p=nan",
                     "--seed=x", "--threads=-1", "--threads=x", "--max-seq-len=65", "--max-seq-len=-1", "--max-batch=2",
                     "--max-batch=-1", "--verify=some", "--device=tpu", "--device=cuda"):
            self.refuse_run("--prompt-tokens", self.ids, flag)

    def test_what_does_not_go_together(self):
        self.refuse_run()
        self.refuse_run("--prompt", "x", "--prompt-tokens", self.ids)
        one = self.prompt_file([1])
        self.refuse("yoco-run", self.model, "--prompt-tokens", one, "--score", mention="at least 2 prompt tokens")
        self.refuse("yoco-run", self.model, "--prompt-tokens", one, "--score", "--continuation-tokens", one,
                    mention=("2 slots", "--max-batch=2"))
        self.refuse_run("--prompt-tokens", self.ids, "--logits", self.folder / "x.npy")

    def test_logits_file(self):
        folder = self.folder / "folder"
        folder.mkdir()
        self.refuse_score(self.ids, folder, mention="folder")
        self.refuse_score(self.ids, self.folder / "absent" / "x.npy", mention="absent")
        self.refuse_score(self.ids, "/dev/null", mention="/dev/null")
