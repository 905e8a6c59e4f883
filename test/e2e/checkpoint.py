# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checkpoints of the original YOCO: their config, the tensors they hold, and new ones with random weights."""
import dataclasses
import json
import pathlib

import numpy as np

import safetensors


@dataclasses.dataclass
class Config:
    dim: int
    n_layers: int  # the first half is the self-decoder
    hidden_dim: int
    n_self_heads: int
    n_attn_heads: int
    n_attn_kv_heads: int
    vocab_size: int
    rope_theta: float = 10000.0
    norm_eps: float = 1e-5
    sliding_window: int = None  # None: gated retention
    model_type: str = "yoco"

    @property
    def self_head_dim(self):
        return self.dim // self.n_self_heads

    @property
    def cross_head_dim(self):
        return self.dim // self.n_attn_heads

    @property
    def kv_bytes_per_token(self):
        """What one more position costs in f32: a key and a value for each KV head, once for the whole model."""
        return 2 * self.n_attn_kv_heads * self.cross_head_dim * 4

    def tensors(self):
        """{name: shape} of everything in model.safetensors."""
        d, h = self.dim, self.hidden_dim
        shapes = {"embed_tokens.weight": (self.vocab_size, d)}

        def layer(prefix, projections):
            for name, shape in projections.items():
                shapes[f"{prefix}.mixer.{name}.weight"] = shape
            shapes[f"{prefix}.mixer_layer_norm.weight"] = (d,)
            shapes[f"{prefix}.ffn.fc1.weight"] = (h, d)
            shapes[f"{prefix}.ffn.gate.weight"] = (h, d)
            shapes[f"{prefix}.ffn.fc2.weight"] = (d, h)
            shapes[f"{prefix}.final_layer_norm.weight"] = (d,)

        own = {name: (d, d) for name in ("q_proj", "k_proj", "v_proj", "out_proj")}
        if self.sliding_window is None:
            own |= {"g_proj": (d, d), "gt_proj": (self.n_self_heads, d)}
        for i in range(self.n_layers // 2):
            layer(f"self_decoder.layers.{i}", own)
        kv = self.n_attn_kv_heads * self.cross_head_dim
        shapes["cross_decoder.k_proj.weight"] = (kv, d)
        shapes["cross_decoder.v_proj.weight"] = (kv, d)
        shapes["cross_decoder.kv_layer_norm.weight"] = (d,)
        for i in range(self.n_layers // 2):
            layer(f"cross_decoder.layers.{i}", {"q_proj": (d, d), "out_proj": (d, d)})
        shapes["layer_norm.weight"] = (d,)
        shapes["output_projection.weight"] = (self.vocab_size, d)
        return shapes

    def save(self, path, omit=(), **extra):
        fields = {k: v for k, v in dataclasses.asdict(self).items() if k not in omit}
        pathlib.Path(path).write_text(json.dumps(fields | extra, indent=2) + "\n")

    @staticmethod
    def load(folder):
        return Config(**json.loads((pathlib.Path(folder) / "config.json").read_text()))


def random_weights(config, seed):
    """Weights that keep activations near 1, norms that are not all ones, and a gate that decays visibly."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in config.tensors().items():
        if len(shape) == 1:
            weights[name] = 1 + 0.2 * rng.standard_normal(shape)
        else:
            weights[name] = rng.standard_normal(shape) / np.sqrt(shape[-1])
            if name.endswith("gt_proj.weight"):
                weights[name] *= 3
        weights[name] = weights[name].astype(np.float32)
    return weights


def create(folder, config, seed=0, dtype="BF16", shards=1, params_json=False):
    """Writes a checkpoint with random weights; returns them as a reader of the file sees them."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if params_json:  # the form of the authors' own checkpoints
        config.save(folder / "params.json", omit=("model_type",), max_batch_size=1, max_seq_len=1024,
                    model_parallel_size=1, load_checkpoint=True)
    else:
        config.save(folder / "config.json")
    return write_weights(folder, random_weights(config, seed), dtype, shards)


def write_weights(folder, weights, dtype, shards):
    """Writes them as `dtype` into one file, or into several with an index; returns them as a reader of the files sees
    them."""
    if shards == 1:
        safetensors.write(folder / "model.safetensors", weights, dtype)
    else:
        names, where = list(weights), {}
        for i in range(shards):
            file = f"model-{i + 1:05}-of-{shards:05}.safetensors"
            part = names[i::shards]
            safetensors.write(folder / file, {n: weights[n] for n in part}, dtype, {"format": "pt"})
            where |= {n: file for n in part}
        index = {"metadata": {"total_size": 0}, "weight_map": where}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return {name: safetensors.round_to(w, dtype) for name, w in weights.items()}
