# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The kernels that are checked one by one: every fused operation in the shapes of the 3B model and in awkward ones."""

import kernel_text as kt
import mixer_cases
from kernel_text import (
    Module,
    bound_of,
    ids,
    matrix,
    number,
    positions,
    rope_of,
    rope_text,
    rows,
    segments,
    table,
    vector,
)

# Row-wise ------------------------------------------------------------------------------------------------------------


def add_embed(module, count, columns, element="bf16", scale=1.5):
    t = module.target
    arguments = [ids(), rows(t, "out", columns), table(t, "w", count, columns, element)]
    module.add(
        "embed",
        f"{count}x{columns} {arguments[2]['element']}",
        arguments,
        f"yoco.fused_embed %ids table @w0 outs %out {{scale = {number(scale)} : f32}}",
        ["ids", "out"],
        {"scale": scale},
        bound=1e-6,
    )


def add_narrow(module, columns, out, timed=False):
    """Copies rows, or rounds them: a slice of wider ones, as a model has."""
    t = module.target
    for element in ("f32", out) if out != "f32" else ("f32",):
        arguments = [
            rows(t, "x", columns, element, before=8, after=3),
            segments("from"),
            segments("to"),
            rows(t, "out", columns, out),
        ]
        module.add(
            "narrow",
            f"{columns} {element} -> {out}",
            arguments,
            "yoco.fused_narrow %x at %from to %to outs %out",
            [a["name"] for a in arguments],
            bound=0,
            timed=timed,
        )
    module.add(
        "narrow",
        f"each row of {columns} {out}",
        arguments,
        "yoco.fused_narrow %x at %from to %to outs %out {each_row}",
        [a["name"] for a in arguments],
        {"each_row": True},
        bound=0,
    )


def add_norm(module, width, groups=1, weight=None, swish=False, out="f32", eps=1e-5):
    t = module.target
    columns = groups * width
    arguments = [rows(t, "x", columns)]
    if swish:
        arguments.append(rows(t, "swish", columns, before=8, after=4))
    arguments.append(rows(t, "out", columns, out))
    if weight:
        arguments.append(vector("w", width, weight))
    text = (
        f"yoco.fused_norm %x{' swish %swish' if swish else ''}{' weight @w0' if weight else ''} outs %out "
        f"{{eps = {number(eps)} : f32, groups = {groups} : i64}}"
    )
    title = f"{groups}x{width} weight {weight or 'none'}{' swish' if swish else ''} -> {out}"
    module.add(
        "norm",
        title,
        arguments,
        text,
        [a["name"] for a in arguments if a["kind"] == "rows"],
        {"eps": eps, "groups": groups},
        bound=bound_of(out, 3e-6),
    )


def add_rope(module, heads, width, style, out="f32"):
    t = module.target
    rope = rope_of(width, style)
    arguments = [rows(t, "x", heads * width, before=16, after=0), positions(), rows(t, "out", heads * width, out)]
    module.add(
        "rope",
        f"{heads}x{width} {style} -> {out}",
        arguments,
        f"yoco.fused_rope %x, %positions outs %out {{heads = {heads} : i64, rope = {rope_text(rope)}}}",
        ["x", "positions", "out"],
        {"heads": heads, "rope": rope},
        bound=bound_of(out, 2e-6),
    )


def add_swiglu(module, columns, out):
    """What is left of a gate when the product before it is the library's: generated code, not a micro-kernel."""
    t = module.target
    a, b = (rows(t, "a", columns, before=0, after=columns), rows(t, "b", columns, before=columns, after=0))
    o = rows(t, "out", columns, out)
    identity = "affine_map<(d0, d1) -> (d0, d1)>"
    rounded = (
        "%r = arith.mulf %s, %y : f32"
        if out == "f32"
        else "%q = arith.mulf %s, %y : f32\n      %r = arith.truncf %q : f32 to bf16"
    )
    text = (
        f"linalg.generic {{indexing_maps = [{identity}, {identity}, {identity}], "
        'iterator_types = ["parallel", "parallel"]}\n'
        f"        ins(%a, %b : {kt.type_of(a)}, {kt.type_of(b)}) outs(%out : {kt.type_of(o)}) {{\n"
        f"      ^bb0(%x: f32, %y: f32, %old: {out}):\n      %one = arith.constant 1.0 : f32\n"
        "      %n = arith.negf %x : f32\n"
        f"      %e = math.exp %n : f32\n      %d = arith.addf %one, %e : f32\n      %s = arith.divf %x, %d : f32\n"
        f"      {rounded}\n      linalg.yield %r : {out}\n      }}"
    )
    module.add("swiglu", f"{columns} -> {out}", [a, b, o], text, None, bound=bound_of(out, 3e-6))


def add_row_wise(module, quick):
    t = module.target
    out = t.storage
    module.add(
        "positions",
        "of rows",
        [ids(), segments(), rows_of_ids()],
        "yoco.fused_positions %ids at %segments outs %out",
        ["ids", "segments", "out"],
        bound=0,
    )
    add_narrow(module, 3072, out, timed=not quick)
    for columns, element in ((256, "f32"), (999, "f32"), (99, out), (7, out), (1, "f32")):
        add_narrow(module, columns, element)
    arguments = [ids("x"), segments("from"), segments("to"), ids("out")]
    text = "yoco.fused_narrow %x at %from to %to outs %out"
    module.add("narrow", "integers", arguments, text, [a["name"] for a in arguments], bound=0)
    add_embed(module, 1003, 3072)
    add_embed(module, 500, 999, "f32")
    add_embed(module, 33, 7, "f16")
    for width, weight in ((3072, "bf16"), (999, "f32"), (192, "f16"), (7, None)):
        add_norm(module, width, weight=weight, out=out)
    add_norm(module, 3072, weight="bf16", eps=1e-3)
    add_norm(module, 128, 24, swish=True, out=out)
    for width, groups in ((40, 5), (24, 3), (16, 1), (1536, 2)):
        add_norm(module, width, groups, swish=groups != 3, out=out)
    add_norm(module, 24, 3, weight="f32")
    add_rope(module, 8, 128, "interleaved", out)
    for heads, width, style in ((3, 24, "half"), (1, 16, "interleaved"), (5, 40, "half"), (2, 512, "interleaved")):
        add_rope(module, heads, width, style)
    for columns in (8192, 999, 500, 99, 7):
        add_swiglu(module, columns, out)


def rows_of_ids():
    return {"kind": "ids", "name": "out"}


# Linear groups -------------------------------------------------------------------------------------------------------


def add_linear(
    module,
    inputs,
    outputs,
    few=True,
    norm=None,
    activation=None,
    residual=False,
    weight="bf16",
    out="f32",
    x=None,
    steps=(1, 2, 3, 8, 9, 16),
    timed=False,
):
    t = module.target
    gated = activation in ("swiglu", "geglu")
    arguments = [rows(t, "x", inputs, x or ("f32" if norm else t.storage))]
    if residual:
        arguments.append(rows(t, "residual", outputs))
    arguments.append(rows(t, "out", outputs, t.storage if out == "storage" else out))
    joined = gated and t.gpu  # one matrix, the gate's rows first
    if joined:
        arguments.append(matrix(t, "w0", 2 * outputs, inputs, weight))
    else:
        arguments += [matrix(t, f"w{i}", outputs, inputs, weight) for i in range(2 if gated else 1)]
    matrices = sum(a["kind"] == "matrix" for a in arguments)
    if norm:
        arguments.append(vector("norm", inputs, norm))
    attributes = []
    if activation:
        attributes.append(f"activation = #yoco.activation<{activation}>")
    if norm:
        attributes.append(f"eps = {number(1e-5)} : f32, norm_weight = @w{matrices}")
    if few and t.gpu:
        attributes.append("max_rows = 16 : i64")
    if joined:
        attributes.append("joined")
    text = (
        f"yoco.fused_linear %x{' residual %residual' if residual else ''} "
        f"weights [{', '.join(f'@w{i}' for i in range(matrices))}] outs %out"
        + (f" {{{', '.join(attributes)}}}" if attributes else "")
    )
    title = (
        f"{inputs} -> {outputs}{f' norm {norm}' if norm else ''}{f' {activation}' if activation else ''}"
        f"{' residual' if residual else ''} weight {arguments[-1 if not norm else -2]['element']}"
    )
    module.add(
        "linear_few" if few else "linear_tiled",
        title,
        arguments,
        text,
        [a["name"] for a in arguments if a["kind"] == "rows"],
        {"activation": activation, "eps": 1e-5 if norm else None},
        steps=list(steps),
        timed=timed,
    )


def add_linears(module, quick):
    t = module.target
    large, small = (1, 5, 16), (1, 2, 3, 8, 9, 16)
    if not quick:
        for inputs, outputs, options in (
            (3072, 12312, {"norm": "bf16"}),
            (3072, 3072, {"residual": True}),
            (3072, 8192, {"norm": "bf16", "activation": "swiglu", "out": "storage"}),
            (8192, 3072, {"residual": True}),
            (3072, 2048, {"norm": "bf16"}),
            (3072, 100288, {"norm": "bf16"}),
        ):
            if t.bf16 or outputs < 100000:
                add_linear(module, inputs, outputs, steps=large, timed=t.bf16, **options)
        add_linear(module, 256, 1028, norm="bf16", steps=small)
        add_linear(module, 704, 256, residual=True, steps=small)
        add_linear(module, 256, 2048, norm="bf16", steps=small)
    for inputs, outputs, options in (
        (48, 99, {"norm": "f32", "activation": "swiglu", "out": "storage"}),
        (99, 48, {"residual": True}),
        (120, 1003, {"norm": "f16"}),
        (999, 256, {"residual": True}),
        (40, 7, {}),
        (16, 16, {"norm": "bf16"}),
        (64, 96, {"activation": "silu"}),
        (64, 97, {"activation": "gelu", "residual": True}),
        (500, 77, {"norm": "bf16", "activation": "geglu", "out": "storage"}),
        (7, 130, {}),
    ):
        add_linear(module, inputs, outputs, steps=small, **options)
    if not t.bf16:
        for weight in ("f32", "f16"):
            add_linear(module, 136, 99, norm=weight, weight=weight)
            add_linear(module, 99, 136, residual=True, weight=weight)


def add_tiled_linears(module, quick):
    """Many rows; in bf16 that is the library's work."""
    steps = (1, 17, 63, 64, 65, 200)
    for inputs, outputs, options in (
        (48, 99, {"activation": "swiglu"}),
        (99, 48, {"residual": True}),
        (120, 1003, {}),
        (999, 256, {"residual": True}),
        (64, 97, {"activation": "gelu", "residual": True}),
        (40, 7, {"activation": "silu"}),
        (136, 99, {"weight": "f16"}),
        (136, 96, {"activation": "geglu", "weight": "f32"}),
    ):
        add_linear(module, inputs, outputs, few=False, steps=steps, **options)
    if not quick:
        add_linear(module, 3072, 3072, few=False, residual=True, steps=(130,))
        add_linear(module, 3072, 8192, few=False, activation="swiglu", steps=(67,))


def add_argmaxes(module, quick):
    for columns in (7, 97, 2048, 5000 if quick else 100288):
        out = ids("out")
        x = {"kind": "rows", "name": "x", "columns": columns, "stride": columns, "offset": 0, "element": "f32"}
        module.add("argmax", str(columns), [x, out], "yoco.fused_argmax %x outs %out", ["x", "out"], bound=0)


def add_target_logits(module, count, columns, element="bf16"):
    t = module.target
    w = matrix(t, "w", count, columns, element)
    arguments = [rows(t, "x", columns, t.storage), ids("targets"), rows(t, "out", 1), w]
    module.add(
        "target_logits",
        f"{count}x{columns} {w['element']}",
        arguments,
        "yoco.fused_target_logits %x, %targets weight @w0 outs %out",
        ["x", "targets", "out"],
        bound=1e-5,
    )


def add_logprobs(module, columns, best=20, block=None, timed=False):
    """All columns of a row, or a `block` of them: the "first", a "middle" or the "last" one."""
    t, title = module.target, f"{columns}, {best} best" + (f", {block} block" if block else "")
    carried, partial = block in ("middle", "last"), block in ("first", "middle")
    arguments = [rows(t, "x", columns), ids("targets")]
    text = "yoco.fused_logprobs %x, %targets"
    if block:
        arguments.append(rows(t, "threshold", 1))
        text += " target_logits %threshold"
    if carried:
        arguments.append(rows(t, "carry", 5 + 2 * best))
        text += " after %carry"
    out = rows(t, "out", (5 if partial else 3) + 2 * best)
    if not partial:  # whole rows are handed out, one after the other
        out["stride"] = out["columns"]
    arguments.append(out)
    module.add(
        "logprobs",
        title,
        arguments,
        f"{text} outs %out {{best = {best} : i64{', partial' if partial else ''}}}",
        [a["name"] for a in arguments],
        {"best": best, "partial": partial},
        bound=2e-6,
        timed=timed,
    )


def add_all_logprobs(module, quick):
    for count, columns, element in ((1003, 3072, "bf16"), (100, 99, "f32"), (33, 7, "f16")):
        add_target_logits(module, count, columns, element)
    add_logprobs(module, 8192, block="middle", timed=not quick)
    for block in ("first", "last"):
        add_logprobs(module, 2048, block=block)
        add_logprobs(module, 97, 3, block)
    for columns, best in ((2048, 20), (99, 1), (30, 20), (1000, 0)):
        add_logprobs(module, columns, best)
    if not quick:
        add_logprobs(module, 100288)


def make_modules(target, quick=False):
    """All modules for `target`, a kernel_text.Target. `quick` leaves the large shapes out."""
    builders = {
        "row-wise": add_row_wise,
        "cache-write": mixer_cases.add_cache_writes,
        "linear-few": add_linears,
        "retention": mixer_cases.add_retentions,
        "attention-rows": mixer_cases.add_attentions,
        "argmax": add_argmaxes,
        "logprobs": add_all_logprobs,
    }
    if target.gpu:
        builders |= {"attention-split": mixer_cases.add_split_attentions, "attention-merge": mixer_cases.add_merges}
    if not target.bf16:
        builders["linear-tiled"] = add_tiled_linears
    modules = []
    for name, build in builders.items():
        module = Module(f"{name}-{target.dtype}", target)
        build(module, quick)
        modules.append(module)
    return modules
