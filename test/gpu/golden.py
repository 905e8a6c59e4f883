# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Golden texts of a bundle: from the golden files of checkpoints, continued in float64, and of checkpoints made
here."""

import hashlib
import json
import pathlib

import numpy as np

import ced
import checkpoint
import decompositions
import llama
import reference
import safetensors
from checkpoint import Config

ROWS_PER_TEXT = 70  # prompts up to this long have logits for every row
STEPS_WITH_LOGITS = 8
NEW_ROWS = 6  # decoded after each prompt of a text that was made here

# Head widths, groups of heads, widths that nothing divides, windows, element types. The name says what is special.
SHAPES = {
    "heads-16": (
        Config(dim=48, n_layers=4, hidden_dim=99, n_self_heads=3, n_attn_heads=3, n_attn_kv_heads=1, vocab_size=97),
        "BF16",
    ),
    "heads-24-40": (
        Config(dim=120, n_layers=2, hidden_dim=131, n_self_heads=5, n_attn_heads=3, n_attn_kv_heads=3, vocab_size=1003),
        "BF16",
    ),
    "deep-f32": (
        Config(dim=80, n_layers=8, hidden_dim=100, n_self_heads=2, n_attn_heads=2, n_attn_kv_heads=1, vocab_size=101),
        "F32",
    ),
    "heads-128-f16": (
        Config(dim=256, n_layers=2, hidden_dim=77, n_self_heads=2, n_attn_heads=2, n_attn_kv_heads=1, vocab_size=65),
        "F16",
    ),
    "head-256": (
        Config(dim=256, n_layers=2, hidden_dim=96, n_self_heads=1, n_attn_heads=1, n_attn_kv_heads=1, vocab_size=97),
        "BF16",
    ),
    "many-heads": (
        Config(
            dim=128,
            n_layers=2,
            hidden_dim=77,
            n_self_heads=8,
            n_attn_heads=8,
            n_attn_kv_heads=1,
            vocab_size=203,
            rope_theta=500000.0,
            norm_eps=1e-3,
        ),
        "BF16",
    ),
    "window-1": (
        Config(
            dim=80,
            n_layers=4,
            hidden_dim=99,
            n_self_heads=2,
            n_attn_heads=2,
            n_attn_kv_heads=1,
            vocab_size=97,
            sliding_window=1,
        ),
        "BF16",
    ),
    "window-7": (
        Config(
            dim=144,
            n_layers=2,
            hidden_dim=999,
            n_self_heads=6,
            n_attn_heads=9,
            n_attn_kv_heads=3,
            vocab_size=1003,
            sliding_window=7,
        ),
        "BF16",
    ),
    "window-128-f32": (
        Config(
            dim=128,
            n_layers=2,
            hidden_dim=100,
            n_self_heads=2,
            n_attn_heads=8,
            n_attn_kv_heads=2,
            vocab_size=97,
            sliding_window=128,
        ),
        "F32",
    ),
    "window-long": (
        Config(
            dim=64,
            n_layers=2,
            hidden_dim=500,
            n_self_heads=4,
            n_attn_heads=2,
            n_attn_kv_heads=2,
            vocab_size=97,
            sliding_window=100000,
        ),
        "BF16",
    ),
    "llama-biases": (
        llama.Config(
            hidden_size=96,
            num_hidden_layers=2,
            intermediate_size=99,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            vocab_size=97,
            tie_word_embeddings=True,
            attention_bias=True,
            mlp_bias=True,
        ),
        "BF16",
    ),
    "llama-wide-groups": (
        llama.Config(
            hidden_size=256,
            num_hidden_layers=3,
            intermediate_size=500,
            num_attention_heads=8,
            num_key_value_heads=1,
            head_dim=64,
            vocab_size=203,
            rope_scaling={"type": "linear", "factor": 4.0},
        ),
        "F16",
    ),
    "ced-windows": (
        ced.Config(
            hidden_size=96,
            intermediate_size=99,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=16,
            encoder_layer_types=("sliding_attention", "full_attention"),
            num_decoder_layers=3,
            sliding_window=9,
            vocab_size=97,
        ),
        "BF16",
    ),
    # Not a checkpoint but a module: layer norms, biases, soft caps, and a linear that reads the residual stream as it
    # is.
    "decompositions": (decompositions.Config(), "BF16"),
}
# A first row of retention is (q . k) v, normalised: where that product is almost nothing, its sign is a matter of
# rounding, and a model of many layers makes much of it. With this seed no row of any shape is like that.
SEED = 12
QUICK_SHAPES = ("heads-16", "window-7", "llama-biases", "decompositions")


def family_of(config):
    """The module that makes checkpoints and the one that evaluates them."""
    if isinstance(config, decompositions.Config):
        return decompositions, decompositions
    for family in (ced, llama):
        if isinstance(config, family.Config):
            return family, family
    return checkpoint, reference


def load_config(folder):
    families = {"ced-toy": ced, "llama": llama}
    path = pathlib.Path(folder) / "config.json"
    fields = json.loads(path.read_text()) if path.exists() else {}
    return families.get(fields.get("model_type"), checkpoint).Config.load(folder)


def load_model(folder):
    return family_of(load_config(folder))[1].Model.load(folder)


def shorten(logits):
    """float32 with 16 bits of mantissa: a relative error of 1e-5, and a quarter less to store."""
    bits = np.ascontiguousarray(logits, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x80)) & np.uint32(0xFFFFFF00)).view(np.float32)


def text(tokens, lengths, rows, logits, best, margin, answer=0):
    return {
        "tokens": np.asarray(tokens, np.int32),
        "lengths": np.asarray(lengths, np.int32),
        "rows": np.asarray(rows, np.int32),
        "logits": shorten(logits),
        "best": np.asarray(best, np.int32),
        "margin": np.asarray(margin, np.float32),
        "answer": np.int32(answer),
    }


def top_two(logits):
    second, best = np.sort(logits, -1)[:, -2:].T
    return logits.argmax(-1), best - second


def pieces_of(tokenizer):
    """The pieces of a SentencePiece model, by id: field 1 of the model has the pieces, field 1 of a piece its text."""
    data, pieces, at = pathlib.Path(tokenizer).read_bytes(), [], 0

    def varint(at):
        value = shift = 0
        while True:
            byte = data[at]
            value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
            if byte < 128:
                return value, at

    while at < len(data):
        key, at = varint(at)
        if key & 7 == 0:
            _, at = varint(at)
            continue
        size, at = varint(at)
        if key == 0x0A:
            _, inner = varint(at)
            length, inner = varint(inner)
            pieces.append(data[inner : inner + length].decode())
        at += size
    return pieces


def answer_length(folder, greedy, answer):
    """How many of the greedy tokens it takes to say the answer; 0 without one."""
    if not answer:
        return 0
    pieces = pieces_of(pathlib.Path(folder) / "tokenizer.model")
    said = ""
    for i, token in enumerate(greedy):
        said += pieces[token].replace("\u2581", " ")
        if answer.strip() in said:
            return i + 1
    raise ValueError(f"{folder}: the golden continuation {said!r} does not say {answer!r}")


def texts_of_checkpoint(folder, longest=None):
    """The cases of golden.safetensors, with float64 logits along their greedy continuation."""
    model = load_model(folder)
    golden, metadata = safetensors.read(pathlib.Path(folder) / "golden.safetensors")
    texts = {}
    for name in sorted(key[: -len(".prompt")] for key in golden if key.endswith(".prompt")):
        prompt, greedy = golden[f"{name}.prompt"], golden[f"{name}.greedy"]
        if longest and len(prompt) > longest:
            continue
        tokens = np.concatenate((prompt, greedy[:-1]))
        first = len(prompt) - 1
        begin = 0 if len(tokens) <= ROWS_PER_TEXT else first
        logits = model.logits(tokens, slice(begin, None))
        error = reference.relative_error(logits[first - begin], golden[f"{name}.last_logits"])
        if error > 1e-5 or logits[first - begin :].argmax(-1).tolist() != greedy.tolist():
            raise ValueError(f"{folder}: the reference does not agree with the golden case {name}: {error:g}")
        best, margin = np.full(len(tokens), -1), np.full(len(tokens), -1.0)
        best[begin:], margin[begin:] = top_two(logits)
        rows = np.arange(begin, first + 1 + STEPS_WITH_LOGITS)
        texts[name] = text(
            tokens,
            [len(prompt)],
            rows,
            logits[: len(rows)],
            best,
            margin,
            answer_length(folder, greedy, metadata.get(f"{name}.answer")),
        )
    return texts


def texts_of_shape(folder, config, dtype, seed=SEED, count=136):
    """Makes a checkpoint in `folder`; prompts that end where something else does, in random text."""
    maker, evaluator = family_of(config)
    weights = maker.create(folder, config, seed, dtype=dtype)
    tokens = np.random.default_rng(seed + 1).integers(0, config.vocab_size, count)
    logits = evaluator.Model(config, weights).logits(tokens)
    window = getattr(config, "sliding_window", None) or 64
    lengths = sorted(
        n for n in {1, 2, window - 1, window, window + 1, 31, 63, 64, 65, 130} if 1 <= n <= count - NEW_ROWS
    )
    kept = (
        range(count) if config.vocab_size < 300 else sorted({n - 1 + i for n in lengths for i in range(NEW_ROWS + 1)})
    )
    best, margin = top_two(logits)
    # One text for each length: what follows a prompt is short.
    return {
        f"len{n}": text(
            tokens[: n + NEW_ROWS],
            [n],
            *(rows_below(kept, logits, n + NEW_ROWS)),
            best[: n + NEW_ROWS],
            margin[: n + NEW_ROWS],
        )
        for n in lengths
    }


def rows_below(kept, logits, end):
    # The last rows alone: the others are those of a shorter text, but for the longest.
    rows = [r for r in kept if r < end and (r >= end - NEW_ROWS - 1 or end > 130)]
    return rows, logits[rows]


def fill_unknown(texts):
    """Rows whose best token nobody computed take part in nothing."""
    for t in texts.values():
        t["margin"][t["best"] < 0] = -1
    return texts


def save(path, texts):
    np.savez_compressed(
        path, **{f"{name}/{field}": value for name, t in fill_unknown(texts).items() for field, value in t.items()}
    )


def key_of(*things):
    """A name for what depends on these files and texts."""
    digest = hashlib.sha256()
    for thing in things:
        digest.update(thing.read_bytes() if isinstance(thing, pathlib.Path) else str(thing).encode())
    return digest.hexdigest()[:24]
