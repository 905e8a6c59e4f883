# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""yoco-compile refuses what is broken with one line that names it, and leaves nothing behind."""
import json
import shutil
import struct

import numpy as np

import checkpoint
import safetensors
from checkpoint import Config
from harness import Case

CONFIG = Config(dim=24, n_layers=2, hidden_dim=20, n_self_heads=2, n_attn_heads=3, n_attn_kv_heads=1, vocab_size=31)


class Broken(Case):
    def setUp(self):
        super().setUp()
        self.checkpoint = self.folder / "checkpoint"
        self.output = self.folder / "model.yoco"

    def fresh(self, **form):
        shutil.rmtree(self.checkpoint, ignore_errors=True)
        checkpoint.create(self.checkpoint, CONFIG, **form)
        return self.checkpoint

    def refuse_compile(self, *mention, source=None, flags=()):
        self.refuse("yoco-compile", source or self.checkpoint, "-o", self.output, *flags, mention=mention)


class Tensors(Broken):
    """The weights file. Each edit starts from a sound one."""

    def rewrite(self, edit):
        """Calls edit(header, payload) -> (header or bytes, payload) on the fresh file."""
        path = self.fresh() / "model.safetensors"
        data = path.read_bytes()
        (size,) = struct.unpack_from("<Q", data)
        header, payload = edit(json.loads(data[8 : 8 + size]), data[8 + size :])
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + payload)

    def with_entry(self, **fields):
        def edit(header, payload):
            header["layer_norm.weight"] |= fields
            return header, payload

        self.rewrite(edit)

    def test_truncated(self):
        path = self.fresh() / "model.safetensors"
        data = path.read_bytes()
        (size,) = struct.unpack_from("<Q", data)
        for length in (0, 1, 7, 8, 9, 8 + size // 2, 8 + size - 1, 8 + size, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:length])
            self.refuse_compile("model.safetensors")

    def test_header_length(self):
        path = self.fresh() / "model.safetensors"
        data = path.read_bytes()
        for length in (0, 1, len(data), len(data) - 7, 2**31, 2**63, 2**64 - 1, 2**64 - 8):
            path.write_bytes(struct.pack("<Q", length) + data[8:])
            self.refuse_compile("model.safetensors")

    def test_header_text(self):
        for text in (b"[]", b"{", b"null", b"{\"a\": 1}", b"\xff\xfe{}", b"[" * 200000, b"{\"a\":" * 100000, b" " * 64):
            self.rewrite(lambda header, payload: (text, payload))
            self.refuse_compile("model.safetensors")

    def test_entry(self):
        begin, end = 0, 0

        def remember(header, payload):
            nonlocal begin, end
            begin, end = header["layer_norm.weight"]["data_offsets"]
            return header, payload

        self.rewrite(remember)
        for offsets in ([end, begin], [begin, end + 1], [begin, end - 1], [begin], [begin, end, end], [-2, end],
                        [2**63, 2**63 + 48], [2**64 - 48, 0], [begin + 0.5, end], "0", None,
                        [begin + 10**9, end + 10**9]):
            self.with_entry(data_offsets=offsets)
            self.refuse_compile("model.safetensors", "layer_norm.weight")
        for shape in ([-24], [2**63], [2**32, 2**32], [24.5], "24", None, ["24"], 24):
            self.with_entry(shape=shape)
            self.refuse_compile("model.safetensors", "layer_norm.weight")
        for dtype in ("F8", "I32", "bf16", "", 7, None):
            self.with_entry(dtype=dtype)
            self.refuse_compile("model.safetensors", "layer_norm.weight")

    def test_entry_without_a_field(self):
        for field in ("dtype", "shape", "data_offsets"):
            def edit(header, payload):
                del header["layer_norm.weight"][field]
                return header, payload

            self.rewrite(edit)
            self.refuse_compile("model.safetensors", "layer_norm.weight")

    def test_overlap(self):
        def edit(header, payload):
            header["layer_norm.weight"]["data_offsets"] = header["cross_decoder.kv_layer_norm.weight"]["data_offsets"]
            return header, payload

        self.rewrite(edit)
        self.refuse_compile("model.safetensors")

    def test_missing(self):
        for name in CONFIG.tensors():
            weights = checkpoint.random_weights(CONFIG, 0)
            self.fresh()
            del weights[name]
            safetensors.write(self.checkpoint / "model.safetensors", weights)
            self.refuse_compile(name)

    def test_shape(self):
        for name in ("embed_tokens.weight", "self_decoder.layers.0.mixer.gt_proj.weight", "cross_decoder.k_proj.weight",
                     "cross_decoder.layers.0.ffn.fc2.weight", "layer_norm.weight", "output_projection.weight"):
            for reshape in (lambda w: w.T if w.ndim == 2 else w[:-1], lambda w: w[None], lambda w: w[:0],
                            lambda w: w.reshape(-1)):
                weights = checkpoint.random_weights(CONFIG, 0)
                changed = reshape(weights[name])
                if changed.shape == weights[name].shape:
                    continue
                self.fresh()
                safetensors.write(self.checkpoint / "model.safetensors",
                                  weights | {name: np.ascontiguousarray(changed)})
                self.refuse_compile(name)

    def test_unused(self):
        for name in ("extra.weight", "self_decoder.layers.1.mixer.q_proj.weight",
                     "self_decoder.layers.0.mixer.q_proj.bias"):
            self.fresh()
            weights = checkpoint.random_weights(CONFIG, 0) | {name: np.ones(24, np.float32)}
            safetensors.write(self.checkpoint / "model.safetensors", weights)
            self.refuse_compile(name)


class Shards(Broken):
    def test_index(self):
        path = self.fresh(shards=2) / "model.safetensors.index.json"
        sound = json.loads(path.read_text())

        def refuse(index, *mention):
            path.write_text(index if isinstance(index, str) else json.dumps(index))
            self.refuse_compile(*mention or ["model.safetensors.index.json"])

        def moved(name, file):
            return sound | {"weight_map": sound["weight_map"] | {name: file}}

        refuse("")
        refuse("[]")
        refuse("{}")
        refuse({"weight_map": []})
        refuse({"weight_map": {"layer_norm.weight": 3}})
        refuse(moved("layer_norm.weight", "absent.safetensors"), "absent.safetensors")
        refuse(moved("layer_norm.weight", "../../../../etc/passwd"))
        refuse(moved("layer_norm.weight", "/etc/passwd"))
        other = {"model-00001-of-00002.safetensors": "model-00002-of-00002.safetensors",
                 "model-00002-of-00002.safetensors": "model-00001-of-00002.safetensors"}
        refuse(moved("layer_norm.weight", other[sound["weight_map"]["layer_norm.weight"]]), "layer_norm.weight")

    def test_missing_shard(self):
        (self.fresh(shards=2) / "model-00002-of-00002.safetensors").unlink()
        self.refuse_compile("model-00002-of-00002.safetensors")


class ConfigFile(Broken):
    def refuse_config(self, *mention, text=None, omit=(), **fields):
        path = self.fresh() / "config.json"
        if text is None:
            CONFIG.save(path, omit=omit, **fields)
        else:
            path.write_text(text)
        self.refuse_compile("config.json", *mention)

    def test_not_json(self):
        for text in ("", "{", "[]", "3", "null", "\0", "{\"dim\": 24,}", "[" * 300000):
            self.refuse_config(text=text)

    def test_model_type(self):
        self.refuse_config("model_type", "mamba", model_type="mamba")
        for value in ("", 3, None, ["yoco"]):
            self.refuse_config("model_type", model_type=value)
        self.refuse_config("model_type", omit=("model_type",))

    def test_missing_field(self):
        for field in ("dim", "n_layers", "hidden_dim", "n_self_heads", "n_attn_heads", "n_attn_kv_heads", "vocab_size"):
            self.refuse_config(field, omit=(field,))

    def test_sizes(self):
        for field in ("dim", "n_layers", "hidden_dim", "n_self_heads", "n_attn_heads", "n_attn_kv_heads", "vocab_size"):
            for value in (0, -1, 1.5, "24", None, [24], 2**31, 2**63, 2**64, 1e300):
                self.refuse_config(field, **{field: value})

    def test_sizes_that_do_not_fit_each_other(self):
        self.refuse_config("n_layers", n_layers=3)
        self.refuse_config("n_self_heads", n_self_heads=5)
        self.refuse_config("n_attn_heads", n_attn_heads=5)
        self.refuse_config("n_attn_kv_heads", n_attn_kv_heads=2)
        self.refuse_config("n_self_heads", n_self_heads=8)  # heads of width 3: no pairs to rotate
        self.refuse_config("n_attn_heads", n_attn_heads=24)

    def test_numbers(self):
        for value in (0, -1, 2.5, "x", [], 2**63):
            self.refuse_config("sliding_window", sliding_window=value)
        for value in (0, -1e-5, "x", None):
            self.refuse_config("norm_eps", norm_eps=value)
        for value in (0, -10000.0, "x", None):
            self.refuse_config("rope_theta", rope_theta=value)

    def test_fields_with_a_meaning_that_is_not_implemented(self):
        for field in ("rope_scaling", "tie_word_embeddings", "attention_bias", "some_new_field"):
            self.refuse_config(field, **{field: True})


class Paths(Broken):
    def test_checkpoint(self):
        self.refuse_compile("absent", source=self.folder / "absent")
        empty = self.folder / "empty"
        empty.mkdir()
        self.refuse_compile("empty", source=empty)
        (self.fresh() / "model.safetensors").unlink()
        self.refuse_compile("model.safetensors")
        (self.fresh() / "config.json").unlink()
        self.refuse_compile("config.json")
        config = self.fresh() / "config.json"
        config.unlink()
        config.mkdir()
        self.refuse_compile("config.json")

    def test_output(self):
        source = self.fresh()
        folder = self.folder / "folder"
        folder.mkdir()
        self.refuse("yoco-compile", source, "-o", folder, mention=str(folder))
        self.refuse("yoco-compile", source, "-o", self.folder / "absent" / "model.yoco", mention="absent")
        self.refuse("yoco-compile", source, "-o", "/dev/null", mention="/dev/null")
        self.refuse("yoco-compile", source, "-o", "/dev/full", mention="/dev/full")
        self.refuse("yoco-compile", source)
        self.refuse("yoco-compile", source, "-o", "")

    def test_an_output_that_was_there_stays_when_compiling_fails(self):
        self.output.write_text("precious")
        self.refuse_compile("absent", source=self.folder / "absent")
        self.assertEqual(self.output.read_text(), "precious")

    def test_flags(self):
        self.fresh()
        for flag in ("--no-such-flag", "--target=tpu", "--target=host:no-such-cpu", "--target=", "--dtype=f64",
                     "--max-seq-len=0", "--max-seq-len=-1", "--max-seq-len=x", "--max-seq-len=1e3",
                     "--max-seq-len=99999999999999999999", "--max-batch=0", "--max-batch=-3", "--prefill-chunk=0",
                     "--prefill-chunk=-1", "--random-weights=x", "--compile-to=nowhere", "--compile-from=nowhere",
                     "--compile-from=step"):
            self.refuse_compile(flags=(flag,))
        self.refuse("yoco-compile")
        self.refuse("yoco-compile", self.checkpoint, self.checkpoint, "-o", self.output)

    def test_bounds_too_large_to_plan(self):
        self.fresh()
        self.refuse_compile(flags=("--max-seq-len=2147483648",))
        self.refuse_compile(flags=(f"--max-seq-len={2**63}",))


class Modules(Broken):
    """MLIR that --compile-from cannot resume."""

    def test_not_a_module(self):
        path = self.folder / "x.mlir"
        for text in ("", "garbage", "module {", "func.func @f() { return }", "module attributes {yoco.phase = 3} {}",
                     "\0\0\0"):
            path.write_text(text)
            for phase in ("model", "program"):
                self.refuse_compile("x.mlir" if text not in ("",) else "", source=path,
                                    flags=(f"--compile-from={phase}",))

    def test_wrong_phase(self):
        module = self.folder / "step.mlir"
        self.succeed("yoco-compile", self.fresh(), "--compile-to=step", "-o", module)
        self.refuse_compile("step", source=module, flags=("--compile-from=fused",))

    def test_checkpoint_is_gone(self):
        module = self.folder / "step.mlir"
        self.succeed("yoco-compile", self.fresh(), "--compile-to=step", "-o", module)
        shutil.rmtree(self.checkpoint)
        self.refuse_compile(source=module, flags=("--compile-from=step",))
