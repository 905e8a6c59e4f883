# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs every pass and pipeline of yoco-opt on every module of a file: each either works or says what is wrong, and
never dies.

run_every_pass.py FILE [NUMBER]: modules are separated by `// -----`; NUMBER picks one.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

listed = subprocess.run(["yoco-opt", "--help"], capture_output=True, text=True, check=True).stdout
flags = sorted(set(re.findall(r"^ +--(yoco-[a-z-]+)", listed, re.MULTILINE)))
assert len(flags) > 15, flags
modules = re.split(r"^// -----$", pathlib.Path(sys.argv[1]).read_text(), flags=re.MULTILINE)
picked = [int(sys.argv[2])] if len(sys.argv) > 2 else range(len(modules))
bad = 0
with tempfile.TemporaryDirectory() as folder:
    for number in picked:
        plain = subprocess.run(["yoco-opt", "--allow-unregistered-dialect"], input=modules[number], capture_output=True,
                               text=True)
        if plain.returncode:
            bad += 1
            print(f"module {number} does not parse:\n{plain.stderr}")
        for flag in ["canonicalize", *flags]:
            option = f"=output={folder}/out.yoco" if flag == "yoco-emit" else ""
            for before in ([], ["--yoco-assign-target"]):
                command = ["yoco-opt", "--allow-unregistered-dialect", *before, f"--{flag}{option}", "-o",
                           f"{folder}/out.mlir"]
                done = subprocess.run(command, input=modules[number], capture_output=True, text=True)
                if done.returncode == 0 or (done.returncode == 1 and "error:" in done.stderr):
                    continue
                bad += 1
                print(f"module {number}: --{flag} {before}: exit status {done.returncode}\n{modules[number]}\n"
                      f"{done.stderr[-3000:]}")
print(f"{len(modules)} modules, {len(flags)} passes and pipelines, {bad} failures")
sys.exit(bad != 0)
