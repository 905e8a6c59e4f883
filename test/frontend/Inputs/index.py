# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes an index of the tensors in model.safetensors of a folder, which names that file."""
import json
import pathlib
import struct
import sys

folder = pathlib.Path(sys.argv[1])
data = (folder / "model.safetensors").read_bytes()
(length,) = struct.unpack("<Q", data[:8])
names = [name for name in json.loads(data[8 : 8 + length]) if name != "__metadata__"]
index = {"metadata": {}, "weight_map": {name: "model.safetensors" for name in names}}
(folder / "model.safetensors.index.json").write_text(json.dumps(index))
