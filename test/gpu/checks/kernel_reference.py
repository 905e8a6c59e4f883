# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the fused operations compute, in float64 (dialect/YocoFusedOps.td). Heads are [rows, heads, width]."""

import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def silu(x):
    return x * sigmoid(x)


def gelu(x):
    return x * sigmoid(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))


def log_sigmoid(x):
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


def norm(x, eps, weight=None, groups=1):
    y = x.reshape(len(x), groups, -1)
    y = y / np.sqrt(np.mean(y * y, -1, keepdims=True) + eps)
    return (y if weight is None else y * weight).reshape(x.shape)


def rotate(x, positions, rope):
    """Heads turned by angles that are products in float32."""
    if not rope:
        return x
    angles = np.asarray(positions, np.float32)[:, None] * np.asarray(rope["frequencies"], np.float32)[None, :]
    sine, cosine = (f(angles.astype(np.float64))[:, None, :] for f in (np.sin, np.cos))
    y, half = np.empty_like(x), x.shape[-1] // 2
    a, b = (
        (slice(0, None, 2), slice(1, None, 2))
        if rope["style"] == "interleaved"
        else (slice(0, half), slice(half, None))
    )
    y[..., a] = x[..., a] * cosine - x[..., b] * sine
    y[..., b] = x[..., a] * sine + x[..., b] * cosine
    return y


def linear(x, matrices, activation, normalise=None, residual=None):
    """`matrices` are [outputs, inputs], of which there are two for swiglu and geglu."""
    y = normalise(x) if normalise else x
    sums = [y @ w.T for w in matrices]
    if activation in ("swiglu", "geglu"):
        out = (silu if activation == "swiglu" else gelu)(sums[0]) * sums[1]
    else:
        out = {"silu": silu, "gelu": gelu}.get(activation, lambda v: v)(sums[0])
    return out if residual is None else out + residual


def logprobs(x, targets, best):
    """-> (largest logits, sums of exponentials of the distances to them, logits and ranks of the targets, the best
    columns and their logits). A target that is no column has the logit NaN and the rank -1."""
    largest = x.max(1)
    sums = np.exp(x - largest[:, None]).sum(1)
    exists = (targets >= 0) & (targets < x.shape[1])
    own = np.where(exists, x[np.arange(len(x)), np.where(exists, targets, 0)], np.nan)
    columns = np.arange(x.shape[1])
    before = (x > own[:, None]) | ((x == own[:, None]) & (columns[None, :] < targets[:, None]))
    order = np.argsort(-x, axis=1, kind="stable")[:, :best]
    return largest, sums, own, np.where(exists, before.sum(1), -1), order, np.take_along_axis(x, order, 1)


def retention(q, k, v, gate, positions, state, attributes):
    """One segment, row by row; -> (rows [rows, heads, value], the state after them)."""
    q, k = (rotate(x, positions, attributes["rope"]) for x in (q, k))
    k = k * attributes["scale"]
    decay = log_sigmoid(gate) / attributes["divisor"] if attributes["divisor"] else gate
    out = np.empty(v.shape)
    for t in range(len(q)):
        state = np.exp(decay[t])[:, None, None] * state + k[t][:, :, None] * v[t][:, None, :]
        out[t] = np.matmul(q[t][:, None, :], state)[:, 0]
    return out, state


def softmax_weights(logits):
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def attention(q, positions, keys, values, key_positions, attributes):
    """One segment: rotated queries against keys and values [positions, kv heads, width] at `key_positions`."""
    q = rotate(q, positions, attributes["rope"])
    heads, kv_heads = q.shape[1], keys.shape[1]
    age = np.asarray(positions)[:, None] - np.asarray(key_positions)[None, :]
    visible = (age >= 0) & ((age < attributes["window"]) if attributes["window"] else True)
    out = np.empty((len(q), heads, values.shape[2]))
    for h in range(heads):
        kv = h // (heads // kv_heads)
        logits = np.where(visible, q[:, h] @ keys[:, kv].T * attributes["scale"], -np.inf)
        out[:, h] = softmax_weights(logits) @ values[:, kv]
    return out


def merge(partial, heads, splits, width):
    """Rows of a split attention, put together: pairs (largest logit in base 2, sum), then unnormalised values."""
    pairs = partial[:, : heads * splits * 2].reshape(-1, heads, splits, 2)
    values = partial[:, heads * splits * 2 :].reshape(-1, heads, splits, width)
    most, sums = pairs[..., 0], pairs[..., 1]
    empty = np.isneginf(most)
    weights = np.where(empty, 0, np.exp2(np.where(empty, 0, most - most.max(-1, keepdims=True))))
    total = (weights * np.where(empty, 0, sums)).sum(-1)
    joined = (weights[..., None] * np.where(empty[..., None], 0, values)).sum(-2)
    return (joined / total[..., None]).reshape(len(partial), heads * width)
