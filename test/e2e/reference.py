# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The original YOCO in float64, written for reading: what the compiled model is compared to.

"You Only Cache Once: Decoder-Decoder Architectures for Language Models", arXiv 2405.05254. Arrays are [T, heads, d]
unless said otherwise; every function sees the whole sequence, so there is no cache to get wrong."""
import contextlib
import math
from unittest import mock

import numpy as np

import checkpoint
import safetensors


def constant(number):
    """A constant of the mathematics. `f32_constants` gives the nearest number in float32, which is what a module
    holds."""
    return number


@contextlib.contextmanager
def f32_constants():
    """Within it, references compute with the constants of a module, so that nothing but rounding in float64 is left
    between them and an evaluation of the module in float64."""
    with mock.patch(f"{__name__}.constant", lambda number: float(np.float32(number))):
        yield


def rms_norm(x, weight=None, eps=1e-5):
    y = x / np.sqrt(np.mean(x * x, -1, keepdims=True) + constant(eps))
    return y if weight is None else y * weight


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def silu(x):
    return x * sigmoid(x)


def linspace(count):
    """torch.linspace(0, 1, count), which is computed in float32 and each half from its own end."""
    i, step = np.arange(count, dtype=np.float32), np.float32(1) / np.float32(max(count - 1, 1))
    return np.where(i < count // 2, i * step, 1 - (count - 1 - i) * step).astype(np.float32) * (count > 1)


def rope(x, theta):
    """Rotates the pairs (0, 1), (2, 3), ... of each head. The exponents run over linspace(0, 1, d/2), both ends
    included.

    Frequencies and angles are float32 values, as the contract on numerics says; sine and cosine of them are exact.
    """
    rows, _, d = x.shape
    frequencies = np.float64(theta) ** -linspace(d // 2).astype(np.float64)
    angles = np.arange(rows, dtype=np.float32)[:, None] * frequencies.astype(np.float32)
    cos, sin = (f(angles.astype(np.float64))[:, None, :] for f in (np.cos, np.sin))
    even, odd = x[..., 0::2], x[..., 1::2]
    return np.stack((even * cos - odd * sin, even * sin + odd * cos), -1).reshape(x.shape)


def retention_parallel(q, k, v, log_gate):
    """o_t = sum over s <= t of exp(G_t - G_s) (q_t . k_s) v_s, with G the running sum of log_gate [T, heads]."""
    out = np.empty_like(v)
    cumulative = np.cumsum(log_gate, 0)
    causal = np.tri(len(q), dtype=bool)
    for h in range(q.shape[1]):
        decay = np.where(causal, cumulative[:, None, h] - cumulative[None, :, h], -np.inf)
        out[:, h] = (q[:, h] @ k[:, h].T * np.exp(decay)) @ v[:, h]
    return out


def retention_recurrent(q, k, v, log_gate):
    """S_t = exp(log_gate_t) S_{t-1} + k_t^T v_t and o_t = q_t S_t: the same function, one row at a time."""
    out = np.empty_like(v)
    state = np.zeros((q.shape[1], q.shape[2], v.shape[2]))
    for t in range(len(q)):
        state = np.exp(log_gate[t])[:, None, None] * state + k[t][:, :, None] * v[t][:, None, :]
        out[t] = np.einsum("hk,hkv->hv", q[t], state)
    return out


def attention(q, k, v, window=None):
    """Causal softmax attention; query head h reads KV head h // (heads / KV heads); row t sees `window` rows, itself
    one."""
    age = np.arange(len(q))[:, None] - np.arange(len(k))[None, :]
    visible = age >= 0 if window is None else (age >= 0) & (age < window)
    out = np.empty((len(q), q.shape[1], v.shape[2]))
    for h in range(q.shape[1]):
        kv = h // (q.shape[1] // k.shape[1])
        scores = np.where(visible, q[:, h] @ k[:, kv].T * constant(1 / math.sqrt(q.shape[2])), -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        out[:, h] = weights / weights.sum(-1, keepdims=True) @ v[:, kv]
    return out


class Reference:
    """What every reference is: a configuration, weights in float64, and `logits` of a sequence."""

    def __init__(self, config, weights):
        self.config = config
        self.weights = {name: w.astype(np.float64) for name, w in weights.items()}

    def greedy(self, tokens, count):
        """-> (the next `count` ids, the smallest gap between the best and the second best logit on the way)."""
        tokens, margin = list(tokens), math.inf
        for _ in range(count):
            last = self.logits(tokens, slice(-1, None))[0]
            second, best = np.sort(last)[-2:]
            margin = min(margin, best - second)
            tokens.append(int(last.argmax()))
        return tokens[len(tokens) - count :], margin


class Model(Reference):
    @staticmethod
    def load(folder):
        return Model(checkpoint.Config.load(folder), safetensors.read(f"{folder}/model.safetensors")[0])

    def logits(self, tokens, rows=slice(None), retention=retention_parallel):
        """[rows, vocab]: logits at the positions `rows` of the sequence, each as if it were the last."""
        c, w = self.config, self.weights

        def linear(x, name):
            return x @ w[name + ".weight"].T

        def norm(x, name):
            return rms_norm(x, w[name + ".weight"], c.norm_eps)

        def heads(x, count):
            return x.reshape(len(x), count, -1)

        def self_mixer(x, p):
            q = rope(heads(linear(x, p + ".q_proj"), c.n_self_heads), c.rope_theta)
            k = rope(heads(linear(x, p + ".k_proj"), c.n_self_heads), c.rope_theta)
            v = heads(linear(x, p + ".v_proj"), c.n_self_heads)
            if c.sliding_window is not None:
                return linear(attention(q, k, v, c.sliding_window).reshape(x.shape), p + ".out_proj")
            log_gate = np.log(sigmoid(linear(x, p + ".gt_proj"))) / 16
            o = retention(q, k * constant(c.self_head_dim**-0.5), v, log_gate)
            o = rms_norm(o, None, c.norm_eps).reshape(x.shape)  # of each head, without a weight
            return linear(silu(linear(x, p + ".g_proj")) * o, p + ".out_proj")

        def feed_forward(x, p):
            return linear(silu(linear(x, p + ".fc1")) * linear(x, p + ".gate"), p + ".fc2")

        def layer(x, p, mixer):
            x = x + mixer(norm(x, p + ".mixer_layer_norm"), p + ".mixer")
            return x + feed_forward(norm(x, p + ".final_layer_norm"), p + ".ffn")

        x = constant(math.sqrt(c.dim)) * w["embed_tokens.weight"][np.asarray(tokens)]
        for i in range(c.n_layers // 2):
            x = layer(x, f"self_decoder.layers.{i}", self_mixer)

        normed = norm(x, "cross_decoder.kv_layer_norm")
        key = rope(heads(linear(normed, "cross_decoder.k_proj"), c.n_attn_kv_heads), c.rope_theta)
        value = heads(linear(normed, "cross_decoder.v_proj"), c.n_attn_kv_heads)

        def cross_mixer(x, p):
            q = rope(heads(linear(x, p + ".q_proj"), c.n_attn_heads), c.rope_theta)
            return linear(attention(q, key, value).reshape(x.shape), p + ".out_proj")

        for i in range(c.n_layers // 2):
            x = layer(x, f"cross_decoder.layers.{i}", cross_mixer)
        return linear(norm(x[rows], "layer_norm"), "output_projection")


def relative_error(got, expected):
    return float(np.linalg.norm(np.asarray(got, np.float64) - expected) / np.linalg.norm(expected))
