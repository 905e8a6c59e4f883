# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""YOCO++ and its siblings (`lckv-llama`): Llama whose layers share keys and values, in float64."""
import dataclasses

import numpy as np

import checkpoint
import llama
from reference import attention


@dataclasses.dataclass
class Config(llama.Config):
    layer_types: str = None
    method: str = "yoco"
    scaling_factor: float = 35.0
    model_type: str = "lckv-llama"

    @property
    def sources(self):
        """Of the keys and values of each layer."""
        return [int(source) for source in self.layer_types.split("_")]

    def tensors(self):
        shapes = super().tensors()
        for i, source in enumerate(self.sources):
            at = f"model.layers.{i}.self_attn."
            if source != i:
                del shapes[at + "k_proj.weight"], shapes[at + "v_proj.weight"]
            elif i > 0 and self.method == "yoco-plus":
                shapes |= {at + "key_weight": (2,), at + "value_weight": (2,)}
        return shapes


def create(folder, config, seed=0, dtype="BF16", shards=1, **extra):
    """llama.create, with weights of sums that keep these near 1."""
    weights = llama.create(folder, config, seed, dtype, shards, **extra)
    for name in weights:
        if name.endswith(("key_weight", "value_weight")):
            weights[name] = weights[name] * np.float32([0.5, 1.0]) / np.float32(config.scaling_factor)
    return checkpoint.write_weights(folder, weights, dtype, shards)


class Model(llama.Model):
    Config = Config

    def keys_and_values(self, n, p):
        k, v = (self.linear(n, f"{p}self_attn.{name}_proj").reshape(len(n), -1, self.config.width) for name in "kv")
        return llama.rope(k, llama.frequencies(self.config)), v

    def attention(self, n, i):
        c, p = self.config, f"model.layers.{i}."
        if i == 0:
            self.made = {}
        source = c.sources[i]
        if source == i:
            self.made[i] = k, v = self.keys_and_values(n, p)
            if i > 0 and c.method == "yoco-plus":
                (a, b), (d, e) = (self.weights[f"{p}self_attn.{name}_weight"] for name in ("key", "value"))
                first = self.made[0]
                self.made[i] = c.scaling_factor * (a * first[0] + b * k), c.scaling_factor * (d * first[1] + e * v)
        k, v = self.made[source]
        if source != i and c.method == "fusedkv-lite":
            v = self.made[0][1]
        q = llama.rope(self.linear(n, p + "self_attn.q_proj").reshape(len(n), -1, c.width), llama.frequencies(c))
        return self.linear(attention(q, k, v).reshape(len(n), -1), p + "self_attn.o_proj")
