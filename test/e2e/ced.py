# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`ced-toy`, a causal encoder-decoder of our own: configuration, tensors, and the model in float64.

Layers of the decoder attend through a window of their own, then to keys and values that the encoder's result made once.
"""
import dataclasses
import json
import pathlib

import numpy as np

import llama
import safetensors
from reference import Reference, attention, rms_norm, silu


@dataclasses.dataclass
class Config:
    hidden_size: int
    intermediate_size: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    encoder_layer_types: tuple
    num_decoder_layers: int
    sliding_window: int
    vocab_size: int
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5
    tie_word_embeddings: bool = False
    max_position_embeddings: int = 2048
    model_type: str = "ced-toy"

    def tensors(self):
        """{name: shape} of everything in model.safetensors."""
        d, f = self.hidden_size, self.intermediate_size
        q, kv = self.num_attention_heads * self.head_dim, self.num_key_value_heads * self.head_dim
        shapes = {"embed_tokens": (self.vocab_size, d), "norm": (d,), "memory.norm": (d,), "memory.k_proj": (kv, d),
                  "memory.v_proj": (kv, d)}
        own = {"self_attn.q_proj": (q, d), "self_attn.k_proj": (kv, d), "self_attn.v_proj": (kv, d),
               "self_attn.o_proj": (d, q), "mlp.gate_proj": (f, d), "mlp.up_proj": (f, d), "mlp.down_proj": (d, f),
               "post_attention_layernorm": (d,)}
        cross = {"cross_attn.q_proj": (q, d), "cross_attn.o_proj": (d, q), "self_attn_layernorm": (d,),
                 "cross_attn_layernorm": (d,)}
        for i in range(len(self.encoder_layer_types)):
            shapes |= {f"encoder.layers.{i}.{name}": shape for name, shape in (own | {"input_layernorm": (d,)}).items()}
        for i in range(self.num_decoder_layers):
            shapes |= {f"decoder.layers.{i}.{name}": shape for name, shape in (own | cross).items()}
        shapes = {f"model.{name}.weight": shape for name, shape in shapes.items()}
        return shapes if self.tie_word_embeddings else shapes | {"lm_head.weight": (self.vocab_size, d)}

    def save(self, path, **extra):
        pathlib.Path(path).write_text(json.dumps(dataclasses.asdict(self) | extra, indent=2) + "\n")

    @staticmethod
    def load(folder):
        fields = json.loads((pathlib.Path(folder) / "config.json").read_text())
        known = {f.name for f in dataclasses.fields(Config)}
        return Config(**{k: v for k, v in fields.items() if k in known})


create = llama.create


class Model(Reference):
    def __init__(self, config, weights):
        super().__init__(config, weights)
        exponents = np.arange(0, config.head_dim, 2, dtype=np.float32) / np.float32(config.head_dim)
        self.frequencies = np.float32(1) / (config.rope_theta ** exponents.astype(np.float64)).astype(np.float32)

    @staticmethod
    def load(folder):
        return Model(Config.load(folder), safetensors.read(f"{folder}/model.safetensors")[0])

    def weight(self, name):
        return self.weights[f"model.{name}.weight"]

    def norm(self, x, name):
        return rms_norm(x, self.weight(name), self.config.rms_norm_eps)

    def heads(self, n, name):
        return (n @ self.weight(name).T).reshape(len(n), -1, self.config.head_dim)

    def keys_and_values(self, n, at):
        return llama.rope(self.heads(n, at + "k_proj"), self.frequencies), self.heads(n, at + "v_proj")

    def attend(self, n, at, keys, values, window=None):
        o = attention(llama.rope(self.heads(n, at + "q_proj"), self.frequencies), keys, values, window)
        return o.reshape(len(n), -1) @ self.weight(at + "o_proj").T

    def feed_forward(self, x, at):
        n = self.norm(x, at + "post_attention_layernorm")
        hidden = silu(n @ self.weight(at + "mlp.gate_proj").T) * (n @ self.weight(at + "mlp.up_proj").T)
        return x + hidden @ self.weight(at + "mlp.down_proj").T

    def logits(self, tokens, rows=slice(None)):
        """[rows, vocab]: logits at the positions `rows` of the sequence."""
        c = self.config
        x = self.weight("embed_tokens")[np.asarray(tokens)]
        for i, kind in enumerate(c.encoder_layer_types):
            at = f"encoder.layers.{i}."
            n, own = self.norm(x, at + "input_layernorm"), at + "self_attn."
            window = c.sliding_window if kind == "sliding_attention" else None
            x = self.feed_forward(x + self.attend(n, own, *self.keys_and_values(n, own), window), at)
        memory = self.keys_and_values(self.norm(x, "memory.norm"), "memory.")
        for i in range(c.num_decoder_layers):
            at = f"decoder.layers.{i}."
            n, own = self.norm(x, at + "self_attn_layernorm"), at + "self_attn."
            x = x + self.attend(n, own, *self.keys_and_values(n, own), c.sliding_window)
            n = self.norm(x, at + "cross_attn_layernorm")
            x = self.feed_forward(x + self.attend(n, at + "cross_attn.", *memory), at)
        n = self.norm(x[rows], "norm")
        return n @ (self.weight("embed_tokens") if c.tie_word_embeddings else self.weights["lm_head.weight"]).T
