# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""yoco-compile refuses GGUF files that are broken, hostile, or of a model that it does not have, with one line that
names the key or the tensor."""
import struct

import numpy as np

import gguf
from gguf import Stored, Value
from harness import Case
from llama import Config

CONFIG = Config(hidden_size=64, num_hidden_layers=1, intermediate_size=32, num_attention_heads=2, num_key_value_heads=1,
                vocab_size=40)
LAYER = "blk.0."


class Broken(Case):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "model.gguf"
        self.tensors, _ = gguf.random_llama(CONFIG, 0, lambda name: "Q8_0" if "layers" in name else "F16")

    def write(self, tensors={}, form={}, **metadata):
        """A sound file with these changes; -> its bytes. None removes."""
        changed = {name: tensor for name, tensor in (self.tensors | tensors).items() if tensor is not None}
        gguf.write(self.path, gguf.llama_metadata(CONFIG, **metadata), changed, **form)
        return self.path.read_bytes()

    def refuse_file(self, *mention, flags=()):
        self.refuse("yoco-compile", self.path, "-o", self.folder / "model.yoco", *flags,
                    mention=("model.gguf", *mention))

    def refuse_bytes(self, data, *mention):
        self.path.write_bytes(data)
        self.refuse_file(*mention)

    def patch(self, name, skip, format, *values):
        """The sound file with other numbers `skip` bytes after the name of a key or a tensor."""
        data = bytearray(self.write())
        at = data.index(gguf.pack_string(name)) + 8 + len(name) + skip
        struct.pack_into("<" + format, data, at, *values)
        return bytes(data)


class Header(Broken):
    def test_sound(self):
        self.write()
        self.succeed("yoco-compile", self.path, "--compile-to=model", "-o", self.folder / "model.mlir")

    def test_what_it_is(self):
        sound = self.write()
        self.refuse_bytes(b"GGML" + sound[4:], "expected a GGUF file", "'GGML'")
        self.refuse_bytes(sound[:4] + sound[7:3:-1] + sound[8:], "little-endian", "big-endian")
        for version in (0, 1, 4, 2**31 + 3):
            self.refuse_bytes(sound[:4] + struct.pack("<I", version) + sound[8:], "expected GGUF version 3",
                              str(version))

    def test_truncated(self):
        sound = self.write()
        for length in (0, 3, 4, 7, 8, 23, 24, 31, 40, 200, 900, len(sound) // 2, len(sound) - 1):
            self.refuse_bytes(sound[:length])

    def test_counts(self):
        sound = self.write()
        for count in (2**64 - 1, 2**63, 2**32, 100000):
            self.refuse_bytes(sound[:8] + struct.pack("<Q", count) + sound[16:], "tensors", str(count))
            self.refuse_bytes(sound[:16] + struct.pack("<Q", count) + sound[24:], "metadata entries", str(count))
        for more in (1, 2):  # one is read as the other
            (count,) = struct.unpack_from("<Q", sound, 16)
            self.refuse_bytes(sound[:16] + struct.pack("<Q", count + more) + sound[24:])
            self.refuse_bytes(sound[:16] + struct.pack("<Q", count - more) + sound[24:])


class Metadata(Broken):
    def test_lengths_of_strings(self):
        for length in (2**64 - 1, 2**63, 2**40, 10**6):
            self.refuse_bytes(self.patch("general.name", 4, "Q", length), "'general.name'", str(length))
            self.refuse_bytes(self.patch("general.name", -8 - len("general.name"), "Q", length))

    def test_types(self):
        for kind in (13, 255, 2**32 - 1):
            self.refuse_bytes(self.patch("llama.block_count", 0, "I", kind), "'llama.block_count'", str(kind))

    def test_arrays(self):
        name = "some.list"
        for kind, count in (("u8", 2**64 - 1), ("u64", 2**61), ("u64", 2**64 - 1), ("string", 2**61), ("f32", 10**6)):
            data = bytearray(self.write(**{name: Value(kind, [])}))
            struct.pack_into("<Q", data, data.index(name.encode()) + len(name) + 8, count)
            self.refuse_bytes(bytes(data), f"'{name}'", str(count))
        data = bytearray(self.write(**{name: Value("u8", [1] * 64)}))
        struct.pack_into("<I", data, data.index(name.encode()) + len(name) + 4, gguf.KIND_NUMBERS["array"])
        self.refuse_bytes(bytes(data), f"'{name}'", "arrays")
        data = bytearray(self.write(**{name: ["abc", "d"]}))
        struct.pack_into("<Q", data, data.index(name.encode()) + len(name) + 16, 2**63)
        self.refuse_bytes(bytes(data), f"'{name}'", "element 0")

    def test_bools(self):
        self.write(**{"some.flag": True})
        data = self.path.read_bytes().replace(b"some.flag\7\0\0\0\1", b"some.flag\7\0\0\0\2")
        self.refuse_bytes(data, "'some.flag'", "2")

    def test_keys(self):
        self.refuse_bytes(self.write(**{"a.key": 1, "b.key": 2}).replace(b"b.key", b"a.key"), "'a.key'", "twice")
        self.write(**{"": 1})
        self.refuse_file("expected a key of 1 to")
        self.write(**{"k" * 70000: 1})
        self.refuse_file("70000")
        self.write(**{"general.name": b"\xff\n\0", "llama.\n": b"\xff\n\0"})
        self.refuse_file("llama.\\0A")

    def test_alignment(self):
        for value in (0, 3, 48, 2**31, Value("u64", 32), Value("i32", -32), "32", 32.0, [32]):
            self.write(**{"general.alignment": value})
            self.refuse_file("'general.alignment'")
        self.write(**{"general.alignment": 4096})
        self.refuse_file("multiple of 4096")


class Tensors(Broken):
    NAME = LAYER + "ffn_down.weight"  # Q8_0 [64, 32]

    def test_names(self):
        data = self.write().replace(b"blk.0.attn_q.weight", b"blk.0.attn_k.weight")
        self.refuse_bytes(data, "'blk.0.attn_k.weight'", "twice")
        self.write(tensors={"": self.tensors["output_norm.weight"]})
        self.refuse_file("expected a name of 1 to")
        self.write(tensors={"x" * 300: self.tensors["output_norm.weight"]})
        self.refuse_file("300")

    def test_ranks(self):
        for rank in (0, 5, 2**32 - 1):
            self.refuse_bytes(self.patch(self.NAME, 0, "I", rank), self.NAME, str(rank))

    def test_dimensions(self):
        for sizes in ((0, 64), (32, 0), (2**64 - 1, 64), (2**63, 2), (2**32, 2**32), (2**31, 2**31), (2**42 + 32, 64),
                      (32, 2**61)):
            self.refuse_bytes(self.patch(self.NAME, 4, "QQ", *sizes), self.NAME)
        for sizes in ((31, 64), (16, 128), (1, 64)):  # no whole blocks
            self.refuse_bytes(self.patch(self.NAME, 4, "QQ", *sizes), self.NAME, "multiple of 32")
        for sizes in ((64, 32), (32, 63)):  # whole, but another matrix
            self.refuse_bytes(self.patch(self.NAME, 4, "QQ", *sizes), self.NAME, "expected shape [64, 32]")

    def test_types(self):
        for kind, name in ((10, "Q2_K"), (16, "IQ2_XXS"), (26, "I32"), (28, "F64"), (99, "number 99"),
                           (2**32 - 1, "number")):
            self.refuse_bytes(self.patch(self.NAME, 20, "I", kind), self.NAME, "F32, F16, BF16, Q8_0", name)

    def test_offsets(self):
        for offset in (2**64 - 32, 2**63, 2**40, len(self.write()) // 32 * 32):
            self.refuse_bytes(self.patch(self.NAME, 24, "Q", offset), self.NAME, "bytes of data")
        self.refuse_bytes(self.patch(self.NAME, 24, "Q", 33), self.NAME, "multiple of 32")
        self.refuse_bytes(self.patch(self.NAME, 24, "Q", 0), self.NAME, "token_embd.weight", "bytes of their own")
        self.refuse_bytes(self.patch(self.NAME, 24, "Q", 64), self.NAME, "token_embd.weight", "bytes of their own")

    def test_missing_and_unused(self):
        for name in self.tensors:
            if name != "output.weight":  # that is a tied one
                self.write(tensors={name: None})
                self.refuse_file(name, "no such tensor" if name != "blk.0.attn_q.weight" else "")
        extra = gguf.plain(np.ones(64))
        for name in ("blk.0.attn_q.bias", "blk.1.attn_norm.weight", "blk.0.ffn_gate_inp.weight", "output_norm.bias",
                     "blk.00.attn_norm", "extra"):
            self.write(tensors={name: extra})
            self.refuse_file(name if name != "blk.0.attn_q.bias" else "blk.0.attn_k.bias")
        self.write(tensors={"model.norm.weight": extra})
        self.refuse_file("output_norm.weight", "model.norm.weight")

    def test_shapes_that_heads_do_not_divide(self):
        self.write(tensors={LAYER + "attn_q.weight": gguf.plain(np.ones((63, 64)))})
        self.refuse_file("blk.0.attn_q.weight", "expected shape [64, 64], got [63, 64]")
        biases = {f"{LAYER}attn_{name}.bias": gguf.plain(np.ones(size))
                  for name, size in (("q", 64), ("k", 32), ("v", 32), ("output", 64))}
        self.write(tensors=biases)
        self.succeed("yoco-compile", self.path, "--compile-to=model", "-o", self.folder / "model.mlir")
        self.write(tensors=biases | {LAYER + "attn_k.bias": gguf.plain(np.ones(33))})
        self.refuse_file("blk.0.attn_k.bias", "expected shape [32], got [33]")
        quantised = gguf.random_blocks(np.random.default_rng(0), (64,), "Q8_0")
        self.write(tensors=biases | {LAYER + "attn_q.bias": quantised})
        self.refuse_file("blk.0.attn_q.bias", "plain numbers")

    def test_divisors_of_frequencies(self):
        for bad in (np.ones(15), np.ones(17), np.ones((4, 4)), np.zeros(16), np.full(16, np.nan), np.full(16, -1.0)):
            self.write(tensors={"rope_freqs.weight": gguf.plain(bad)})
            self.refuse_file("rope_freqs.weight")
        self.write(tensors={"rope_freqs.weight": gguf.plain(np.ones(16))}, **{"llama.rope.scale_linear": 2.0})
        self.refuse_file("rope_freqs.weight", "llama.rope.scaling")


class Model(Broken):
    def refuse_key(self, key, *mention, **metadata):
        self.write(**metadata)
        self.refuse_file(key, *mention)

    def test_architecture(self):
        for value in ("mamba", "LLAMA", "", 3, None, ["llama"]):
            self.refuse_key("'general.architecture'", "expected one of llama", **{"general.architecture": value})

    def test_parts_of_models(self):
        for value in ("adapter", "mmproj", 3):
            self.refuse_key("'general.type'", **{"general.type": value})
        for value in (2, "3"):
            self.refuse_key("'split.count'", **{"split.count": value})
        self.refuse_key("'general.quantization_version'", **{"general.quantization_version": 1})

    def test_missing_keys(self):
        for key in ("block_count", "embedding_length", "feed_forward_length", "attention.head_count",
                    "attention.layer_norm_rms_epsilon"):
            self.refuse_key(f"'llama.{key}'", "no such key", **{f"llama.{key}": None})

    def test_values(self):
        for key in ("block_count", "embedding_length", "feed_forward_length", "attention.head_count"):
            for value in (0, 2**31, Value("i32", -1), Value("u64", 2**64 - 1), 1.5, "2", [2, 2], True):
                self.refuse_key(f"'llama.{key}'", "expected an integer from 1 to", **{f"llama.{key}": value})
        for value in (0.0, -1e-5, float("nan"), 2.0, "x"):
            self.refuse_key("'llama.attention.layer_norm_rms_epsilon'",
                            **{"llama.attention.layer_norm_rms_epsilon": value})
        for value in (0.0, float("inf"), "x"):
            self.refuse_key("'llama.rope.freq_base'", **{"llama.rope.freq_base": value})

    def test_values_that_do_not_fit_each_other(self):
        self.refuse_key("key 'llama.attention.head_count_kv'",
                        "expected a divisor of llama.attention.head_count 2, got 3",
                        **{"llama.attention.head_count_kv": 3})
        self.refuse_key("'llama.attention.value_length'", **{"llama.attention.value_length": 16})
        self.refuse_key("'llama.attention.key_length'", **{"llama.attention.key_length": 7,
                                                             "llama.rope.dimension_count": None})
        for value in (0, 33, "x"):
            self.refuse_key("'llama.rope.dimension_count'", **{"llama.rope.dimension_count": value})
        self.refuse_key("llama.rope.dimension_count", "got 0.5", **{"llama.rope.dimension_count": 16})
        self.refuse_key("token_embd.weight", "expected shape [41, 64]", **{"llama.vocab_size": 41})

    def test_what_is_not_implemented(self):
        self.refuse_key("'llama.rope.scaling.type'", "yarn", **{"llama.rope.scaling.type": "yarn",
                                                                "llama.rope.scaling.factor": 4.0})
        self.refuse_key("'llama.rope.scaling.factor'", **{"llama.rope.scaling.factor": "x"})
        self.refuse_key("'llama.expert_count'", "expected 0", **{"llama.expert_count": 8})
        self.refuse_key("'llama.attention.causal'", "expected true", **{"llama.attention.causal": False})
        self.refuse_key("'llama.attention.sliding_window'", "unknown key (value 128)",
                        **{"llama.attention.sliding_window": 128})

    def test_stop_ids(self):
        for key in ("eos", "eot", "eom"):
            for value in (40, 2**32 - 1, Value("i32", -1), "x", 2.5):
                self.refuse_key(f"'tokenizer.ggml.{key}_token_id'", **{f"tokenizer.ggml.{key}_token_id": value})

    def test_flags(self):
        self.write()
        self.refuse("yoco-compile", self.path, "-o", self.folder / "model.yoco", "--compile-from=step",
                    mention="--compile-from")
        self.refuse("yoco-compile", self.folder / "absent.gguf", "-o", self.folder / "model.yoco",
                    mention="absent.gguf")
        (self.folder / "folder.gguf").mkdir()
        self.refuse("yoco-compile", self.folder / "folder.gguf", "-o", self.folder / "model.yoco",
                    mention="config.json")

    def test_the_file_has_changed_since(self):
        self.write()
        module = self.folder / "module.mlir"
        self.succeed("yoco-compile", self.path, "--compile-to=step", "-o", module)
        self.write(tensors={LAYER + "ffn_up.weight": gguf.plain(np.ones((31, 64)))})
        self.refuse("yoco-compile", module, "-o", self.folder / "model.yoco", mention="blk.0.ffn_up.weight")
        self.write(tensors={LAYER + "ffn_up.weight": None})
        self.refuse("yoco-compile", module, "-o", self.folder / "model.yoco", mention="blk.0.ffn_up.weight")
        self.path.unlink()
        self.refuse("yoco-compile", module, "-o", self.folder / "model.yoco", mention="model.gguf")
