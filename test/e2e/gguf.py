# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes GGUF files with NumPy alone: metadata of every kind, tensors in every type that yoco-compile reads, and what
their blocks mean in float32, step by step as the reference of the format computes it."""
import dataclasses
import struct

import numpy as np

import safetensors
from llama import Config

KINDS = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f", "bool": "?", "string": None,
         "array": None, "u64": "Q", "i64": "q", "f64": "d"}
KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}


@dataclasses.dataclass
class Value:
    """Metadata; of an array, `kind` is that of its elements."""
    kind: str
    value: object

    def kind_name(self):
        return "array" if isinstance(self.value, (list, tuple)) else self.kind

    def pack(self):
        if self.kind_name() == "array":
            elements = b"".join(Value(self.kind, v).pack() for v in self.value)
            return struct.pack("<IQ", KIND_NUMBERS[self.kind], len(self.value)) + elements
        return pack_string(self.value) if self.kind == "string" else struct.pack("<" + KINDS[self.kind], self.value)


def pack_string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def value_of(value):
    """Python values as converters write them: u32, f32, bool, strings, and arrays of one of these."""
    if isinstance(value, Value):
        return value
    first = value[0] if isinstance(value, (list, tuple)) else value
    kind = {bool: "bool", int: "u32", float: "f32", str: "string", bytes: "string"}[type(first)]
    return Value(kind, value)


# Types of tensors.


def halves(blocks, at):
    """float32 of the f16 at byte `at` of each block, [blocks, 1]"""
    return np.ascontiguousarray(blocks[:, at : at + 2]).view(np.float16).astype(np.float32)


def low_and_high(codes):
    """The low halves of bytes, then the high ones."""
    return np.concatenate((codes & 15, codes >> 4), 1).astype(np.float32)


def q8_0(blocks):
    return blocks[:, 2:].view(np.int8).astype(np.float32) * halves(blocks, 0)


def q4_0(blocks):
    return (low_and_high(blocks[:, 2:]) - np.float32(8)) * halves(blocks, 0)


def q4_1(blocks):
    return low_and_high(blocks[:, 4:]) * halves(blocks, 0) + halves(blocks, 2)


def k_scales(packed):
    """[blocks, 12] bytes -> scales and minima of 8 groups, [blocks, 8] each"""
    a, b, c = packed[:, 0:4], packed[:, 4:8], packed[:, 8:12]
    scales = np.concatenate((a & 63, (c & 15) | (a >> 6) << 4), 1)
    minima = np.concatenate((b & 63, (c >> 4) | (b >> 6) << 4), 1)
    return scales.astype(np.float32), minima.astype(np.float32)


def k_numbers(blocks, codes):
    """codes: [blocks, 8, 32]"""
    scales, minima = k_scales(blocks[:, 4:16])
    factors, offsets = halves(blocks, 0) * scales, halves(blocks, 2) * minima
    return (factors[:, :, None] * codes.astype(np.float32) - offsets[:, :, None]).reshape(len(blocks), 256)


def k_codes(data):
    """[blocks, 128] bytes -> [blocks, 8, 32]: a group in the low halves of 32 bytes, the next in their high ones"""
    data = data.reshape(-1, 4, 1, 32)
    return np.concatenate((data & 15, data >> 4), 2).reshape(-1, 8, 32)


def q4_k(blocks):
    return k_numbers(blocks, k_codes(blocks[:, 16:]))


def q5_k(blocks):
    fifths = blocks[:, None, 16:48] >> np.arange(8, dtype=np.uint8)[None, :, None] & 1
    return k_numbers(blocks, k_codes(blocks[:, 48:]) | fifths << 4)


def q6_k(blocks):
    low, high = blocks[:, :128].reshape(-1, 2, 2, 32), blocks[:, 128:192].reshape(-1, 2, 1, 32)
    low = np.concatenate((low & 15, low >> 4), 2)  # [blocks, halves, quarters, 32]
    high = high >> np.array([0, 2, 4, 6], np.uint8)[None, None, :, None] & 3
    codes = (low | high << 4).astype(np.float32) - np.float32(32)
    factors = halves(blocks, 208) * blocks[:, 192:208].view(np.int8).astype(np.float32)  # [blocks, 16]
    return (factors[:, :, None] * codes.reshape(-1, 16, 16)).reshape(len(blocks), 256)


@dataclasses.dataclass
class Type:
    number: int
    numbers: int = 1  # of a block
    bytes: int = 0
    dequantise: object = None
    halves: tuple = ()  # where blocks have f16 numbers, and how large these are so that weights are about 0.1


TYPES = {
    "F32": Type(0), "F16": Type(1), "BF16": Type(30),
    "Q8_0": Type(8, 32, 34, q8_0, ((0, 1e-3),)),
    "Q4_0": Type(2, 32, 18, q4_0, ((0, 2e-2),)),
    "Q4_1": Type(3, 32, 20, q4_1, ((0, 1e-2), (2, 1e-1))),
    "Q4_K": Type(12, 256, 144, q4_k, ((0, 3e-4), (2, 2e-3))),
    "Q5_K": Type(13, 256, 176, q5_k, ((0, 2e-4), (2, 2e-3))),
    "Q6_K": Type(14, 256, 210, q6_k, ((208, 5e-5),)),
}
PLAIN = {"F32": np.float32, "F16": np.float16}
BLOCKS = [name for name, kind in TYPES.items() if kind.dequantise]


@dataclasses.dataclass
class Stored:
    """A tensor as a file has it."""
    type: str
    shape: tuple
    data: bytes

    def numbers(self):
        """float32, as yoco-compile must read them"""
        kind = TYPES[self.type]
        if kind.dequantise:
            blocks = np.frombuffer(self.data, np.uint8).reshape(-1, kind.bytes)
            return kind.dequantise(blocks).reshape(self.shape)
        if self.type == "BF16":
            return safetensors.from_bf16(np.frombuffer(self.data, np.uint16)).reshape(self.shape)
        return np.frombuffer(self.data, PLAIN[self.type]).astype(np.float32).reshape(self.shape)


def plain(array, type="F32"):
    array = np.asarray(array)
    if type == "BF16":
        return Stored(type, array.shape, safetensors.to_bf16(array).tobytes())
    return Stored(type, array.shape, np.ascontiguousarray(array, PLAIN[type]).tobytes())


def random_blocks(rng, shape, type):
    """A tensor whose codes and scales are random bits, with f16 scales that make weights of a sensible size."""
    kind = TYPES[type]
    count = int(np.prod(shape)) // kind.numbers
    blocks = rng.integers(0, 256, (count, kind.bytes), np.uint8)
    for at, size in kind.halves:
        scales = (size * rng.uniform(0.3, 1, (count, 1)) * rng.choice([-1, 1], (count, 1))).astype(np.float16)
        blocks[:, at : at + 2] = scales.view(np.uint8)
    return Stored(type, tuple(shape), blocks.tobytes())


def write(path, metadata, tensors, alignment=32, version=3, magic=b"GGUF"):
    """Writes {key: Value or Python value} and {name: Stored}."""
    head = magic + struct.pack("<IQQ", version, len(tensors), len(metadata))
    for key, value in metadata.items():
        value = value_of(value)
        head += pack_string(key) + struct.pack("<I", KIND_NUMBERS[value.kind_name()]) + value.pack()
    data = b""
    for name, tensor in tensors.items():
        data += bytes(-len(data) % alignment)
        head += pack_string(name) + struct.pack("<I", len(tensor.shape))
        head += struct.pack(f"<{len(tensor.shape)}Q", *reversed(tensor.shape))
        head += struct.pack("<IQ", TYPES[tensor.type].number, len(data))
        data += tensor.data
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % alignment) + data)


# Llama.

NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
         "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
NAMES |= {f"self_attn.{name}_proj": f"attn_{name}" for name in "qkv"} | {"self_attn.o_proj": "attn_output"}
NAMES |= {f"mlp.{name}_proj": f"ffn_{name}" for name in ("gate", "up", "down")}


def stored_name(name):
    base, suffix = name.rsplit(".", 1)
    if base.startswith("model.layers."):
        _, _, layer, base = base.split(".", 3)
        return f"blk.{layer}.{NAMES[base]}.{suffix}"
    return f"{NAMES[base]}.{suffix}"


def interleave(array, heads):
    """Rows of queries or keys as converters store them: the two halves of each head between each other."""
    halves = array.reshape(heads, 2, array.shape[0] // heads // 2, *array.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(array.shape)


def llama_metadata(config, **more):
    """Keys of a llama.Config; those of `more` win, and None removes."""
    fields = {
        "general.architecture": "llama", "general.type": "model", "general.name": "test",
        "general.quantization_version": 2, "llama.block_count": config.num_hidden_layers,
        "llama.context_length": config.max_position_embeddings, "llama.embedding_length": config.hidden_size,
        "llama.feed_forward_length": config.intermediate_size,
        "llama.attention.head_count": config.num_attention_heads,
        "llama.attention.head_count_kv": config.num_key_value_heads,
        "llama.attention.layer_norm_rms_epsilon": float(config.rms_norm_eps),
        "llama.rope.freq_base": float(rope_theta(config)), "llama.rope.dimension_count": config.width,
        "llama.vocab_size": config.vocab_size,
    }
    if config.head_dim:
        fields |= {"llama.attention.key_length": config.head_dim, "llama.attention.value_length": config.head_dim}
    fields |= more
    return {key: value for key, value in fields.items() if value is not None}


def rope_theta(config):
    return (config.rope_parameters or {}).get("rope_theta", config.rope_theta)


def heads_of(config, name):
    """The heads whose rows a converter interleaves; 0: none."""
    return (config.num_attention_heads if ".q_proj." in name else
            config.num_key_value_heads if ".k_proj." in name else 0)


def llama_tensors(config, weights, type_of=lambda name: "F32"):
    """{name in the file: Stored} of float32 weights, in a plain type for each matrix; vectors are F32."""
    tensors = {}
    for name, array in weights.items():
        if heads := heads_of(config, name):
            array = interleave(array, heads)
        tensors[stored_name(name)] = plain(array, type_of(name) if array.ndim == 2 else "F32")
    return tensors


def deinterleave(array, heads):
    pairs = array.reshape(heads, array.shape[0] // heads // 2, 2, *array.shape[1:])
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(array.shape)


def random_llama(config, seed, type_of):
    """-> ({name in the file: Stored}, {name in a checkpoint: float32}), the same model twice; `type_of` says the type
    of a matrix, by its name in a checkpoint."""
    rng = np.random.default_rng(seed)
    tensors, weights = {}, {}
    for name, shape in config.tensors().items():
        kind = type_of(name) if len(shape) == 2 else "F32"
        if TYPES[kind].dequantise:
            stored = random_blocks(rng, shape, kind)
        else:
            values = rng.standard_normal(shape).astype(np.float32)
            stored = plain(values * np.float32(0.1) if len(shape) == 2 else 1 + values * np.float32(0.2), kind)
        tensors[stored_name(name)] = stored
        heads = heads_of(config, name)
        weights[name] = deinterleave(stored.numbers(), heads) if heads else stored.numbers()
    return tensors, weights


def read(path):
    """-> ({key: Python value}, {name: Stored}) of a sound file."""
    with open(path, "rb") as file:
        data = file.read()
    at = 4

    def take(form):
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return value

    def string():
        nonlocal at
        length = take("Q")
        at += length
        return data[at - length : at].decode(errors="replace")

    def value(kind):
        if kind == "array":
            element, count = list(KINDS)[take("I")], take("Q")
            return [value(element) for _ in range(count)]
        return string() if kind == "string" else take(KINDS[kind])

    _, tensor_count, key_count = take("I"), take("Q"), take("Q")
    metadata = {string(): value(list(KINDS)[take("I")]) for _ in range(key_count)}
    places = {string(): (tuple(reversed([take("Q") for _ in range(take("I"))])), take("I"), take("Q"))
              for _ in range(tensor_count)}
    begin = at + -at % metadata.get("general.alignment", 32)
    names, tensors = {kind.number: name for name, kind in TYPES.items()}, {}
    for name, (shape, number, offset) in places.items():
        kind = TYPES[names[number]]
        plain_bytes = {"F32": 4, "F16": 2, "BF16": 2}.get(names[number])
        size = int(np.prod(shape)) // kind.numbers * (plain_bytes or kind.bytes)
        tensors[name] = Stored(names[number], shape, data[begin + offset : begin + offset + size])
    return metadata, tensors


def llama_checkpoint(metadata, tensors):
    """-> (llama.Config, {name in a checkpoint: float32}) of what `read` gives."""
    of = lambda key: metadata["llama." + key]
    config = Config(hidden_size=of("embedding_length"), num_hidden_layers=of("block_count"),
                    intermediate_size=of("feed_forward_length"), num_attention_heads=of("attention.head_count"),
                    num_key_value_heads=of("attention.head_count_kv"), vocab_size=of("vocab_size"),
                    rms_norm_eps=of("attention.layer_norm_rms_epsilon"), rope_theta=of("rope.freq_base"),
                    max_position_embeddings=of("context_length"), tie_word_embeddings="output.weight" not in tensors)
    weights = {}
    for name in config.tensors():
        numbers, heads = tensors[stored_name(name)].numbers(), heads_of(config, name)
        weights[name] = deinterleave(numbers, heads) if heads else numbers
    return config, weights
