# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plain Transformers that Hugging Face transformers has beside Llama: what is different in their configurations, their
tensors and the models, in float64."""
import dataclasses

import numpy as np

import llama
from reference import rms_norm


@dataclasses.dataclass
class MistralConfig(llama.Config):
    sliding_window: int = None
    model_type: str = "mistral"

    def window(self, layer):
        return self.sliding_window


class Mistral(llama.Model):
    Config = MistralConfig


@dataclasses.dataclass
class Qwen2Config(llama.Config):
    use_sliding_window: bool = False
    sliding_window: int = None
    max_window_layers: int = 28
    layer_types: list = None
    model_type: str = "qwen2"

    def window(self, layer):
        slides = layer >= self.max_window_layers
        if self.layer_types:
            slides = self.layer_types[layer] == "sliding_attention"
        return self.sliding_window if self.use_sliding_window and slides else None

    def has_bias(self, name):
        return name in ("q", "k", "v")


class Qwen2(llama.Model):
    Config = Qwen2Config


@dataclasses.dataclass
class Qwen3Config(Qwen2Config):
    model_type: str = "qwen3"

    def has_bias(self, name):
        return self.attention_bias and name in ("q", "k", "v", "o")

    def norms(self, layer):
        return super().norms(layer) | {f"{layer}self_attn.{name}_norm": self.width for name in "qk"}


class Qwen3(llama.Model):
    Config = Qwen3Config

    def norm_heads(self, x, name):
        return self.norm(x, name + "_norm")


@dataclasses.dataclass
class Phi3Config(MistralConfig):
    rms_norm_eps: float = 1e-5
    partial_rotary_factor: float = 1.0
    model_type: str = "phi3"

    @property
    def rotated(self):
        return int(self.width * self.partial_rotary_factor)

    def projections(self):
        p = super().projections()
        join = lambda *names: (sum(p[name][0] for name in names), self.hidden_size)
        return {"qkv": join("q", "k", "v"), "o": p["o"], "gate_up": join("gate", "up"), "down": p["down"]}


class Phi3(llama.Model):
    Config = Phi3Config

    def queries_keys_values(self, n, p):
        q, kv = (count * self.config.width for count in (self.config.num_attention_heads,
                                                         self.config.num_key_value_heads))
        return np.split(self.linear(n, p + "self_attn.qkv_proj"), (q, q + kv), -1)

    def gate_and_up(self, n, p):
        return np.split(self.linear(n, p + "mlp.gate_up_proj"), 2, -1)


@dataclasses.dataclass
class StableLmConfig(llama.Config):
    rms_norm_eps: float = None  # it has another field
    layer_norm_eps: float = 1e-5
    partial_rotary_factor: float = 0.25
    use_qkv_bias: bool = False
    qk_layernorm: bool = False
    use_parallel_residual: bool = False
    model_type: str = "stablelm"

    @property
    def rotated(self):
        return int(self.width * self.partial_rotary_factor)

    def has_bias(self, name):
        return self.use_qkv_bias and name in ("q", "k", "v")

    def norms(self, layer):
        norms = {layer + "input_layernorm": self.hidden_size}
        if not self.use_parallel_residual:
            norms[layer + "post_attention_layernorm"] = self.hidden_size
        return norms

    def tensors(self):
        shapes = super().tensors()
        rows = [name for name, shape in shapes.items() if "norm" in name]
        shapes |= {name.replace(".weight", ".bias"): shapes[name] for name in rows}
        heads = {"q": self.num_attention_heads, "k": self.num_key_value_heads} if self.qk_layernorm else {}
        for i in range(self.num_hidden_layers):
            for name, count in heads.items():
                shapes |= {f"model.layers.{i}.self_attn.{name}_layernorm.norms.{h}.weight": (self.width,)
                           for h in range(count)}
        return shapes


def layer_norm(x, eps):
    centered = x - x.mean(-1, keepdims=True)
    return rms_norm(centered, None, eps)


class StableLm(llama.Model):
    Config = StableLmConfig

    def norm(self, x, name):
        normed = layer_norm(x, self.config.layer_norm_eps)
        return normed * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def norm_heads(self, x, name):
        if not self.config.qk_layernorm:
            return x
        weights = [self.weights[f"{name}_layernorm.norms.{h}.weight"] for h in range(x.shape[1])]
        return layer_norm(x, self.config.layer_norm_eps) * np.stack(weights)

    def layer(self, x, i):
        if not self.config.use_parallel_residual:
            return super().layer(x, i)
        p = f"model.layers.{i}."
        n = self.norm(x, p + "input_layernorm")
        return x + self.attention(n, i) + self.feed_forward(n, p)


FAMILIES = {model.Config.model_type: model for model in (Mistral, Qwen2, Qwen3, Phi3, StableLm)}
