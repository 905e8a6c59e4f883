# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""floors.py CHECKPOINT BENCH.json: the floors of a small YOCO model again, from its configuration.

Weights are bf16, caches and states f32.
"""
import json
import pathlib
import sys


class Model:
    def __init__(self, folder):
        config = json.loads((pathlib.Path(folder) / "config.json").read_text())
        self.dim, self.vocabulary = config["dim"], config["vocab_size"]
        self.layers = config["n_layers"] // 2
        self.window = config["sliding_window"]
        heads, kv_heads = config["n_attn_heads"], config["n_attn_kv_heads"]
        self.kv = 2 * kv_heads * self.dim // heads  # elements of keys and values of a position
        feed_forward = 3 * self.dim * config["hidden_dim"]
        if self.window:
            # Queries, output, and keys and values of all heads.
            self.self_layer, self.state, self.padding = 4 * self.dim**2 + feed_forward, 0, 0
        else:
            gates = config["n_self_heads"]
            self.self_layer = 5 * self.dim**2 + gates * self.dim + feed_forward
            self.state = self.dim**2 // gates
            # Gates are the last rows of a matrix that is packed by panels of 16 rows.
            self.padding = self.layers * (-gates % 16) * self.dim
        self.cross_layer = 2 * self.dim**2 + feed_forward

    def prefill(self, rows, position):
        matrices = self.layers * self.self_layer + self.kv * self.dim
        vectors = self.layers * 2 + 1
        return self.step(matrices, vectors, rows, position, cross_layers=0)

    def decode(self, position):
        matrices = self.layers * (self.self_layer + self.cross_layer) + (self.kv + self.vocabulary) * self.dim
        vectors = self.layers * 4 + 2
        return self.step(matrices, vectors, 1, position, cross_layers=self.layers)

    def step(self, matrices, vectors, rows, position, cross_layers):
        written, mixer = self.kv * rows, 0
        read = cross_layers * self.kv * (position + rows)
        if self.window:
            ring = 2 * self.dim
            read += self.layers * ring * min(position, self.window - 1)
            written += self.layers * ring * min(rows, self.window)
        else:
            read += self.layers * self.state if position else 0
            written += self.layers * self.state
            mixer += self.layers * 4 * self.state * rows
        for row in range(position, position + rows):
            pairs = cross_layers * (row + 1) + (self.layers * min(row + 1, self.window) if self.window else 0)
            mixer += 2 * pairs * 2 * self.dim
        return {
            "weight_bytes": 2 * (matrices + self.padding + vectors * self.dim + rows * self.dim),
            "state_read_bytes": 4 * read,
            "state_write_bytes": 4 * written,
            "linear_operations": 2 * matrices * rows,
            "mixer_operations": mixer,
        }


def scale(cost, batch, dim):
    """Of `batch` equal segments of one row: matrices and norms are read once for all."""
    scaled = {name: value * batch for name, value in cost.items()}
    scaled["weight_bytes"] = cost["weight_bytes"] + 2 * dim * (batch - 1)
    return scaled


def main():
    model, report = Model(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
    assert report["device"] == "host" and report["threads"] >= 1 and report["bytes_held"] > 0, report
    assert set(report["ceilings"]) == {"read_bytes_per_second", "operations_per_second"}, report
    assert len(report["contexts"]) >= 1, report
    for entry in report["contexts"]:
        for phase in (entry["prefill"], entry["decode"]):
            for name in ("seconds", "tokens_per_second", "byte_ratio", "repeats"):
                assert phase[name] > 0, (name, phase)
        decode = scale(model.decode(entry["context"] - 1), report["batch"], model.dim)
        assert entry["decode"]["floor"] == decode, (entry["decode"]["floor"], decode)
        prefill, tokens, chunk = {}, entry["prefill"]["tokens"], report["prefill_chunk"]
        for position in range(0, tokens, chunk):
            for name, value in model.prefill(min(chunk, tokens - position), position).items():
                prefill[name] = prefill.get(name, 0) + value
        assert entry["prefill"]["floor"] == prefill, (entry["prefill"]["floor"], prefill)


main()
