# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels as the compiler outlines them (docs/phases/outlined.mlir), written from Python: the text that kernel-images
compiles, and beside it a description from which checks/kernels.py makes inputs and the expected outputs.

A description is a dictionary: name, operation, attributes, bound, and its arguments in the order of the kernel's words.
"""

import numpy as np

ELEMENT_BYTES = {"f32": 4, "bf16": 2, "f16": 2}


def align(value, multiple):
    return (value + multiple - 1) // multiple * multiple


def number(value):
    return f"{np.float32(value):.9e}"


def frequencies(width, theta=10000.0):
    exponents = np.linspace(0, 1, width // 2, dtype=np.float32).astype(np.float64)
    return [float(f) for f in (np.float64(theta) ** -exponents).astype(np.float32)]


def rope_text(rope):
    return f"#yoco.rope<{rope['style']}, [{', '.join(number(f) for f in rope['frequencies'])}]>"


def rope_of(width, style):
    return style and {"style": style, "frequencies": frequencies(width)}


ROUNDED = 4e-3  # a row of results of f32 arithmetic, each rounded once to bf16


def bound_of(element, exact=2e-5):
    """How far rows of results of that type may be from the truth when they are computed in f32."""
    return exact if element == "f32" else ROUNDED


class Target:
    """What the layout of a kernel's arguments depends on."""

    def __init__(self, name, dtype):
        self.name, self.dtype = name, dtype
        self.device, _, self.chip = name.partition(":")
        self.chip = self.chip or {"host": "x86-64-v3", "nvptx": "sm_90a"}[self.device]
        self.gpu, self.bf16 = self.device == "nvptx", dtype == "bf16"
        self.storage = "bf16" if self.bf16 else "f32"
        self.panel = {"x86-64-v3": 16, "x86-64-v4": 32}.get(self.chip)

    def matrix_element(self, element):
        """The element type of a matrix that the checkpoint has as `element`."""
        return "bf16" if self.bf16 else element


# Arguments -----------------------------------------------------------------------------------------------------------


def rows(target, name, columns, element="f32", before=0, after=None):
    """Rows of a buffer; with `after` columns `before .. before + columns` of a wider one, like a slice of a group of
    linears."""
    width = columns if after is None else before + columns + after
    stride = align(width, 16 // ELEMENT_BYTES[element]) if target.gpu else width
    return {"kind": "rows", "name": name, "columns": columns, "stride": stride, "offset": before, "element": element}


def ids(name="ids"):
    return {"kind": "ids", "name": name}


def positions():
    return {"kind": "ids", "name": "positions"}


def segments(name="segments"):
    return {"kind": "segments", "name": name}


def state(heads, key, value):
    return {"kind": "state", "name": "state", "heads": heads, "key": key, "value": value}


def cache(target, heads, key, value, ring=0):
    return {
        "kind": "cache",
        "name": "cache",
        "heads": heads,
        "key": key,
        "value": value,
        "ring": ring,
        "element": target.storage,
    }


def matrix(target, name, outputs, inputs, element="bf16"):
    form = {
        "kind": "matrix",
        "name": name,
        "rows": outputs,
        "columns": inputs,
        "element": target.matrix_element(element),
    }
    return form | ({"stride": align(inputs, 8)} if target.gpu else {"panel": target.panel})


def table(target, name, count, columns, element="bf16"):
    stride = align(columns, 8) if target.gpu else columns
    return {
        "kind": "table",
        "name": name,
        "rows": count,
        "columns": columns,
        "stride": stride,
        "element": target.matrix_element(element) if target.gpu else element,
    }


def vector(name, columns, element="bf16"):
    return {"kind": "vector", "name": name, "columns": columns, "element": element}


def strided(stride, columns, offset=0):
    if stride == columns and not offset:
        return ""
    return f", strided<[{stride}, 1]{f', offset: {offset}' if offset else ''}>"


def type_of(a):
    if a["kind"] == "rows":
        return f"memref<?x{a['columns']}x{a['element']}{strided(a['stride'], a['columns'], a['offset'])}>"
    if a["kind"] == "ids":
        return "memref<?xi32>"
    if a["kind"] == "segments":
        return "!yoco.segments"
    if a["kind"] == "state":
        return f"!yoco.state<{a['heads']}x{a['key']}x{a['value']}xf32>"
    if a["kind"] == "vector":
        return f"memref<{a['columns']}x{a['element']}>"
    if "panel" in a:
        return f"memref<{align(a['rows'], a['panel']) // a['panel']}x{a['columns']}x{a['panel']}x{a['element']}>"
    return f"memref<{a['rows']}x{a['columns']}x{a['element']}{strided(a['stride'], a['columns'])}>"


def operands_of(a):
    """Names and types of an argument: keys and values have a cache each."""
    if a["kind"] != "cache":
        return [(a["name"], type_of(a))]
    shape = f"element = {a['element']}, window = {a['ring']}, layout = contiguous"
    return [
        (f"{a['name']}_{plane}", f"!yoco.cache<heads = {a['heads']}, width = {a[width]}, {shape}>")
        for plane, width in (("keys", "key"), ("values", "value"))
    ]


# Modules -------------------------------------------------------------------------------------------------------------


class Module:
    """Kernels that are compiled together."""

    def __init__(self, name, target):
        self.name, self.target = name, target
        self.kernels, self.text = [], []

    def add(self, operation, title, arguments, text, types, attributes=None, bound=None, **flags):
        """`text` is the operation in terms of the arguments' names; `types` names the operands, in order. Parameters
        come last among the arguments."""
        name = f"{operation}_{len(self.kernels)}"
        parameters = [a["name"] for a in arguments if a["kind"] in ("matrix", "table", "vector")]
        declared = ["%rows: index", "%segment_count: index", "%seq: index", "%begin: index", "%end: index"]
        for a in arguments:
            mark = f" {{yoco.parameter = @w{parameters.index(a['name'])}}}" if a["name"] in parameters else ""
            declared += [f"%{operand}: {kind}{mark}" for operand, kind in operands_of(a)]
        by_name = {a["name"]: [kind for _, kind in operands_of(a)] for a in arguments}
        signature = "" if types is None else f" : ({', '.join(kind for t in types for kind in by_name[t])}) -> ()"
        self.text.append(
            f"    func.func @{name}({', '.join(declared)}) {{\n      {text}{signature}\n      return\n    }}\n"
        )
        if bound is None:
            bound = 1e-2 if self.target.bf16 else 2e-5
        self.kernels.append(
            {
                "name": name,
                "operation": operation,
                "title": title,
                "arguments": arguments,
                "attributes": attributes or {},
                "bound": bound,
            }
            | flags
        )

    def mlir(self):
        t = self.target
        return (
            "module attributes {yoco.phase = #yoco.phase<planned>, "
            f'yoco.target = #yoco.target<"{t.device}", "{t.chip}", '
            f"{t.dtype}>,\n    yoco.bounds = #yoco.bounds<seq = 1048576, batch = 16, chunk = 2048, wanted = 256>}} {{\n"
            f"  module @kernels attributes {{yoco.kernels}} {{\n{''.join(self.text)}  }}\n}}\n"
        )
