# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a small GGUF file of a Llama, sound or broken on purpose."""
import argparse
import json
import pathlib
import struct
import sys

import numpy as np

sys.path[0] = str(pathlib.Path(__file__).resolve().parents[2] / "e2e")  # not this folder, which has a checkpoint, too
import gguf  # noqa: E402
from llama import Config  # noqa: E402

CONFIG = Config(hidden_size=64, num_hidden_layers=2, intermediate_size=32, num_attention_heads=2, num_key_value_heads=1,
                vocab_size=40)


def patch(data, text):
    """NAME+SKIP=FORMAT:NUMBERS, numbers in other places: `SKIP` bytes after the name of a key or a tensor, or after the
    beginning of the file."""
    place, numbers = text.split("=")
    name, skip = place.split("+")
    form, values = numbers.split(":")
    at = data.index(gguf.pack_string(name)) + 8 + len(name) if name else 0
    struct.pack_into("<" + form, data, at + int(skip), *(int(value) for value in values.split(",")))


def main():
    pairs = lambda text: text.split("=", 1)
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=pathlib.Path)
    parser.add_argument("--type", default="Q8_0", help="of all matrices")
    parser.add_argument("--types", type=pairs, action="append", default=[], metavar="TENSOR=TYPE")
    parser.add_argument("--set", type=pairs, action="append", default=[], metavar="KEY=JSON", help="null: no such key")
    parser.add_argument("--tensor", type=pairs, action="append", default=[], metavar="TENSOR=SHAPE", help="null: none")
    parser.add_argument("--patch", action="append", default=[], metavar="NAME+SKIP=FORMAT:NUMBERS")
    parser.add_argument("--rename", type=pairs, action="append", default=[], metavar="NAME=NAME",
                        help="of equal length")
    parser.add_argument("--truncate", type=int)
    options = parser.parse_args()

    metadata = gguf.llama_metadata(CONFIG) | {key: json.loads(value) for key, value in options.set}
    metadata = {key: value for key, value in metadata.items() if value is not None}
    tensors, _ = gguf.random_llama(CONFIG, 0, lambda name: options.type)
    types = dict(options.types)
    for name, shape in options.tensor:
        tensors.pop(name, None)
        if shape != "null":
            tensors[name] = gguf.plain(np.ones(json.loads(shape)))
    for name, kind in types.items():
        shape = tensors[name].shape
        block = gguf.TYPES[kind].dequantise
        tensors[name] = (gguf.random_blocks(np.random.default_rng(1), shape, kind) if block else
                         gguf.plain(np.ones(shape), kind))
    gguf.write(options.path, metadata, tensors)
    data = bytearray(options.path.read_bytes())
    for name, other in options.rename:
        data = data.replace(name.encode(), other.encode())
    for text in options.patch:
        patch(data, text)
    options.path.write_bytes(data[: options.truncate])


main()
