# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole models of target nvptx on this processor: a model file whose code is a shared object of emulated kernels, as
the library that stands in for the driver takes it (test/runtime/fake/FakeGpu.h). All but the machine code is real:
fusion, plan, lowering, the runtime's device `cuda` with its graphs, the micro-kernels; products are plain loops.

Elementwise chains and sums along rows are translated from their operation, not from what the target's code generator
makes of it."""

import math
import os
import re
import stat

import emulated
from emulated import FUNCTION, argument_text, body_of, execute, literal

GENERIC = re.compile(
    r"func\.func @(\w+)\(([^\n]*)\) \{\n((?:\s+%\w+ = arith\.constant [^\n]*\n)*)\s*linalg\.generic "
    r"\{indexing_maps = \[(.*?)\], iterator_types = \[(.*?)\]\} ins\((.*?) : .*?\) outs\((%\w+) : .*?\)"
    r"(?: attrs =\s+\{yoco\.initial = \[(\S+) : f32\]\})? \{\n\s*\^bb0\((.*?)\):\n(.*?)\n\s*linalg\.yield (%\w+)",
    re.DOTALL,
)
MAP = re.compile(r"^(#map\d*) = affine_map<\([^)]*\) -> \((.*)\)>$", re.MULTILINE)
BUFFER = re.compile(r"(%\w+): memref<((?:[\d?]+x)+)(\w+)(?:, strided<\[([\d, ]+)\](?:, offset: (\d+))?>)?>")
OPERATIONS = {
    "arith.addf": "{0} + {1}",
    "arith.subf": "{0} - {1}",
    "arith.mulf": "{0} * {1}",
    "arith.divf": "{0} / {1}",
    "arith.negf": "-{0}",
    "arith.extf": "{0}",
    "arith.truncf": "{0}",  # the store rounds
    "math.exp": "std::exp({0})",
    "math.rsqrt": "1.0f / std::sqrt({0})",
    "math.tanh": "std::tanh({0})",
}
PREAMBLE = """#include <cmath>
#include "kernels/nvptx/Math.h"
namespace {
constexpr int f32 = kF32, bf16 = kBf16, f16 = kF16;
}
"""


class Buffer:
    """An argument of a kernel: rows, heads of rows, or a vector of a parameter."""

    def __init__(self, word, shape, kind, strides, offset):
        self.word, self.kind, self.offset = word, kind, int(offset or 0)
        self.shape = [0 if n == "?" else int(n) for n in shape.strip("x").split("x")]
        inner = [math.prod(self.shape[i + 1 :]) for i in range(len(self.shape))]
        self.strides = [int(n) for n in strides.split(", ")] if strides else inner

    def element(self, places):
        at = " + ".join(f"{place} * {stride}" for place, stride in zip(places, self.strides))
        return f"reinterpret_cast<void *>(words[{self.word}]), {self.kind}, {at} + {self.offset}"


def generic_body(match, maps):
    """-> (the kernel's name, how many words it has, C++)"""
    name, arguments, constants, indexing, iterators, inputs, output, initial, block, operations, result = match.groups()
    order = re.findall(r"(%\w+): ", arguments)
    # Begin and end are no words.
    buffers = {m[0]: Buffer(order.index(m[0]) - 2, *m[1:]) for m in BUFFER.findall(arguments)}
    operands = [*(i.strip() for i in inputs.split(",")), output]
    places = [maps[m.strip()] for m in indexing.split(",")]
    sizes = {d: n for operand, dims in zip(operands, places) for d, n in zip(dims, buffers[operand].shape) if d != "0"}
    loops = [
        f"for (int64_t d{i} = 0; d{i} < {sizes[f'd{i}'] or 'int64_t(words[0])'}; ++d{i})"
        for i in range(len(sizes))
    ]
    sums = iterators.count("reduction")  # the last loops

    names = {m[0]: literal(m[1], m[2]) for m in re.findall(r"(%\w+) = arith\.constant (\S+) : (\w+)", constants)}
    formal = [part.split(":")[0].strip() for part in block.split(",")]
    names |= {variable: variable.replace("%", "in_") for variable in formal}
    code = [
        f"const float {names[variable]} = loadElement({buffers[operand].element(dims)});"
        for variable, operand, dims in zip(formal[:-1], operands, places)
    ]
    for line in operations.splitlines():
        target, operation, values = re.match(r"\s*(%\w+) = (\S+) (.*?) : ", line).groups()
        values = [names[v.strip()] for v in values.split(",")]
        names[target] = target.replace("%", "value_")
        code.append(f"const float {names[target]} = {OPERATIONS[operation].format(*values)};")
    store = f"storeElement({buffers[output].element(places[-1])}, "
    text = f"{{ {' '.join(code)} {store}{names[result]}); }}"
    if sums:
        total = names[formal[-1]]
        inner = f"{' '.join(loops[-sums:])} {{ {' '.join(code)} {total} = {names[result]}; }}"
        text = f"{{ float {total} = {literal(initial, 'f32')}; {inner} {store}{total}); }}"
    return name, len(order) - 2, f"{' '.join(loops[: len(loops) - sums])} {text}"


def to_cpp(outlined, lowered):
    """Kernels `k(words, begin, end)` and `k_words`. A grid comes block by block, the first one last, which then runs
    it."""
    parts, bodies = [emulated.preamble(lowered), PREAMBLE], {}
    maps = {name: places.split(", ") for name, places in MAP.findall(outlined)}
    for match in GENERIC.finditer(outlined):
        name, words, code = generic_body(match, maps)
        bodies[name] = words, code
    for name, arguments, text in FUNCTION.findall(lowered):
        calls = body_of(text, arguments.count("%arg"))
        if calls and name not in bodies:
            # Attributes stand between the arguments and the body.
            head = lowered[lowered.index(f"gpu.func @{name}(") :]
            threads, shared = (re.search(rf"\b{what} = (\d+)", head)[1] for what in ("threads", "shared_bytes"))
            run = " ".join(f"{c}({', '.join(argument_text(v, k) for v, k in values)});" for c, values in calls)
            bodies[name] = arguments.count("%arg"), f"emulate(blocks, {threads}, {shared}, [&] {{ {run} }});"
    for name, (words, code) in bodies.items():
        parts.append(
            f'extern "C" uint32_t {name}_words;\nuint32_t {name}_words = {words};\n'
            f'extern "C" void {name}(const uint64_t *words, uint32_t begin, uint32_t end) {{\n'
            f"  static uint32_t blocks = 0;\n  if (!blocks) blocks = end;\n  if (begin) return;\n"
            f"  {code}\n  blocks = 0;\n}}\n"
        )
    return "".join(parts)


def dress(library, output):
    """An ELF file that says it is for GPUs."""
    data = bytearray(library.read_bytes())
    data[18:20] = (190).to_bytes(2, "little")
    output.write_bytes(data)


def compile_model(emulator, compiler, checkpoint, output, flags):
    """yoco-compile with an assembler that gives the emulated code, whatever it is asked."""
    work = emulator.folder / output.stem
    work.mkdir()
    execute([compiler, checkpoint, "-o", work / "planned.mlir", "--compile-to=planned", *flags])
    execute([emulator.opt, "--yoco-outline-kernels", work / "planned.mlir", "-o", work / "outlined.mlir"])
    lowered = execute([emulator.opt, "--yoco-lower-nvptx", work / "outlined.mlir"])
    (work / "code.cpp").write_text(to_cpp((work / "outlined.mlir").read_text(), lowered))
    emulator.link(work / "code.cpp", work / "code.so")
    dress(work / "code.so", work / "code.cubin")
    assembler = work / "ptxas"
    assembler.write_text(
        '#!/bin/sh\nwhile [ $# -gt 0 ]; do\n  case "$1" in\n    -o) cp "$CODE" "$2"; shift ;;\n'
        '    -o*) cp "$CODE" "${1#-o}" ;;\n'
        '    --output-file=*) cp "$CODE" "${1#--output-file=}" ;;\n  esac\n  shift\ndone\n'.replace(
            "$CODE", str(work / "code.cubin")
        )
    )
    assembler.chmod(assembler.stat().st_mode | stat.S_IXUSR)
    execute([compiler, checkpoint, "-o", output, *flags], env=os.environ | {"YOCO_PTXAS": str(assembler)})
