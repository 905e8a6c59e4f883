# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A module of phase `model` with what is decomposed into arithmetic on rows, its weights, and the same in NumPy with
float64: linears with biases in one group, layer norms of rows and of heads, attention with biased projections, gates, a
linear that reads the residual stream as it is, and a soft cap on logits."""
import dataclasses
import pathlib

import numpy as np

import reference
import safetensors

VOCABULARY, WIDTH, HEADS, KV_HEADS, HEAD, HIDDEN = 96, 40, 5, 1, 8, 52
SHAPES = {
    "embed": (VOCABULARY, WIDTH),
    "n1": (WIDTH,),
    "b1": (WIDTH,),
    "qn": (HEAD,),
    "n2": (WIDTH,),
    "q": (HEADS * HEAD, WIDTH),
    "k": (KV_HEADS * HEAD, WIDTH),
    "v": (KV_HEADS * HEAD, WIDTH),
    "o": (WIDTH, HEADS * HEAD),
    "gate": (HIDDEN, WIDTH),
    "up": (HIDDEN, WIDTH),
    "down": (WIDTH, HIDDEN),
    "tail": (WIDTH, WIDTH),
}
SHAPES |= {name + "_bias": SHAPES[name][:1] for name in ("q", "k", "v", "o", "gate", "down")}
FREQUENCIES = [10000.0 ** (-i / (HEAD / 2)) for i in range(HEAD // 2)]

MODULE = """
#rope = #yoco.rope<half, [{frequencies}]>
#layer = #yoco.norm_kind<layer>
module attributes {{yoco.phase = #yoco.phase<model>, yoco.checkpoint = "{folder}",
                   yoco.max_sequence_length = 256 : i64}} {{
{parameters}
  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x96xf32> {{
    %c0 = arith.constant 0 : index
    %rows = tensor.dim %ids, %c0 : tensor<?xi32>
    %pos = yoco.positions %ids : tensor<?xi32>
    %x = yoco.embed %ids, @embed : tensor<?x40xf32>
    %n = yoco.norm %x weight @n1 bias @b1 {{eps = 1.0e-5 : f32, kind = #layer}} : tensor<?x40xf32>
    %q0 = yoco.linear %n, @q bias @q_bias : tensor<?x40xf32> -> tensor<?x40xf32>
    %k0 = yoco.linear %n, @k bias @k_bias : tensor<?x40xf32> -> tensor<?x8xf32>
    %v0 = yoco.linear %n, @v bias @v_bias : tensor<?x40xf32> -> tensor<?x8xf32>
    %q1 = tensor.expand_shape %q0 [[0], [1, 2]] output_shape [%rows, 5, 8] : tensor<?x40xf32> into tensor<?x5x8xf32>
    %k1 = tensor.expand_shape %k0 [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    %v1 = tensor.expand_shape %v0 [[0], [1, 2]] output_shape [%rows, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    %q2 = yoco.norm %q1 weight @qn {{eps = 1.0e-3 : f32, kind = #layer}} : tensor<?x5x8xf32>
    %q = yoco.rope %q2, %pos {{rope = #rope}} : tensor<?x5x8xf32>
    %k = yoco.rope %k1, %pos {{rope = #rope}} : tensor<?x1x8xf32>
    %a = yoco.attention %q, %k, %v1 {{scale = 0.35355339 : f32}}
        : tensor<?x5x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32> -> tensor<?x5x8xf32>
    %a1 = tensor.collapse_shape %a [[0], [1, 2]] : tensor<?x5x8xf32> into tensor<?x40xf32>
    %o = yoco.linear %a1, @o bias @o_bias : tensor<?x40xf32> -> tensor<?x40xf32>
    %h = arith.addf %x, %o : tensor<?x40xf32>
    %m = yoco.norm %h weight @n2 {{eps = 1.0e-5 : f32}} : tensor<?x40xf32>
    %g = yoco.linear %m, @gate bias @gate_bias : tensor<?x40xf32> -> tensor<?x52xf32>
    %u = yoco.linear %m, @up : tensor<?x40xf32> -> tensor<?x52xf32>
    %s = yoco.silu %g : tensor<?x52xf32>
    %p = arith.mulf %s, %u : tensor<?x52xf32>
    %d = yoco.linear %p, @down bias @down_bias : tensor<?x52xf32> -> tensor<?x40xf32>
    %r = arith.addf %h, %d : tensor<?x40xf32>
    %t = yoco.linear %r, @tail : tensor<?x40xf32> -> tensor<?x40xf32>
    %z = arith.addf %r, %t : tensor<?x40xf32>
    %f = yoco.norm %z {{eps = 1.0e-5 : f32, kind = #layer}} : tensor<?x40xf32>
    %l = yoco.linear %f, @embed : tensor<?x40xf32> -> tensor<?x96xf32>
    %y = yoco.soft_cap %l {{cap = 4.0 : f32}} : tensor<?x96xf32>
    return %y : tensor<?x96xf32>
  }}
}}
"""


def layer_norm(x, eps, weight=1.0, bias=0.0):
    centered = x - x.mean(-1, keepdims=True)
    return centered / np.sqrt((centered**2).mean(-1, keepdims=True) + reference.constant(eps)) * weight + bias


def rope(x):
    angle = (np.arange(len(x), dtype=np.float32)[:, None] * np.float32(FREQUENCIES)).astype(np.float64)[:, None]
    a, b = x[..., : HEAD // 2], x[..., HEAD // 2 :]
    return np.concatenate([a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle)], -1)


def logits(ids, w):
    x = w["embed"][ids]
    n = layer_norm(x, 1e-5, w["n1"], w["b1"])
    q, k, v = (n @ w[name].T + w[name + "_bias"] for name in "qkv")
    q = rope(layer_norm(q.reshape(-1, HEADS, HEAD), 1e-3, w["qn"]))
    k = rope(k.reshape(-1, 1, HEAD))
    scores = np.einsum("ihd,jd->hij", q, k[:, 0]) * reference.constant(0.35355339)
    scores[:, np.triu(np.ones((len(ids), len(ids)), bool), 1)] = -np.inf
    p = np.exp(scores - scores.max(-1, keepdims=True))
    a = np.einsum("hij,jd->ihd", p / p.sum(-1, keepdims=True), v).reshape(-1, HEADS * HEAD)
    h = x + a @ w["o"].T + w["o_bias"]
    m = reference.rms_norm(h, w["n2"])
    d = (reference.silu(m @ w["gate"].T + w["gate_bias"]) * (m @ w["up"].T)) @ w["down"].T + w["down_bias"]
    r = h + d
    return 4 * np.tanh(layer_norm(r + r @ w["tail"].T, 1e-5) @ w["embed"].T / 4)


@dataclasses.dataclass
class Config:
    """Stands where families have their configuration. There is one such model."""

    vocab_size: int = VOCABULARY


class Model:
    def __init__(self, config, weights):
        self.weights = {name: np.asarray(w, np.float64) for name, w in weights.items()}

    def logits(self, ids):
        return logits(np.asarray(ids), self.weights)


def create(folder, config, seed, dtype="BF16"):
    """Writes model.safetensors and model.mlir into `folder`; -> the weights"""
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(seed)
    weights = {
        name: safetensors.round_to(random.normal(size=shape) * (0.3 if len(shape) == 2 else 1), dtype)
        for name, shape in SHAPES.items()
    }
    safetensors.write(folder / "model.safetensors", weights)
    parameters = "\n".join(
        f'  yoco.parameter @{name} : tensor<{"x".join(map(str, shape))}x{dtype.lower()}> from "{name}"'
        for name, shape in SHAPES.items()
    )
    frequencies = ", ".join(f"{f:.9e}" for f in FREQUENCIES)
    (folder / "model.mlir").write_text(MODULE.format(folder=folder, parameters=parameters, frequencies=frequencies))
    return weights
