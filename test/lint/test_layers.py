# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The arrows between layers: the first component of an include names the layer that it comes from."""
import re
import unittest

from sources import files, read

MLIR = {"mlir", "mlir-c", "llvm", "llvm-c", "lld", "clang"}
LAYERS = {"dialect", "frontend", "passes", "kernels", "compiler", "runtime", "tools"}
# What the files below a folder may include; the longest folder counts.
ALLOWED = {
    "dialect/": {"dialect/"} | MLIR,
    "frontend/": {"frontend/", "dialect/"} | MLIR,
    "kernels/": {"kernels/"} | MLIR,
    "passes/": {"passes/", "dialect/", "kernels/"} | MLIR,
    # Emission writes the model file: it needs the file's schema, and the checkpoint that the weights come from.
    "passes/emit/": {"passes/", "dialect/", "kernels/", "frontend/", "runtime/schema/"} | MLIR,
    "compiler/": {"compiler/", "passes/", "frontend/", "dialect/"} | MLIR,
    "runtime/": {"runtime/", "yoco/"},
    "tools/": {f"{layer}/" for layer in LAYERS} | {"yoco/"} | MLIR,
    "tools/common/": {"tools/common/", "yoco/"},
    "tools/yoco-run/": {"tools/yoco-run/", "tools/common/", "runtime/", "yoco/"},
    "tools/yoco-bench/": {"tools/yoco-bench/", "tools/common/", "yoco/"},
    "examples/": {"yoco/"},
    "examples/embed-compiler/": {"compiler/"} | MLIR,
}
INCLUDE = re.compile(r'^\s*#?\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


class Layers(unittest.TestCase):
    def test_arrows(self):
        seen, wrong = 0, []
        for path in files(".h", ".cpp", ".c", ".td", ".cu"):
            folders = [f for f in ALLOWED if str(path).startswith(f)]
            if not folders:
                continue
            allowed = ALLOWED[max(folders, key=len)]
            for bracket, name in INCLUDE.findall(read(path)):
                first = name.split("/")[0]
                ours = first in LAYERS or first == "yoco" or bracket == '"'
                if not ours and first not in MLIR:
                    continue  # the C++ library and third parties
                seen += 1
                if first not in allowed and not any(name.startswith(a) for a in allowed if a.endswith("/")):
                    wrong.append(f"{path}: {name} is not among {', '.join(sorted(allowed))}")
        self.assertGreater(seen, 0)
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_no_path_upwards(self):
        wrong = [f"{p}: {n}" for p in files(".h", ".cpp", ".c", ".td") for _, n in INCLUDE.findall(read(p)) if n.startswith("..")]
        self.assertEqual(wrong, [])
