# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention to a cache of 1,048,576 positions: more than 2^31 elements, more than 4 GiB.

The cache repeats a pattern of a prime number of positions, so that a reference in float64 is cheap, but for a few
positions of their own that weigh much. Slots and positions that no sequence has are NaN."""

import zlib

import numpy as np

import kernel_reference as reference
from memory import align, rounded, size_of, to_storage
from rows import Row, relative

POSITIONS = 1 << 20
PERIOD = 8191
SLOTS, SLOT = 4, 3
BOUND = 2e-2


class LongCache:
    def __init__(self, device, argument, rng):
        self.device, self.argument = device, argument
        heads, element = argument["heads"], argument["element"]
        special = np.concatenate(([0, 63, 64, PERIOD, POSITIONS - 2, POSITIONS - 1], rng.integers(0, POSITIONS, 48)))
        self.special = np.unique(special)
        self.parts, self.planes = [], []
        for width, scale in ((argument["key"], 6.0), (argument["value"], 1.0)):
            pattern = rounded(rng.standard_normal((PERIOD, heads, width)).astype(np.float32), element)
            own = rounded((rng.standard_normal((len(self.special), heads, width)) * scale).astype(np.float32), element)
            self.parts.append((pattern, own))
            self.planes.append(self.fill(pattern, own, heads * width * size_of(element)))

    def fill(self, pattern, own, row_bytes):
        device, element = self.device, self.argument["element"]
        size = SLOTS * POSITIONS * row_bytes
        plane = device.allocate(size)
        device.fill(plane, 0xFF, size)
        start, total = plane + SLOT * POSITIONS * row_bytes, POSITIONS * row_bytes
        device.upload(start, to_storage(pattern.astype(np.float32), element))
        filled = PERIOD * row_bytes
        while filled < total:
            piece = min(filled, total - filled)
            device.copy(start + filled, start, piece)
            filled += piece
        for position, row in zip(self.special, own):
            device.upload(start + int(position) * row_bytes, to_storage(row.astype(np.float32), element))
        return plane

    def attend(self, q, positions, attributes):
        """Rows [rows, heads, value] for rotated-here queries [rows, heads, key]."""
        q = reference.rotate(q, positions, attributes["rope"])
        (key_pattern, key_own), (value_pattern, value_own) = self.parts
        out = np.empty((*q.shape[:2], value_pattern.shape[2]))
        group = q.shape[1] // self.argument["heads"]
        for r, position in enumerate(positions):
            counts = np.full(PERIOD, (position + 1) // PERIOD)
            counts[: (position + 1) % PERIOD] += 1
            seen = self.special <= position
            np.subtract.at(counts, self.special[seen] % PERIOD, 1)
            for h in range(q.shape[1]):
                kv = h // group
                common = key_pattern[:, kv] @ q[r, h] * attributes["scale"]
                own = key_own[seen, kv] @ q[r, h] * attributes["scale"]
                most = max(common.max(), own.max(initial=-np.inf))
                common, own = counts * np.exp(common - most), np.exp(own - most)
                sums = common @ value_pattern[:, kv] + own @ value_own[seen, kv]
                out[r, h] = sums / (common.sum() + own.sum())
        return out

    def free(self):
        for plane in self.planes:
            self.device.free(plane)


def check(device, title, kernel, module, launch, seed):
    """One row of the table for a kernel of attention to a growing cache."""
    attributes, arguments = kernel["attributes"], {a["name"]: a for a in kernel["arguments"]}
    rng = np.random.default_rng([seed, zlib.crc32(title.encode())])
    splits, heads = attributes["splits"], attributes["heads"]
    rows = 1 if splits else 40
    first = POSITIONS - rows
    cache = LongCache(device, arguments["cache"], rng)
    buffers = {"cache": cache.planes}
    try:
        q = rounded(rng.standard_normal((rows, arguments["q"]["columns"])).astype(np.float32), "f32")
        positions = np.arange(first, first + rows, dtype=np.int32)
        stored = np.full((rows, arguments["q"]["stride"]), np.nan, np.float32)
        offset = arguments["q"]["offset"]
        stored[:, offset : offset + q.shape[1]] = q
        table = np.array([[SLOT, first, 0, rows]], np.int32)
        out = arguments["out"]
        out_bytes = rows * out["stride"] * size_of(out["element"])
        for name, data in (
            ("q", stored),
            ("positions", positions),
            ("segments", table),
            ("out", np.full(out_bytes, 0xFF, np.uint8)),
        ):
            buffers[name] = [device.allocate(align(data.nbytes, 256))]
            device.upload(buffers[name][0], data)
        words = [rows, 1, POSITIONS] + [address for a in kernel["arguments"] for address in buffers[a["name"]]]
        run = lambda: device.launch(module, kernel["name"], launch, rows, 1, words)  # noqa: E731
        run()
        device.finish()
        got = read_rows(device, buffers["out"][0], out, rows)
        if splits:
            got = reference.merge(got, heads, splits, arguments["cache"]["value"])
        expected = cache.attend(q.reshape(rows, heads, -1), positions, attributes).reshape(rows, -1)
        error = max(relative(g, e) for g, e in zip(got, expected))
        elapsed = device.seconds(run, repeats=5)
        a = arguments["cache"]
        read = POSITIONS * a["heads"] * (a["key"] + a["value"]) * size_of(a["element"])
        detail = f"{rows} rows: {elapsed * 1e3:.3f} ms, cache at {read / elapsed / 1e9:.0f} GB/s"
        return Row("kernels", title, error, BOUND, error <= BOUND, detail)
    finally:
        cache.free()
        for name, addresses in buffers.items():
            if name != "cache":
                device.free(addresses[0])


def read_rows(device, address, argument, rows):
    data = device.download(address, rows * argument["stride"] * size_of(argument["element"]))
    data = data.view(np.uint16 if argument["element"] == "bf16" else np.float32).reshape(rows, -1)[
        :, : argument["columns"]
    ]
    if argument["element"] == "bf16":
        data = (data.astype(np.uint32) << 16).view(np.float32)
    return data.astype(np.float64)
