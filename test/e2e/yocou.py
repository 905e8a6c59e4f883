# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Universal YOCO (`yoco` with `universal_loop`): configuration, tensors, and the model in float64.

The layers of the self-decoder are applied `universal_loop` times, with the same weights; every time they see a window
of their own keys and values. The window has `yoco_window_size` rows before the own one.
"""
import dataclasses

import numpy as np

import llama
import safetensors
from reference import Reference, attention, rms_norm, sigmoid, silu


@dataclasses.dataclass
class Config:
    d_model: int
    d_ffn: int
    head: int
    kv_head: int
    cross_head: int
    cross_kv_head: int
    head_dim: int
    n_layers: int
    yoco_cross_layers: int
    universal_loop: int
    yoco_window_size: int
    vocab_size: int
    cross_head_dim: int = None  # None: head_dim
    diff_v2: bool = False
    diff_v3: bool = False
    qk_rms_clip: bool = False
    qk_rms_gamma: bool = False
    qk_rms_limit: float = 3.0
    swiglu_limit: float = 10.0
    weight_tying: bool = False
    rope_theta: float = 10000.0
    norm_eps: float = 1e-6
    max_seq_len: int = 2048
    model_type: str = "yoco"

    @property
    def pairs(self):
        """Query heads for each head of the output."""
        return 2 if self.diff_v2 or self.diff_v3 else 1

    @property
    def self_layers(self):
        return self.n_layers - self.yoco_cross_layers

    @property
    def cross_width(self):
        return self.cross_head_dim or self.head_dim

    def tensors(self):
        """{name: shape} of everything in model.safetensors."""
        d, f, norms = self.d_model, self.d_ffn, self.qk_rms_clip and self.qk_rms_gamma
        shapes = {"embed_tokens": (self.vocab_size, d), "yoco_norm": (d,), "norm": (d,)}
        shapes |= {f"{name}_proj": (self.cross_kv_head * self.cross_width, d) for name in "kv"}
        if norms:
            shapes["yoco_k_norm"] = (self.cross_width,)
        for i in range(self.n_layers):
            own = i < self.self_layers
            heads, width = (self.head, self.head_dim) if own else (self.cross_head, self.cross_width)
            p, a = f"layers.{i}.", f"layers.{i}.self_attn."
            shapes |= {p + "input_layernorm": (d,), p + "post_attention_layernorm": (d,),
                       a + "q_proj": (self.pairs * heads * width, d), a + "o_proj": (d, heads * width),
                       p + "mlp.gate_proj": (f, d), p + "mlp.up_proj": (f, d), p + "mlp.down_proj": (d, f)}
            if own:
                shapes |= {f"{a}{name}_proj": (self.kv_head * width, d) for name in "kv"}
            if norms:
                shapes |= {f"{a}{name}_norm": (width,) for name in ("qk" if own else "q")}
            if self.pairs == 2:
                shapes[a + "lambda_proj"] = ((2 if self.diff_v3 else 1) * heads, d)
        shapes = {f"model.{name}.weight": shape for name, shape in shapes.items()}
        return shapes if self.weight_tying else shapes | {"lm_head.weight": (self.vocab_size, d)}

    save = llama.Config.save
    load = classmethod(llama.Config.load.__func__)


create = llama.create


class Model(Reference):
    @staticmethod
    def load(folder):
        return Model(Config.load(folder), safetensors.read(f"{folder}/model.safetensors")[0])

    def linear(self, x, name):
        return x @ self.weights[f"model.{name}.weight"].T

    def norm(self, x, name):
        return rms_norm(x, self.weights[f"model.{name}.weight"], self.config.norm_eps)

    def clip(self, x, name):
        c = self.config
        if not c.qk_rms_clip:
            return x
        x = x * np.minimum(1, c.qk_rms_limit / np.sqrt(np.mean(x * x, -1, keepdims=True) + c.norm_eps))
        return x * self.weights[f"model.{name}.weight"] if c.qk_rms_gamma else x

    def attend(self, n, q, k, v, at, window=None):
        o = attention(q, k, v, window)
        if self.config.pairs == 2:
            gate = sigmoid(self.linear(n, at + "lambda_proj"))[..., None]
            a, b = o[:, 0::2], o[:, 1::2]
            o = gate[:, 0::2] * a - gate[:, 1::2] * b if self.config.diff_v3 else a - gate * b
        return self.linear(o.reshape(len(n), -1), at + "o_proj")

    def feed_forward(self, x, i):
        c, p = self.config.swiglu_limit, f"layers.{i}."
        n = self.norm(x, p + "post_attention_layernorm")
        gate, up = self.linear(n, p + "mlp.gate_proj"), self.linear(n, p + "mlp.up_proj")
        return x + self.linear(silu(np.minimum(gate, c)) * np.clip(up, -c, c), p + "mlp.down_proj")

    def logits(self, tokens, rows=slice(None)):
        """[rows, vocab]: logits at the positions `rows` of the sequence."""
        c = self.config
        frequencies = np.float32(1) / (c.rope_theta ** (np.arange(0, c.head_dim, 2, dtype=np.float32) /
                                                        np.float32(c.head_dim)).astype(np.float64)).astype(np.float32)
        heads = lambda x, width: x.reshape(len(x), -1, width)
        x = self.weights["model.embed_tokens.weight"][np.asarray(tokens)]
        for i in [*range(c.self_layers)] * c.universal_loop:
            n, at = self.norm(x, f"layers.{i}.input_layernorm"), f"layers.{i}.self_attn."
            q, k = (llama.rope(self.clip(heads(self.linear(n, f"{at}{name}_proj"), c.head_dim), f"{at}{name}_norm"),
                               frequencies) for name in "qk")
            v = heads(self.linear(n, at + "v_proj"), c.head_dim)
            x = self.feed_forward(x + self.attend(n, q, k, v, at, c.yoco_window_size + 1), i)
        n = self.norm(x, "yoco_norm")
        key = self.clip(heads(self.linear(n, "k_proj"), c.cross_width), "yoco_k_norm")
        value = heads(self.linear(n, "v_proj"), c.cross_width)
        for i in range(c.self_layers, c.n_layers):
            n, at = self.norm(x, f"layers.{i}.input_layernorm"), f"layers.{i}.self_attn."
            q = self.clip(heads(self.linear(n, at + "q_proj"), c.cross_width), at + "q_norm")
            x = self.feed_forward(x + self.attend(n, q, key, value, at), i)
        n = self.norm(x[rows], "norm")
        table = self.weights["model.embed_tokens.weight" if c.weight_tying else "lm_head.weight"]
        return n @ table.T
