# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The test suites that lit runs.

`*.mlir` and `*.test` files are scripts with RUN lines; below e2e/ and lint/ every method of a unittest.TestCase in a
`test_*.py` file is one test. Run one folder with `lit -v build/test/passes`, one file with `lit -v
build/test/e2e/test_golden.py`.

YOCO_CHECK_ROUNDTRIP=1 in the environment makes every yoco-opt of a RUN line also print and parse again what it has
read."""
import os
import sys

import lit.formats

config.name = "YOCO"
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(config.yoco_build_dir, "test")
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "checkpoints", "CMakeLists.txt", "README.md"]

tools = os.path.join(config.yoco_build_dir, "bin")
config.environment["PATH"] = os.pathsep.join([tools, config.llvm_tools_dir, os.environ.get("PATH", "")])
config.environment["YOCO_SOURCE_DIR"] = config.yoco_source_dir
config.environment["YOCO_BUILD_DIR"] = config.yoco_build_dir
config.environment["YOCO_LLVM_TOOLS_DIR"] = config.llvm_tools_dir
config.environment["YOCO_MLIR_INCLUDE_DIR"] = config.mlir_include_dir
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
for name in ("YOCO_RUN", "YOCO_SMOLLM2", "YOCO_SMOLLM2_TARGET", "ASAN_OPTIONS", "UBSAN_OPTIONS", "HOME", "TMPDIR"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%{examples}", os.path.join(config.yoco_source_dir, "examples")),
    ("%{checkpoints}", os.path.join(config.test_source_root, "e2e", "checkpoints")),
    ("%{plugin}", os.path.join(config.yoco_build_dir, "lib", "YocoPlugin.so")),
    ("%{python}", config.python),
    ("%{mlir_include}", config.mlir_include_dir.split(";")[0]),
]
if os.environ.get("YOCO_CHECK_ROUNDTRIP", "0") not in ("", "0"):
    # A command at the start of a RUN line or after `|`, `&&`, `;` or `not`; never a path.
    config.substitutions.append((r"(?<![-\w./])yoco-opt(?![-\w./])", "yoco-opt --verify-roundtrip"))

for tool in ("yoco-opt", "yoco-compile", "yoco-run", "yoco-bench", "yoco-diff", "yoco-lsp-server"):
    if os.path.exists(os.path.join(tools, tool)):
        config.available_features.add(tool)
if os.path.exists(os.path.join(config.yoco_build_dir, "lib", "YocoPlugin.so")):
    config.available_features.add("plugin")

sys.path.insert(0, os.path.join(config.test_source_root, "lit"))
