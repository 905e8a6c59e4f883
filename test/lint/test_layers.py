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
    # The interpreter knows what a model is, and nothing of how it is compiled; generated weights are the file format's.
    "compiler/interpreter/": {"compiler/interpreter/", "frontend/", "dialect/", "runtime/schema/"} | MLIR,
    "runtime/": {"runtime/", "yoco/"},
    "tools/": {f"{layer}/" for layer in LAYERS} | {"yoco/"} | MLIR,
    "tools/common/": {"tools/common/", "yoco/"},
    "tools/yoco-run/": {"tools/yoco-run/", "tools/common/", "runtime/", "yoco/"},
    "tools/yoco-bench/": {"tools/yoco-bench/", "tools/common/", "runtime/", "yoco/"},
    "examples/": {"yoco/"},
    "examples/embed-compiler/": {"compiler/"} | MLIR,
}
# What the folders of passes/ may include of each other; headers of passes/ itself are for all. A code generator
# (lowering/) is reached through the targets that it registers (target/), so that fusion and planning link none.
PASSES = {
    "analysis": {"analysis"},
    "step": {"step", "analysis"},
    "target": {"target", "analysis"},
    "fusion": {"fusion", "analysis", "target"},
    "planning": {"planning", "analysis", "target"},
    "lowering": {"lowering", "analysis", "target"},
    "emit": {"emit", "analysis", "target"},
}
# Code that compares the name of a device or of a chip: only a target's own folder and passes/target may.
NAMES = re.compile(
    r"""get(Device|Chip)\(\)\s*[!=]=|[!=]=\s*\w*\.?get(Device|Chip)\(\)|[!=]=\s*"(host|nvptx|cuda|sm_\w+|x86\S+)"|"""
    r"""Case\("(host|nvptx|cuda)"|\b(Host|Nvptx)Target\b"""
)
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

    def test_arrows_inside_passes(self):
        seen, wrong = set(), []
        for path in files(".h", ".cpp", ".td", ".def", under="passes/"):
            folder = path.parts[1] if len(path.parts) > 2 else None
            if not folder:
                continue
            self.assertIn(folder, PASSES, f"{path}: say in PASSES what passes/{folder} may include")
            seen.add(folder)
            for _, name in INCLUDE.findall(read(path)):
                parts = name.split("/")
                if parts[0] == "passes" and len(parts) > 2 and parts[1] not in PASSES[folder]:
                    wrong.append(f"{path}: {name} is not in {', '.join(sorted(PASSES[folder]))}")
        self.assertEqual(seen, set(PASSES))
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_libraries_of_passes(self):
        """The same arrows between the libraries."""
        for folder, allowed in PASSES.items():
            links = re.findall(r"yoco::passes-(\w+)", read(f"passes/{folder}/CMakeLists.txt"))
            with self.subTest(folder):
                self.assertEqual([link for link in links if link not in allowed], [])

    def test_targets_are_asked_and_not_compared(self):
        wrong = []
        for path in files(".h", ".cpp", under="passes/"):
            own = path.parts[1] == "target" or (path.parts[1] == "lowering" and len(path.parts) > 3)
            for number, line in enumerate(read(path).splitlines(), 1):
                if not own and NAMES.search(line.split("//")[0]):
                    wrong.append(f"{path}:{number}: {line.strip()}")
        self.assertEqual(wrong, [], "\nask the target, or make it a property of its device:\n" + "\n".join(wrong))

    def test_kinds_of_devices_are_one_table(self):
        """Names of devices in runtime/model and runtime/session: in DeviceKinds.cpp alone."""
        found = {
            str(path)
            for folder in ("runtime/model/", "runtime/session/")
            for path in files(".h", ".cpp", under=folder)
            for line in read(path).splitlines()
            if re.search(r'"(host|cuda)"', line.split("//")[0])
        }
        self.assertEqual(found, {"runtime/model/DeviceKinds.cpp"})

    def test_no_path_upwards(self):
        wrong = [f"{p}: {n}" for p in files(".h", ".cpp", ".c", ".td") for _, n in INCLUDE.findall(read(p))
                 if n.startswith("..")]
        self.assertEqual(wrong, [])
