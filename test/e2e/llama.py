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

    # What other families have otherwise (plain.py).

    @property
    def rotated(self):
        """Elements of a head that are rotated: the first ones."""
        return self.width

    def window(self, layer):
        """Rows that a row of the layer sees, itself included; None: all before it."""
        return None

    def has_bias(self, name):
        """Of a projection: q, k, v, o, gate, up or down."""
        return self.mlp_bias if name in ("gate", "up", "down") else self.attention_bias

    def norms(self, layer):
        """{name: width} of the norms of rows in a layer."""
        return {layer + name: self.hidden_size for name in ("input_layernorm", "post_attention_layernorm")}

    def projections(self):
        """{name: (outputs, inputs)} of the matrices of a layer."""
        d, f = self.hidden_size, self.intermediate_size
        q, kv = self.num_attention_heads * self.width, self.num_key_value_heads * self.width
        return {"q": (q, d), "k": (kv, d), "v": (kv, d), "o": (d, q), "gate": (f, d), "up": (f, d), "down": (d, f)}

    def tensors(self):
        """{name: shape} of everything in model.safetensors."""
        d = self.hidden_size
        shapes = {"model.embed_tokens.weight": (self.vocab_size, d)}
        norms = {"model.norm": d}
        for i in range(self.num_hidden_layers):
            p = f"model.layers.{i}."
            norms |= self.norms(p)
            for name, shape in self.projections().items():
                part = "mlp" if name in ("gate", "up", "gate_up", "down") else "self_attn"
                shapes[f"{p}{part}.{name}_proj.weight"] = shape
                if self.has_bias(name):
                    shapes[f"{p}{part}.{name}_proj.bias"] = shape[:1]
        shapes |= {name + ".weight": (width,) for name, width in norms.items()}
        return shapes if self.tie_word_embeddings else shapes | {"lm_head.weight": (self.vocab_size, d)}

    def save(self, path, **extra):
        fields = {k: v for k, v in dataclasses.asdict(self).items() if v is not None}
        pathlib.Path(path).write_text(json.dumps(fields | extra, indent=2) + "\n")

    @classmethod
    def load(cls, folder):
        fields = json.loads((pathlib.Path(folder) / "config.json").read_text())
        known = {f.name for f in dataclasses.fields(cls)}
        return cls(**{k: v for k, v in fields.items() if k in known})


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
    """float32 [rotated / 2]"""
    f32 = np.float32
    rope = {"rope_theta": config.rope_theta} | (config.rope_scaling or {}) | (config.rope_parameters or {})
    kind = rope.get("rope_type", rope.get("type", "default"))
    exponents = np.arange(0, config.rotated, 2, dtype=f32) / f32(config.rotated)
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
    """Rotates the pairs (i, i + n) of each head, n the number of frequencies; what comes after them stays as it is."""
    angles = np.arange(len(x), dtype=np.float32)[:, None] * inverse
    cos, sin = (f(angles.astype(np.float64))[:, None, :] for f in (np.cos, np.sin))
    a, b, rest = np.split(x, (len(inverse), 2 * len(inverse)), -1)
    return np.concatenate((a * cos - b * sin, a * sin + b * cos, rest), -1)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


class Model(Reference):
    Config = Config

    @classmethod
    def load(cls, folder):
        return cls(cls.Config.load(folder), safetensors.read(f"{folder}/model.safetensors")[0])

    def linear(self, x, name):
        y = x @ self.weights[name + ".weight"].T
        return y + self.weights[name + ".bias"] if name + ".bias" in self.weights else y

    # What other families have otherwise (plain.py).

    def norm(self, x, name):
        return rms_norm(x, self.weights[name + ".weight"], self.config.rms_norm_eps)

    def norm_heads(self, x, name):
        return x

    def queries_keys_values(self, n, p):
        return (self.linear(n, f"{p}self_attn.{name}_proj") for name in "qkv")

    def gate_and_up(self, n, p):
        return (self.linear(n, f"{p}mlp.{name}_proj") for name in ("gate", "up"))

    def attention(self, n, i):
        c, p = self.config, f"model.layers.{i}."
        q, k, v = (x.reshape(len(x), -1, c.width) for x in self.queries_keys_values(n, p))
        q, k = (rope(self.norm_heads(x, f"{p}self_attn.{name}"), frequencies(c)) for name, x in (("q", q), ("k", k)))
        return self.linear(attention(q, k, v, c.window(i)).reshape(len(n), -1), p + "self_attn.o_proj")

    def feed_forward(self, n, p):
        activation = gelu if self.config.hidden_act == "gelu_pytorch_tanh" else silu
        gate, up = self.gate_and_up(n, p)
        return self.linear(activation(gate) * up, p + "mlp.down_proj")

    def layer(self, x, i):
        p = f"model.layers.{i}."
        x = x + self.attention(self.norm(x, p + "input_layernorm"), i)
        return x + self.feed_forward(self.norm(x, p + "post_attention_layernorm"), p)

    def logits(self, tokens, rows=slice(None)):
        """[rows, vocab]: logits at the positions `rows` of the sequence, each as if it were the last."""
        x = self.weights["model.embed_tokens.weight"][np.asarray(tokens)]
        for i in range(self.config.num_hidden_layers):
            x = self.layer(x, i)
        n = self.norm(x[rows], "model.norm")
        tied = self.config.tie_word_embeddings
        return n @ self.weights["model.embed_tokens.weight"].T if tied else self.linear(n, "lm_head")
