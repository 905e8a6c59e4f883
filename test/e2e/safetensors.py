# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads and writes safetensors files with NumPy alone: f32, f16, bf16 and i32 tensors."""
import json
import struct

import numpy as np

_STORED_AS = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16, "I32": np.int32}


def to_bf16(x):
    """The bits of float32 `x` rounded to bfloat16, ties to even."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)


def from_bf16(bits):
    return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32)


def round_to(x, dtype):
    """float32 `x` as it reads back from a file that stores it as `dtype`."""
    if dtype == "BF16":
        return from_bf16(to_bf16(x))
    return np.asarray(x).astype(_STORED_AS[dtype]).astype(np.float32)


def read(path):
    """-> ({name: array}, metadata); floating point tensors become float32."""
    with open(path, "rb") as file:
        data = file.read()
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[8 + size + begin : 8 + size + end], _STORED_AS[entry["dtype"]])
        array = array.reshape(entry["shape"])
        if entry["dtype"] == "BF16":
            array = from_bf16(array)
        tensors[name] = array if entry["dtype"] == "I32" else array.astype(np.float32)
    return tensors, metadata


def write(path, tensors, dtype="BF16", metadata=None):
    """Writes {name: float array} as `dtype`, or {name: (array, dtype)}."""
    header, payloads, offset = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for name, value in tensors.items():
        array, stored = value if isinstance(value, tuple) else (value, dtype)
        payload = (to_bf16(array) if stored == "BF16" else np.asarray(array).astype(_STORED_AS[stored])).tobytes()
        header[name] = {"dtype": stored, "shape": list(np.shape(array)),
                        "data_offsets": [offset, offset + len(payload)]}
        payloads.append(payload)
        offset += len(payload)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(payloads))
