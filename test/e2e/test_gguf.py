# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""GGUF files: the same model file, byte for byte, as the checkpoint of Hugging Face that they were made from, with the
numbers that their blocks mean."""
import dataclasses

import numpy as np

import gguf
import llama
import safetensors
from comparison import Comparison
from harness import LLAMAS, Case
from llama import Config
from test_llama import BOUND, LLAMA3

# Rows of all matrices are whole blocks of every type.
CONFIG = Config(hidden_size=256, num_hidden_layers=2, intermediate_size=512, num_attention_heads=4,
                num_key_value_heads=2, vocab_size=96, rms_norm_eps=1e-5, rope_theta=50000.0,
                max_position_embeddings=512)


class Same(Case):
    def check(self, path, folder, *flags):
        """Both give the same file, and more than zeros."""
        self.assertEqual(self.compile(path, *flags, output="gguf.yoco").read_bytes(),
                         self.compile(folder, *flags, output="folder.yoco").read_bytes())

    def check_random(self, config, type_of, seed=0, targets=((),), **metadata):
        """A random model in these types is the same as its numbers in a folder; -> the folder."""
        tensors, weights = gguf.random_llama(config, seed, type_of)
        path, folder = self.folder / "model.gguf", self.folder / "checkpoint"
        gguf.write(path, gguf.llama_metadata(config, **metadata), tensors)
        folder.mkdir(exist_ok=True)
        config.save(folder / "config.json")
        plain = {name for name in weights if tensors[gguf.stored_name(name)].type in ("F16", "BF16")}
        mixed = len({tensors[gguf.stored_name(name)].type if name in plain else "F32"
                     for name, array in weights.items() if array.ndim == 2}) > 1
        as_stored = {name: (array, tensors[gguf.stored_name(name)].type if name in plain and not mixed else "F32")
                     for name, array in weights.items()}
        safetensors.write(folder / "model.safetensors", as_stored)
        for flags in targets:
            self.check(path, folder, *flags)
        return folder

    def test_float32(self):
        config = Config.load(LLAMAS["llama-tiny"])
        weights, _ = safetensors.read(LLAMAS["llama-tiny"] / "model.safetensors")
        folder = self.folder / "checkpoint"
        folder.mkdir()
        config.save(folder / "config.json", eos_token_id=2)
        safetensors.write(folder / "model.safetensors", weights, "F32")
        path = self.folder / "model.gguf"
        more = {"tokenizer.ggml.eos_token_id": 2, "llama.attention.key_length": 32, "general.alignment": 64}
        gguf.write(path, gguf.llama_metadata(config, **more), gguf.llama_tensors(config, weights), alignment=64)
        self.check(path, folder)

    def test_blocks_of_every_type(self):
        """As in files of medium size, in which some layers have better types for some matrices."""
        matrices = [name for name, shape in CONFIG.tensors().items() if len(shape) == 2]
        self.assertGreater(len(matrices), 2 * len(gguf.BLOCKS))
        types = {name: gguf.BLOCKS[i % len(gguf.BLOCKS)] for i, name in enumerate(matrices)}
        self.check_random(CONFIG, types.get, targets=((), ("--target=nvptx:sm_90a",)))

    def test_matrices_beside_each_other_in_different_kinds_of_types(self):
        """Numbers of 16 bits are widened where other matrices are in blocks."""
        kinds = {"q": "F16", "k": "BF16", "v": "Q8_0"}
        self.check_random(CONFIG, lambda name: next((kind for which, kind in kinds.items()
                                                     if f".{which}_proj" in name), "Q4_1"))

    def test_tied_with_biases_and_odd_heads(self):
        config = Config(hidden_size=96, num_hidden_layers=2, intermediate_size=64, num_attention_heads=6,
                        num_key_value_heads=3, vocab_size=71, head_dim=22, tie_word_embeddings=True,
                        attention_bias=True, mlp_bias=True, max_position_embeddings=100)
        # Rows of the output of attention are no whole blocks.
        self.check_random(config, lambda name: "F32" if ".o_proj" in name else "Q4_0", version=2)

    def test_linear_frequencies(self):
        config = dataclasses.replace(CONFIG, rope_scaling={"rope_type": "linear", "factor": 4.0})
        self.check_random(config, lambda name: "BF16", **{"llama.rope.scaling.type": "linear",
                                                          "llama.rope.scaling.factor": 4.0})
        self.check_random(config, lambda name: "F16", **{"llama.rope.scale_linear": 4.0})
        self.check_random(CONFIG, lambda name: "BF16", **{"llama.rope.scaling.type": "none",
                                                          "llama.rope.scaling.factor": 4.0})

    def test_as_many_key_heads_as_query_heads_when_nothing_is_said(self):
        config = dataclasses.replace(CONFIG, num_key_value_heads=4)
        self.check_random(config, lambda name: "BF16", **{"llama.attention.head_count_kv": None,
                                                          "llama.vocab_size": None})

    def test_generated_weights(self):
        folder = self.check_random(CONFIG, lambda name: "Q8_0")
        self.check(self.folder / "model.gguf", folder, "--random-weights=7")

    def test_through_phases(self):
        folder = self.check_random(CONFIG, lambda name: "Q4_1")
        whole = self.compile(folder, output="whole.yoco").read_bytes()
        for phase in ("model", "step", "program"):
            module = self.folder / "module.mlir"
            self.succeed("yoco-compile", self.folder / "model.gguf", f"--compile-to={phase}", "-o", module)
            self.assertEqual(self.compile(module).read_bytes(), whole)

    def test_tables_on_the_host(self):
        folder = self.check_random(CONFIG, lambda name: "Q6_K")
        self.check(self.folder / "model.gguf", folder, "--target=nvptx:sm_90a", "--place=embed=host")


class Numbers(Comparison):
    def test_frequencies_with_divisors(self):
        """What converters make of `llama3` frequencies."""
        config = dataclasses.replace(CONFIG, rope_scaling=LLAMA3)
        tensors, weights = gguf.random_llama(CONFIG, 3, lambda name: "Q8_0")
        divisors = llama.frequencies(CONFIG) / llama.frequencies(config)
        self.assertGreater(divisors.max(), 7)
        gguf.write(self.folder / "model.gguf", gguf.llama_metadata(CONFIG),
                   tensors | {"rope_freqs.weight": gguf.plain(divisors)})
        model = self.compile(self.folder / "model.gguf", "--max-seq-len=256")
        tokens = np.random.default_rng(4).integers(0, CONFIG.vocab_size, 130)
        self.compare(llama.Model(config, weights), model, tokens, (1, 2, 65, 130), BOUND)


class Carried(Case):
    def import_file(self, **metadata):
        path = self.folder / "model.gguf"
        tensors, _ = gguf.random_llama(CONFIG, 0, lambda name: "Q8_0")
        gguf.write(path, gguf.llama_metadata(CONFIG, **metadata), tensors)
        return self.succeed("yoco-compile", path, "--compile-to=model")

    def test_stop_ids(self):
        ids = {"tokenizer.ggml.eos_token_id": 7, "tokenizer.ggml.eot_token_id": 95, "tokenizer.ggml.eom_token_id": 7}
        self.assertIn("yoco.stop_ids = array<i32: 7, 95>", self.import_file(**ids).stdout)

    def test_what_is_not_carried_is_a_warning(self):
        done = self.import_file()
        self.assertEqual(done.stderr, "")
        self.assertNotIn("stop_ids", done.stdout)
        tokens = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.tokens": ["a"] * CONFIG.vocab_size}
        self.assertEqual(self.import_file(**tokens).stderr.splitlines(), [
            f"yoco-compile: warning: {self.folder}/model.gguf: the tokenizer is of type 'gpt2'; the model will take "
            "and "
            "give ids of tokens only"])
        self.assertIn("; the chat template is not carried into the model",
                      self.import_file(**tokens, **{"tokenizer.chat_template": "{{ x }}"}).stderr)

    def test_keys_of_others_say_nothing(self):
        self.import_file(**{"general.description": "x", "quantize.imatrix.file": "y", "split.count": 0,
                            "tokenizer.ggml.token_type": gguf.Value("i32", [1, 2, 3]), "gemma.block_count": 3,
                            "llama.expert_count": 0, "llama.attention.causal": True, "some.flags": [True, False],
                            "some.bytes": gguf.Value("u8", list(range(256))), "some.wide": gguf.Value("u64", 2**63)})


class Tokenizer(Case):
    """A tokenizer of type `llama` is one of SentencePiece's."""
    MERGED = ["th", "the", "\u2581the", "\u2581c", "at", "\u2581cat"]  # the best first
    PIECES = ([("<unk>", 2), ("<s>", 3), ("</s>", 3)] + [(f"<0x{i:02X}>", 6) for i in range(256)]
              + [(piece, 1) for piece in [*"\u2581acdeht", *MERGED]] + [("[tool]", 4)])
    TEXTS = {"the cat": ["<s>", "\u2581the", "\u2581cat"], "t[tool]h": ["<s>", "\u2581", "t", "[tool]", "h"],
             "a\u00e9": ["<s>", "\u2581", "a", "<0xC3>", "<0xA9>"], "  a": ["<s>", *"\u2581\u2581\u2581a"]}

    def metadata(self):
        names = [piece for piece, _ in self.PIECES]
        scores = [-float(self.MERGED.index(name)) if name in self.MERGED else -100.0 for name in names]
        return {"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": names,
                "tokenizer.ggml.scores": gguf.Value("f32", scores),
                "tokenizer.ggml.token_type": gguf.Value("i32", [kind for _, kind in self.PIECES]),
                "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2,
                "tokenizer.ggml.unknown_token_id": 0}

    def write(self, **more):
        config = dataclasses.replace(CONFIG, vocab_size=len(self.PIECES))
        metadata = gguf.llama_metadata(config, **(self.metadata() | more))
        tensors, _ = gguf.random_llama(config, 0, lambda name: "Q8_0")
        gguf.write(self.folder / "model.gguf", metadata, tensors)
        return self.folder / "model.gguf"

    def check(self, model, text, pieces):
        """The text is read as these pieces."""
        names = [piece for piece, _ in self.PIECES]
        file = self.prompt_file([names.index(piece) for piece in pieces])
        flags = ("--max-new-tokens", 3, "--ignore-eos", "--print-tokens")
        self.assertEqual(self.succeed("yoco-run", model, "--prompt", text, *flags).stdout,
                         self.succeed("yoco-run", model, "--prompt-tokens", file, *flags).stdout, text)

    def test_texts(self):
        model = self.compile(self.write())
        for text, pieces in self.TEXTS.items():
            self.check(model, text, pieces)
        self.assertNotEqual(self.succeed("yoco-run", model, "--prompt", "the cat", "--max-new-tokens", 3).stdout, "")

    def test_neither_first_token_nor_space(self):
        model = self.compile(self.write(**{"tokenizer.ggml.add_bos_token": False,
                                           "tokenizer.ggml.add_space_prefix": False}))
        for text, pieces in self.TEXTS.items():
            self.check(model, text, ["the", "\u2581cat"] if text == "the cat" else pieces[2:])

    def test_what_sentencepiece_would_refuse(self):
        sound = self.metadata()
        names, kinds = sound["tokenizer.ggml.tokens"], sound["tokenizer.ggml.token_type"].value

        def refuse(message, **more):
            path = self.write(**{"tokenizer.ggml." + key: value for key, value in more.items()})
            done = self.succeed("yoco-compile", path, "--compile-to=model")
            self.assertEqual(len(done.stderr.splitlines()), 1)
            self.assertIn(f"model.gguf: {message}", done.stderr)
            self.assertNotIn("yoco.tokenizer", done.stdout)

        refuse("the tokenizer has no text, score and type of each token", scores=gguf.Value("f64", [0.0] * len(names)))
        refuse("the tokenizer has no text, score and type of each token", token_type=gguf.Value("i32", kinds[1:]))
        for bad in ("", "a\0", b"\xff", "x" * 2000):
            refuse("token 270 of the tokenizer is no text", tokens=[*names[:270], bad, *names[271:]])
        refuse("token 270 of the tokenizer is there twice, 'th'", tokens=[*names[:270], "th", *names[271:]])
        refuse("token 3 of the tokenizer is of type 9", token_type=gguf.Value("i32", [*kinds[:3], 9, *kinds[4:]]))
        refuse("token 270 of the tokenizer is no byte", token_type=gguf.Value("i32", [*kinds[:270], 6, *kinds[271:]]))
        refuse("the tokenizer has 255 tokens of bytes", token_type=gguf.Value("i32", [*kinds[:3], 1, *kinds[4:]]))
        refuse("the tokenizer has 0 unknown tokens", token_type=gguf.Value("i32", [1, *kinds[1:]]))
