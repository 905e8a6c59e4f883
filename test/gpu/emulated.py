# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels of target nvptx on this processor: what yoco-lower-nvptx makes of a module, written as C++ that calls the
micro-kernels in the emulator (test/kernels/Emulator.h). Order and constants of the arguments are the lowering's own, so
that checks/kernels.py tests both without a GPU. Generated chains, which are no micro-kernels, are left out."""

import re
import struct
import subprocess

FUNCTION = re.compile(r"gpu\.func @(\w+)\((.*?)\) kernel.*?\{\n(.*?)gpu\.return", re.DOTALL)
GLOBAL = re.compile(r"llvm\.mlir\.global internal constant @(\w+)\(dense<(.*?)> : tensor<(\d+)xf32>\)")
PREAMBLE = """#include "kernels/nvptx/MicroKernels.h"
#include <cstring>
using namespace yoco::device;
"""


def floats(text, count):
    """The values of a dense attribute, as it is printed."""
    if text.startswith('"0x'):
        return struct.unpack(f"<{count}f", bytes.fromhex(text.strip('"')[2:]))
    values = [float(v) for v in text.strip("[]").split(",")]
    return values * count if len(values) == 1 else values


def literal(value, kind):
    if kind == "f32":
        return (
            f"{struct.unpack('<f', struct.pack('<f', float(value)))[0]!r}f"
            if not value.startswith("0x")
            else f"/*{value}*/0.0f"
        )
    return value


def body_of(text, arguments):
    """The calls of a kernel, [(function, [(value, type)])]; None when it has more than calls."""
    names, calls = {f"%arg{i}": f"words[{i}]" for i in range(arguments)}, []
    for line in text.splitlines():
        line = line.strip()
        if match := re.match(r"(%\w+) = arith\.constant (\S+)(?: : (\w+))?$", line):
            names[match[1]] = literal(match[2], match[3])
        elif match := re.match(r"(%\w+) = gpu\.block_id\s+x", line):
            names[match[1]] = "blockIndex()"
        elif match := re.match(r"(%\w+) = arith\.index_cast (%\w+) : index to i64", line):
            names[match[1]] = names[match[2]]
        elif match := re.match(r"(%\w+) = llvm\.mlir\.zero", line):
            names[match[1]] = "0"
        elif match := re.match(r"(%\w+) = llvm\.mlir\.addressof @(\w+)", line):
            names[match[1]] = f"reinterpret_cast<uint64_t>({match[2]})"
        elif match := re.match(r"(%\w+) = llvm\.addrspacecast (%\w+)", line):
            names[match[1]] = names[match[2]]
        elif match := re.match(r"(%\w+) = llvm\.getelementptr (?:\w+ )?(%\w+)\[(%?\w+)\].*, (\w+)$", line):
            size = {"f32": 4, "bf16": 2, "f16": 2}[match[4]]
            names[match[1]] = f"({names[match[2]]} + uint64_t({names.get(match[3], match[3])}) * {size})"
        elif match := re.match(r"llvm\.call @(\w+)\((.*?)\) : \((.*?)\)", line):
            kinds = [k.strip() for k in match[3].split(",") if k]
            values = [names[v.strip()] for v in match[2].split(",") if v]
            calls.append((match[1], list(zip(values, kinds))))
        elif line:
            return None
    return calls


def argument_text(value, kind):
    return f"Any{{{value}}}" if kind == "!llvm.ptr" else f"int64_t({value})" if kind == "i64" else value


def preamble(lowered):
    """The tables of a module, and what calls in it need."""
    parts = [PREAMBLE]
    for name, text, count in GLOBAL.findall(lowered):
        values = ", ".join(f"{v!r}f" for v in floats(text, int(count)))
        parts.append(f"alignas(16) static const float {name}[] = {{{values}}};\n")
    parts.append("""namespace {
/// A word or a constant, as whatever pointer a parameter of a micro-kernel is.
struct Any {
  uint64_t word;
  template <typename T> operator T *() const { return reinterpret_cast<T *>(word); }
};
}
""")
    return "".join(parts)


def to_cpp(lowered):
    """-> (a translation unit with `run(name, words, blocks, threads, shared)`, the kernels that are in it)"""
    parts, names = [preamble(lowered)], []
    for name, arguments, text in FUNCTION.findall(lowered):
        calls = body_of(text, arguments.count("%arg"))
        if not calls:
            continue
        written = " ".join(
            f"{callee}({', '.join(argument_text(v, k) for v, k in values)});" for callee, values in calls
        )
        parts.append(f"static void {name}(const uint64_t *words) {{ {written} }}\n")
        names.append(name)
    parts.append(
        'extern "C" int run(const char *name, const uint64_t *words, int64_t blocks, int threads, int shared) {\n'
    )
    for name in names:
        parts.append(
            f'  if (!std::strcmp(name, "{name}"))\n'
            f"    return emulate(blocks, threads, shared, [&] {{ {name}(words); }}), 0;\n"
        )
    parts.append("  return 1;\n}\n")
    return "".join(parts), names


def execute(command, **options):
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr[-3000:]}")
    return done.stdout


class Emulator:
    """Compiles micro-kernels once, and modules against them."""

    def __init__(self, root, opt, folder, compiler="g++"):
        self.root, self.opt, self.folder = root, opt, folder
        self.compile = [
            compiler,
            "-std=c++17",
            "-O2",
            "-fPIC",
            "-w",
            f"-I{root}",
            '-DYOCO_EMULATE="test/kernels/Emulator.h"',
        ]
        folder.mkdir(parents=True, exist_ok=True)
        sources = [root / "test/kernels/Emulator.cpp", *sorted((root / "kernels/nvptx").glob("*.cu"))]
        self.objects = []
        for source in sources:
            self.objects.append(folder / f"{source.stem}.o")
            execute([*self.compile, "-x", "c++", "-c", source, "-o", self.objects[-1]])

    def link(self, source, output):
        execute([*self.compile, "-shared", "-o", output, source, *self.objects, "-lpthread"])

    def make(self, module, output):
        """Writes a shared object of the module's kernels; -> their names"""
        source = self.folder / f"{module.stem}.cpp"
        text, names = to_cpp(execute([self.opt, "--yoco-lower-nvptx", module]))
        source.write_text(text)
        self.link(source, output)
        return names
