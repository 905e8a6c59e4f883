# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A file as pieces of other files and what is new in it. Model files have a checkpoint's weights verbatim, so that such
a difference is small where the checkpoint is at hand.

A difference is a line of JSON, {"sha256", "bases": {name: sha256}, "pieces": [[base or null, offset, size], ...]}, and
after it the new bytes, compressed."""

import hashlib
import json
import lzma
import pathlib

SMALLEST = 4096  # bytes of a piece that is worth its entry
PROBE = 64


def digest(data):
    return hashlib.sha256(data).hexdigest()


def tensors(data):
    """Ranges of a safetensors file that a model may hold as they are."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    for entry in header.values():
        begin, end = entry["data_offsets"]
        yield 8 + size + begin, end - begin


def pieces(data, size=1 << 16):
    for begin in range(0, len(data), size):
        yield begin, min(size, len(data) - begin)


def find_pieces(data, bases):
    """-> [(place in data, base, offset, size)], apart and in order; bases: {name: bytes}"""
    found, taken = [], []
    for name, base in bases.items():
        ranges = tensors(base) if name.endswith(".safetensors") else pieces(base)
        for offset, size in ranges:
            if size < SMALLEST:
                continue
            piece = base[offset : offset + size]
            place = data.find(piece[:PROBE])
            while place >= 0 and data[place : place + size] != piece:
                place = data.find(piece[:PROBE], place + 1)
            if place >= 0 and not any(place < end and begin < place + size for begin, end in taken):
                taken.append((place, place + size))
                found.append((place, name, offset, size))
    return sorted(found)


def make(target, output, bases):
    """Writes the difference of file `target` to the files `bases`, {name: path}, that a reader finds by these names."""
    data = pathlib.Path(target).read_bytes()
    contents = {name: pathlib.Path(path).read_bytes() for name, path in bases.items()}
    pieces, new, at = [], [], 0
    for place, name, offset, size in [*find_pieces(data, contents), (len(data), None, 0, 0)]:
        if place > at:
            pieces.append([None, 0, place - at])
            new.append(data[at:place])
        if name is not None:
            pieces.append([name, offset, size])
        at = place + size
    used = {piece[0] for piece in pieces if piece[0] is not None}
    header = {"sha256": digest(data), "bases": {n: digest(contents[n]) for n in sorted(used)}, "pieces": pieces}
    pathlib.Path(output).write_bytes(json.dumps(header).encode() + b"\n" + lzma.compress(b"".join(new), preset=6))


def find_base(name, wanted, folders):
    for folder in folders:
        path = pathlib.Path(folder) / name
        if path.is_file():
            data = path.read_bytes()
            if digest(data) == wanted:
                return data
    raise RuntimeError(
        f"no {name} with sha256 {wanted[:12]} below {', '.join(map(str, folders))}; name its folder with --base"
    )


def apply(source, output, folders):
    text, _, packed = pathlib.Path(source).read_bytes().partition(b"\n")
    header, new, at = json.loads(text), lzma.decompress(packed), 0
    bases = {name: find_base(name, wanted, folders) for name, wanted in header["bases"].items()}
    parts = []
    for base, offset, size in header["pieces"]:
        if base is None:
            parts.append(new[at : at + size])
            at += size
        else:
            parts.append(bases[base][offset : offset + size])
    data = b"".join(parts)
    if digest(data) != header["sha256"]:
        raise RuntimeError(f"{source}: the file that was put together is not the one that was taken apart")
    pathlib.Path(output).write_bytes(data)
