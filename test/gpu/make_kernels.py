#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the modules of kernel_cases.py: DIR/NAME.mlir for kernel-images, DIR/NAME.json for checks/kernels.py."""

import argparse
import json
import pathlib

import kernel_cases
from kernel_text import Target


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", dest="folder", type=pathlib.Path, required=True)
    parser.add_argument("--target", default="nvptx:sm_90a")
    parser.add_argument("--dtype", default="bf16", choices=("bf16", "f32"))
    parser.add_argument("--quick", action="store_true", help="without the large shapes")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for module in kernel_cases.make_modules(Target(arguments.target, arguments.dtype), arguments.quick):
        (arguments.folder / f"{module.name}.mlir").write_text(module.mlir())
        (arguments.folder / f"{module.name}.json").write_text(json.dumps(module.kernels))
        print(f"{module.name}: {len(module.kernels)} kernels")


if __name__ == "__main__":
    main()
