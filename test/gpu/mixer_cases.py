# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels that mix rows or keep them: retention, cache writes, attention."""

from kernel_text import ROUNDED, bound_of, cache, positions, number, rope_of, rope_text, rows, segments, state


def span_of(key):
    return 64 if key <= 128 else 32 if key <= 256 else 16


def add_retention(
    module, heads, key, value, span, style="interleaved", divisor=16.0, eps=1e-5, swish=True, out="f32", timed=False
):
    t = module.target
    # Slices of one group of linears, as in a model.
    widths = {"q": heads * key, "k": heads * key, "v": heads * value, "swish": heads * value, "gate": heads}
    total, before, slices = sum(widths.values()), 0, {}
    for name, width in widths.items():
        slices[name] = rows(t, name, width, before=before, after=total - before - width)
        before += width
    if span and t.gpu:
        eps, swish = None, False
    arguments = [slices[n] for n in ("q", "k", "v", "gate")] + [positions(), segments(), state(heads, key, value)]
    if swish:
        arguments.append(slices["swish"])
    arguments.append(rows(t, "out", heads * value, out))
    rope, scale = rope_of(key, style), key**-0.5
    attributes = [f"scale = {number(scale)} : f32"]
    if divisor:
        attributes.append(f"gate_divisor = {number(divisor)} : f32")
    if eps:
        attributes.append(f"eps = {number(eps)} : f32")
    if rope:
        attributes.append(f"rope = {rope_text(rope)}")
    if span:
        attributes.append(f"span = {span} : i64")
    text = (
        "yoco.fused_retention %q, %k, %v, %gate at %positions, %segments from %state"
        f"{' swish %swish' if swish else ''} outs %out "
        f"{{{', '.join(attributes)}}}"
    )
    parts = f"{' gated' if divisor else ''}{' norm' if eps else ''}{' swish' if swish else ''}"
    title = f"{heads}x{key}x{value} {style or 'no rope'}{parts} -> {out}"
    module.add(
        "retention_span" if span else "retention_step",
        title,
        arguments,
        text,
        [a["name"] for a in arguments],
        {"scale": scale, "divisor": divisor, "eps": eps, "rope": rope, "span": span},
        # A segment of one row has one score a head, a sum whose terms may cancel: 1.6e-2 has been seen.
        bound=(3e-2 if t.bf16 and span else ROUNDED if out == "bf16" else 5e-5),
        timed=timed,
    )


def add_retentions(module, quick):
    t = module.target
    if not quick:
        add_retention(module, 24, 128, 128, 0, out=t.storage, timed=t.bf16)
    for heads, key, value, options in (
        (4, 64, 64, {}),
        (3, 16, 16, {"style": None}),
        (5, 24, 40, {"style": "half", "swish": False}),
        (2, 40, 24, {"divisor": None, "eps": None}),
        (1, 256, 256, {}),
        (1, 512, 64, {"style": "half"}),
        (1, 64, 512, {"eps": None}),
    ):
        if not quick or max(key, value) <= 64:
            add_retention(module, heads, key, value, 0, out=t.storage if heads % 2 else "f32", **options)
    shapes = (
        (24, 128, 128, {}),
        (4, 64, 64, {}),
        (3, 16, 16, {"style": None}),
        (5, 24, 40, {"style": "half"}),
        (2, 40, 24, {"divisor": None}),
        (1, 256, 256, {}),
        (1, 512, 64, {"style": "half"}),
        (1, 128, 512, {}),
    )
    for heads, key, value, options in shapes if t.bf16 else () if t.gpu else shapes[1:5]:
        add_retention(
            module,
            heads,
            key,
            value,
            span_of(key),
            out=t.storage if heads % 2 else "f32",
            timed=heads == 24,
            **options,
        )


def add_cache_write(module, heads, key, value, ring, style, rotated=False):
    """`rotated`: the keys are storage, rotated before, as readers of fresh rows need them."""
    t = module.target
    rope = None if rotated else rope_of(key, style)
    columns = heads * (key + value)
    arguments = [
        (
            rows(t, "keys", heads * key, t.storage)
            if rotated
            else rows(t, "keys", heads * key, before=0, after=heads * value)
        ),
        rows(t, "values", heads * value, before=columns - heads * value, after=0),
        positions(),
        segments(),
        cache(t, heads, key, value, ring),
    ]
    text = "yoco.fused_cache_write %keys, %values at %positions, %segments to %cache_keys, %cache_values" + (
        f" {{rope = {rope_text(rope)}}}" if rope else ""
    )
    title = f"{heads}x({key}, {value}) {f'ring {ring}' if ring else 'growing'} {style if rope else 'no rope'}"
    module.add(
        "cache_write",
        title,
        arguments,
        text,
        [a["name"] for a in arguments],
        {"rope": rope},
        bound=bound_of(t.storage, 2e-6),
    )


def add_cache_writes(module, quick):
    for heads, key, value, ring, style, rotated in (
        (8, 128, 128, 0, "interleaved", False),
        (1, 16, 16, 0, "half", False),
        (3, 24, 40, 0, None, False),
        (2, 64, 64, 7, "interleaved", True),
        (1, 16, 24, 1, "half", False),
        (5, 40, 40, 128, "interleaved", True),
    ):
        add_cache_write(module, heads, key, value, ring, style, rotated)


def add_attention(
    module, heads, kv_heads, key, value, splits=0, ring=0, window=None, style="interleaved", out="storage", **flags
):
    t = module.target
    window = ring if window is None else window
    arguments = [
        rows(t, "q", heads * key, before=16, after=8),
        positions(),
        segments(),
        cache(t, kv_heads, key, value, ring),
    ]
    fresh = ""
    if ring:
        arguments += [
            rows(t, "keys", kv_heads * key, t.storage),
            rows(t, "values", kv_heads * value, before=kv_heads * key, after=0),
        ]
        fresh = " fresh(%keys, %values)"
    element = t.storage if out == "storage" else out
    columns = heads * splits * (value + 2) if splits else heads * value
    arguments.append(rows(t, "out", columns, "f32" if splits else element))
    rope, scale = rope_of(key, style), key**-0.5
    attributes = [f"scale = {number(scale)} : f32", f"heads = {heads} : i64"]
    if window:
        attributes.append(f"window = {window} : i64")
    if rope:
        attributes.append(f"rope = {rope_text(rope)}")
    if splits:
        attributes.append(f"splits = {splits} : i64")
    text = (
        f"yoco.fused_attention %q at %positions, %segments to %cache_keys, %cache_values{fresh} outs %out "
        f"{{{', '.join(attributes)}}}"
    )
    title = (
        f"{heads}/{kv_heads}x({key}, {value}) {f'ring {ring}' if ring else 'growing'}"
        f"{f' window {window}' if window else ''}"
        f"{f' splits {splits}' if splits else ''} {style or 'no rope'}"
    )
    module.add(
        "attention_split" if splits else "attention_rows",
        title,
        arguments,
        text,
        [a["name"] for a in arguments],
        {"scale": scale, "heads": heads, "window": window, "rope": rope, "splits": splits},
        **flags,
    )


def add_attentions(module, quick):
    t = module.target
    if not quick:
        add_attention(module, 24, 8, 128, 128, timed=t.bf16, long=t.bf16)
    for heads, kv_heads, key, value, options in (
        (4, 2, 64, 64, {"ring": 128}),
        (6, 2, 32, 32, {"style": "half"}),
        (3, 1, 16, 16, {"ring": 7}),
        (5, 5, 24, 40, {"style": None}),
        (8, 1, 40, 24, {"ring": 1}),
        (64, 1, 64, 64, {"out": "f32"}),
        (9, 3, 136, 72, {"ring": 100, "window": 33}),
        (4, 4, 16, 16, {"window": 50}),
        (4, 1, 256, 256, {}),
        (2, 1, 512, 512, {}),
        (2, 2, 128, 128, {"ring": 130}),
    ):
        if not quick or max(key, value) <= 136:
            add_attention(module, heads, kv_heads, key, value, **options)


def splits_of(batch, window, kv_heads):
    """As the target chooses (kernels/nvptx/shapes/AttentionShapes.h)."""
    splits = min(4 * 132 // max(1, batch * kv_heads), 128)
    return max(1, min(splits, (window - 2 + 64) // 64 + 1) if window else splits)


def add_split_attentions(module, quick):
    t = module.target
    add_attention(module, 24, 8, 128, 128, splits_of(1, 0, 8), timed=t.bf16, long=t.bf16)
    for heads, kv_heads, key, value, splits, options in (
        (4, 2, 64, 64, 3, {}),
        (4, 4, 64, 64, splits_of(1, 128, 4), {"ring": 128}),
        (6, 2, 32, 32, 1, {"style": "half"}),
        (3, 1, 16, 16, 128, {"style": None}),
        (5, 5, 24, 40, 5, {"ring": 7}),
        (8, 1, 40, 24, 2, {"ring": 1}),
        (64, 1, 64, 64, 7, {}),
        (9, 3, 136, 72, 4, {"ring": 200, "window": 150}),
        (4, 1, 256, 256, 9, {}),
        (2, 1, 512, 512, 8, {}),
        (20, 1, 128, 128, 6, {"window": 300}),
    ):
        add_attention(module, heads, kv_heads, key, value, splits, **options)


def add_merges(module, quick):
    t = module.target
    for heads, value, splits in ((24, 128, 66), (3, 16, 128), (5, 40, 1), (2, 512, 9), (64, 64, 33)):
        arguments = [
            rows(t, "partial", heads * splits * (value + 2)),
            segments(),
            rows(t, "out", heads * value, t.storage),
        ]
        module.add(
            "attention_merge",
            f"{heads}x{value} splits {splits}",
            arguments,
            "yoco.fused_attention_merge %partial at %segments outs %out "
            f"{{heads = {heads} : i64, splits = {splits} : i64}}",
            ["partial", "segments", "out"],
            {"heads": heads, "splits": splits},
            bound=bound_of(t.storage, 1e-5),
        )
