# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Llama as Hugging Face transformers has it: configuration, tensors, random checkpoints, and the model in float64.

Frequencies of the rotary embeddings are float32 values, computed step by step as in transformers' modeling_rope_utils.
"""
import dataclasses
import json
import math
import pathlib

import numpy as np

import checkpoint
import safetensors
from reference import Reference, attention, rms_norm, silu


@dataclasses.dataclass
class Config:
    hidden_size: int
    num_hidden_layers: int
    intermediate_size: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int
    head_dim: int = None  # None: hidden_size / num_attention_heads
    rms_norm_eps: float = 1e-6
    rope_theta: float = 10000.0
    rope_scaling: dict = None
    rope_parameters: dict = None  # what transformers 5 writes instead of the two
    max_position_embeddings: int = 2048
    tie_word_embeddings: bool = False
    attention_bias: bool = False
    mlp_bias: bool = False
    hidden_act: str = "silu"
    model_type: str = "llama"

    @property
    def width(self):
        return self.head_dim or self.hidden_size // self.num_attention_heads

    def tensors(self):
        """{name: shape} of everything in model.safetensors."""
        d, f, w = self.hidden_size, self.intermediate_size, self.width
        q, kv = self.num_attention_heads * w, self.num_key_value_heads * w
        shapes = {"model.embed_tokens.weight": (self.vocab_size, d), "model.norm.weight": (d,)}

        def linear(name, outputs, inputs, bias):
            shapes[name + ".weight"] = (outputs, inputs)
            if bias:
                shapes[name + ".bias"] = (outputs,)

        for i in range(self.num_hidden_layers):
            p = f"model.layers.{i}."
            shapes[p + "input_layernorm.weight"] = shapes[p + "post_attention_layernorm.weight"] = (d,)
            for name, outputs, inputs in (("q", q, d), ("k", kv, d), ("v", kv, d), ("o", d, q)):
                linear(f"{p}self_attn.{name}_proj", outputs, inputs, self.attention_bias)
            for name, outputs, inputs in (("gate", f, d), ("up", f, d), ("down", d, f)):
                linear(f"{p}mlp.{name}_proj", outputs, inputs, self.mlp_bias)
        if not self.tie_word_embeddings:
            linear("lm_head", self.vocab_size, d, False)
        return shapes

    def save(self, path, **extra):
        fields = {k: v for k, v in dataclasses.asdict(self).items() if v is not None}
        pathlib.Path(path).write_text(json.dumps(fields | extra, indent=2) + "\n")

    @staticmethod
    def load(folder):
        fields = json.loads((pathlib.Path(folder) / "config.json").read_text())
        known = {f.name for f in dataclasses.fields(Config)}
        return Config(**{k: v for k, v in fields.items() if k in known})


def create(folder, config, seed=0, dtype="BF16", shards=1, **extra):
    """Writes a checkpoint with random weights and fields `extra`; returns them as a reader of the file sees them."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    config.save(folder / "config.json", **extra)
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in config.tensors().items():
        values = rng.standard_normal(shape)
        if len(shape) == 2:
            values /= np.sqrt(shape[1])
        else:
            values = 0.3 * values if name.endswith("bias") else 1 + 0.2 * values
        weights[name] = values.astype(np.float32)
    return checkpoint.write_weights(folder, weights, dtype, shards)


def frequencies(config):
    """float32 [width / 2]"""
    f32 = np.float32
    rope = {"rope_theta": config.rope_theta} | (config.rope_scaling or {}) | (config.rope_parameters or {})
    kind = rope.get("rope_type", rope.get("type", "default"))
    exponents = np.arange(0, config.width, 2, dtype=f32) / f32(config.width)
    inverse = f32(1) / (np.float64(rope["rope_theta"]) ** exponents.astype(np.float64)).astype(f32)
    if kind == "linear":
        return inverse / f32(rope["factor"])
    if kind != "llama3":
        return inverse
    low, high, length = rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"]
    wavelength = f32(2 * math.pi) / inverse
    scaled = np.where(wavelength > f32(length / low), inverse / f32(rope["factor"]), inverse)
    smooth = (f32(length) / wavelength - f32(low)) / f32(high - low)
    smoothed = (f32(1) - smooth) * scaled / f32(rope["factor"]) + smooth * scaled
    medium = (wavelength >= f32(length / high)) & (wavelength <= f32(length / low))
    return np.where(medium, smoothed, scaled)


def rope(x, inverse):
    """Rotates the pairs (i, i + d/2) of each head."""
    angles = np.arange(len(x), dtype=np.float32)[:, None] * inverse
    cos, sin = (f(angles.astype(np.float64))[:, None, :] for f in (np.cos, np.sin))
    a, b = np.split(x, 2, -1)
    return np.concatenate((a * cos - b * sin, a * sin + b * cos), -1)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class Model(Reference):
    @staticmethod
    def load(folder):
        return Model(Config.load(folder), safetensors.read(f"{folder}/model.safetensors")[0])

    def linear(self, x, name):
        y = x @ self.weights[name + ".weight"].T
        return y + self.weights[name + ".bias"] if name + ".bias" in self.weights else y

    def logits(self, tokens, rows=slice(None)):
        """[rows, vocab]: logits at the positions `rows` of the sequence, each as if it were the last."""
        c, inverse = self.config, frequencies(self.config)
        norm = lambda x, name: rms_norm(x, self.weights[name + ".weight"], c.rms_norm_eps)
        activation = gelu if c.hidden_act == "gelu_pytorch_tanh" else silu
        x = self.weights["model.embed_tokens.weight"][np.asarray(tokens)]
        for i in range(c.num_hidden_layers):
            p = f"model.layers.{i}."
            n = norm(x, p + "input_layernorm")
            heads = lambda name, count: self.linear(n, f"{p}self_attn.{name}_proj").reshape(len(x), count, c.width)
            q, k = (rope(heads(name, count), inverse) for name, count in
                    (("q", c.num_attention_heads), ("k", c.num_key_value_heads)))
            o = attention(q, k, heads("v", c.num_key_value_heads))
            x = x + self.linear(o.reshape(len(x), -1), p + "self_attn.o_proj")
            n = norm(x, p + "post_attention_layernorm")
            x = x + self.linear(activation(self.linear(n, p + "mlp.gate_proj")) * self.linear(n, p + "mlp.up_proj"),
                                p + "mlp.down_proj")
        n = norm(x[rows], "model.norm")
        return n @ self.weights["model.embed_tokens.weight"].T if c.tie_word_embeddings else self.linear(n, "lm_head")
