# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a kernel reads and writes, as bytes: every buffer lies between guards in memory that is full of NaNs (bytes
0xff), so that whatever is read without being written, or written out of place, shows."""

import numpy as np

from safetensors import from_bf16, to_bf16

_STORED = {"f32": np.float32, "bf16": np.uint16, "f16": np.float16, "i32": np.int32}
GUARD = 1024


def align(value, multiple):
    return (value + multiple - 1) // multiple * multiple


def size_of(element):
    return np.dtype(_STORED[element]).itemsize


def to_storage(values, element):
    return to_bf16(values) if element == "bf16" else np.asarray(values).astype(_STORED[element])


def from_storage(stored, element):
    return (from_bf16(stored) if element == "bf16" else stored).astype(np.float64)


def rounded(values, element):
    """float64 of `values` as memory of that element type has them."""
    return from_storage(to_storage(values, element), element)


class Stored:
    """A matrix, a table or a vector in its element type; wide ones repeat a pattern of numbers, shifted from row to
    row."""

    def __init__(self, rng, argument, scale):
        self.argument, self.element = argument, argument["element"]
        count, columns = argument.get("rows", 1), argument["columns"]
        if count * columns <= 1 << 22:
            self.stored = to_storage((rng.standard_normal((count, columns)) * scale).astype(np.float32), self.element)
        else:
            pattern = to_storage((rng.standard_normal((1 << 22) + columns) * scale).astype(np.float32), self.element)
            starts = rng.integers(0, 1 << 22, count)
            self.stored = np.empty((count, columns), pattern.dtype)
            for row, start in enumerate(starts):
                self.stored[row] = pattern[start : start + columns]

    def values(self, rows=slice(None)):
        return from_storage(self.stored[rows], self.element)

    def bytes(self):
        """As it lies in memory; padding is zero."""
        a, (count, columns) = self.argument, self.stored.shape
        if "panel" in a:
            panels = align(count, a["panel"]) // a["panel"]
            padded = np.zeros((panels * a["panel"], columns), self.stored.dtype)
            padded[:count] = self.stored
            return (
                np.ascontiguousarray(padded.reshape(panels, a["panel"], columns).transpose(0, 2, 1))
                .view(np.uint8)
                .ravel()
            )
        padded = np.zeros((count, a.get("stride", columns)), self.stored.dtype)
        padded[:, :columns] = self.stored
        return padded.view(np.uint8).ravel()


class Pool:
    """Named ranges of one allocation, all NaN at first."""

    def __init__(self):
        self.ranges, self.size = {}, GUARD

    def add(self, name, size):
        self.ranges[name] = (self.size, size)
        self.size = align(self.size + size + GUARD, 256)

    def make(self):
        self.host = np.full(self.size, 0xFF, np.uint8)

    def bytes(self, name, image=None):
        offset, size = self.ranges[name]
        return (self.host if image is None else image)[offset : offset + size]

    def rows(self, argument, count, image=None):
        """A [count, columns] view of rows in the element type."""
        data = self.bytes(argument["name"], image).view(_STORED[argument["element"]])
        return data.reshape(count, argument["stride"])[:, argument["offset"] : argument["offset"] + argument["columns"]]

    def array(self, name, element, shape, image=None):
        return self.bytes(name, image).view(_STORED[element]).reshape(shape)
