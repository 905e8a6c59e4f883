#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fills a folder with everything that checks on a GPU machine need, without LLVM there: scripts/gpu-bundle calls
this."""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE / "checks"), str(HERE.parent / "e2e")]

import numpy as np  # noqa: E402

import bundle  # noqa: E402
import checkpoint  # noqa: E402
import delta  # noqa: E402
import emulated  # noqa: E402
import emulated_models  # noqa: E402
import golden  # noqa: E402
import kernel_cases  # noqa: E402
import launches  # noqa: E402
import programs  # noqa: E402
from kernel_text import Target  # noqa: E402

BOUNDS = {("trained", "bf16"): 2e-2, ("random", "bf16"): 3e-2, ("trained", "f32"): 1e-3, ("random", "f32"): 1e-3}
LARGE = checkpoint.Config(
    dim=3072, n_layers=26, hidden_dim=8192, n_self_heads=24, n_attn_heads=24, n_attn_kv_heads=8, vocab_size=100288
)
# So few keys and values that 64 sequences of a million tokens fit on one device.
TWO_KV_HEADS = dataclasses.replace(LARGE, n_attn_kv_heads=2)
SMALL = checkpoint.Config(
    dim=64, n_layers=4, hidden_dim=96, n_self_heads=4, n_attn_heads=4, n_attn_kv_heads=2, vocab_size=97
)


def say(text):
    print(f"gpu-bundle: {text}", flush=True)


def execute(command, what):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"gpu-bundle: {what}: exit status {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done.stdout


class Maker:
    def __init__(self, arguments):
        self.a, self.out, self.build = arguments, arguments.output, arguments.build
        self.gpu = arguments.target.startswith("nvptx")
        self.cache = self.build / "gpu-bundle/cache"
        self.cache.mkdir(parents=True, exist_ok=True)
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="yoco-bundle-"))
        self.compiler, self.images = self.build / "bin/yoco-compile", self.build / "bin/kernel-images"
        self.manifest = {
            "device": "cuda" if self.gpu else "host",
            "target": arguments.target,
            "models": [],
            "packed": [],
        }
        self.bases = {}  # of each golden name: files whose bytes a reader has, by the names under which it finds them
        self.jobs = concurrent.futures.ThreadPoolExecutor(arguments.jobs)
        self.emulator = None
        if arguments.emulate:
            self.emulator = emulated.Emulator(ROOT, self.build / "bin/yoco-opt", self.scratch / "emulator")

    def run(self):
        (self.out / bundle.ARCHIVE).unlink(missing_ok=True)
        for part in ("checks", "golden", "models", "kernels"):
            shutil.rmtree(self.out / part, ignore_errors=True)
            (self.out / part).mkdir(parents=True)
        self.copy_checks()
        if "programs" in self.a.parts:
            self.manifest["conformance"] = programs.collect(self.a, self.out / "bin", say)
        if "models" in self.a.parts:
            self.add_models()
        if "kernels" in self.a.parts:
            self.add_kernels()
        if self.a.lean:
            bundle.pack(self.out)
        (self.out / "manifest.json").write_text(json.dumps(self.manifest, indent=1, sort_keys=True) + "\n")
        shutil.rmtree(self.scratch)

    def copy_checks(self):
        shutil.copy(HERE / "run.py", self.out)
        for path in [*sorted((HERE / "checks").glob("*.py")), HERE.parent / "e2e/safetensors.py"]:
            shutil.copy(path, self.out / "checks")

    # Models ----------------------------------------------------------------------------------------------------------

    def checkpoints(self):
        """{name: folder}; folders with equal weights are one."""
        if self.a.quick:
            return {}
        folders = {
            "tiny-gret": ROOT / "examples/yoco-tiny/gret",
            "tiny-swa": ROOT / "examples/yoco-tiny/swa",
            "gret-random": ROOT / "test/e2e/checkpoints/yoco-gret-random",
            "swa-random": ROOT / "test/e2e/checkpoints/yoco-swa-random",
            "llama-tiny": ROOT / "test/e2e/checkpoints/llama-tiny",
            "llama-rope3-tiny": ROOT / "test/e2e/checkpoints/llama-rope3-tiny",
            "ced-tiny": ROOT / "test/e2e/checkpoints/ced-tiny",
        }
        seen = {golden.key_of(folder / "model.safetensors") for folder in folders.values()}
        for above in [*self.a.checkpoints, ROOT.parent / "shared/models"]:
            for folder in sorted([above, *above.glob("yoco-*")]) if above.is_dir() else []:
                weights = folder / "model.safetensors"
                if (
                    weights.is_file()
                    and (folder / "golden.safetensors").is_file()
                    and golden.key_of(weights) not in seen
                ):
                    seen.add(golden.key_of(weights))
                    folders[folder.name] = folder
        return folders

    def add_models(self):
        work = []
        for name, folder in self.checkpoints().items():
            kind = "trained" if (folder / "tokenizer.model").exists() else "random"
            vocabulary = golden.load_config(folder).vocab_size
            if ROOT in folder.parents:
                self.bases[name] = {str((folder / "model.safetensors").relative_to(ROOT)): folder / "model.safetensors"}
            work.append((name, folder, kind, vocabulary, self.cached_texts(folder)))
        shapes = golden.QUICK_SHAPES if self.a.quick else golden.SHAPES
        for name in shapes:
            config, dtype = golden.SHAPES[name]
            folder = self.scratch / name
            texts = golden.texts_of_shape(folder, config, dtype)
            if self.emulator:  # slow
                texts = {n: t for n, t in texts.items() if n in ("len2", "len8", "len65")}
            work.append((name, folder, "random", config.vocab_size, texts))
        for name, folder, kind, vocabulary, texts in work:
            golden.save(self.out / f"golden/{name}.npz", texts)
        plans = [plan for item in work for plan in self.plans(*item)]
        list(self.jobs.map(self.compile, plans))
        for plan in plans:
            self.place(plan["name"], plan["golden"])
            self.manifest["models"].append({k: v for k, v in plan.items() if k not in ("folder", "flags")})
        if not self.emulator:
            self.add_large()

    def plans(self, name, folder, kind, vocabulary, texts):
        """The model files that one checkpoint becomes."""
        longest = max(len(t["tokens"]) for t in texts.values())

        def plan(suffix, dtype, batch, target=self.a.target, **more):
            flags = [
                f"--target={target}",
                f"--dtype={dtype}",
                f"--max-batch={batch}",
                f"--max-seq-len={max(256, longest)}",
            ]
            return {
                "name": f"{name}-{suffix}",
                "golden": name,
                "folder": folder,
                "flags": flags,
                "dtype": dtype,
                "batch": batch,
                "bound": BOUNDS[kind, dtype],
                "vocabulary": vocabulary,
            } | more

        if not self.gpu:
            yield plan("f32", "f32", 8)
            return
        if self.emulator:
            yield plan("bf16", "bf16", 4, chunks=[None, 7])
            yield plan("f32", "f32", 4, chunks=[7])
            return
        small = name in ("gret-random", "swa-random")
        needle = {}
        if name in ("tiny-gret", "tiny-swa"):
            shutil.copy(ROOT / "examples/yoco-tiny/needle.txt", self.out / "golden/needle.txt")
            needle["needle_text"] = {"file": "needle.txt", "answer": "30558"}
        yield plan("bf16", "bf16", 8, sanitize=small, **needle)
        yield plan("f32", "f32", 8, sanitize=small)
        if small:
            # More slots than the kernels for few rows take, and code that this GPU's driver compiles.
            yield plan("bf16-batch-24", "bf16", 24, chunks=[None])
            yield plan("bf16-ptx", "bf16", 4, target="nvptx:sm_80", chunks=[None])

    def cached_texts(self, folder):
        key = golden.key_of(folder / "model.safetensors", folder / "golden.safetensors", pathlib.Path(golden.__file__))
        cached = self.cache / f"texts-{key}.npz"
        if not cached.exists():
            started = time.monotonic()
            golden.save(cached, golden.texts_of_checkpoint(folder))
            say(f"float64 logits of {folder.name}: {time.monotonic() - started:.1f} s")
        texts = {}
        with np.load(cached) as data:
            for key in data.files:
                name, _, field = key.partition("/")
                texts.setdefault(name, {})[field] = data[key]
        return texts

    def compile(self, plan):
        output = self.scratch / f"{plan['name']}.yoco"
        module = plan["folder"] / "model.mlir"
        source = module if module.exists() else plan["folder"]
        if self.emulator:
            emulated_models.compile_model(self.emulator, self.compiler, source, output, plan["flags"])
        else:
            execute([self.compiler, source, "-o", output, *plan["flags"]], f"compiling {plan['name']}")

    def place(self, name, origin):
        """Puts a model into the bundle: whole, or as what differs from files that are there already."""
        source = self.scratch / f"{name}.yoco"
        bases = {n: p for n, p in self.bases.get(origin, {}).items() if self.a.lean or n.endswith(".yoco")}
        if bases or self.a.lean:
            delta.make(source, self.out / f"models/{name}.delta", bases)
            self.manifest["packed"].append(name)
        else:
            shutil.copy(source, self.out / f"models/{name}.yoco")
        self.bases.setdefault(origin, {})[f"{name}.yoco"] = source

    def add_large(self):
        """The configuration for long contexts and speed: weights are made where it runs."""
        config, few_heads, length = (SMALL, SMALL, 512) if self.a.quick else (LARGE, TWO_KV_HEADS, 1 << 20)
        dtype = "bf16" if self.gpu else "f32"
        for name, config, batch in (
            ("large", config, 1),
            ("large-64-slots", config, 64),
            ("large-2-kv-heads-64-slots", few_heads, 64),
        ):
            folder = self.scratch / name
            folder.mkdir()
            config.save(folder / "config.json")
            self.compile(
                {
                    "name": name,
                    "folder": folder,
                    "flags": [
                        f"--target={self.a.target}",
                        f"--dtype={dtype}",
                        "--random-weights=1",
                        f"--max-seq-len={length}",
                        f"--max-batch={batch}",
                    ],
                }
            )
            self.place(name, "large")
        # Steps of so many sequences of a length, in a session of the first model that has room for as many, and in one
        # of the second that has room for 64.
        few = "large-2-kv-heads-64-slots"
        slots = (
            [[few, few, 1, 512]]
            if self.a.quick
            else [
                ["large", "large-64-slots", 1, 1024],
                ["large-64-slots", "large-64-slots", 8, 1024],
                ["large-64-slots", "large-64-slots", 8, 32768],
                [few, few, 1, 1048576],
            ]
        )
        lengths, contexts, batch_contexts = (
            ([100, 300], [64, 200], [64])
            if self.a.quick
            else ([32768, 1048576], [1024, 32768, 131072, 524288, 1048576], [1024, 32768])
        )
        self.manifest["long"] = {
            "model": "large",
            "lengths": lengths,
            "chunks": [64, 50] if self.a.quick else [2048, 1000],
            "bound": 3e-2 if self.gpu else 1e-3,
            "vocabulary": config.vocab_size,
        }
        self.manifest["bench"] = {
            "model": "large",
            "batches": [1, 8],
            "contexts": contexts,
            "batch_contexts": batch_contexts,
            "batch_model": "large-64-slots",
            "slots": slots,
        }

    # Kernels ---------------------------------------------------------------------------------------------------------

    def add_kernels(self):
        modules = [
            module
            for dtype in (("bf16", "f32") if self.gpu else ("f32",))
            for module in kernel_cases.make_modules(Target(self.a.target, dtype), self.a.quick)
        ]
        if self.emulator:
            self.manifest["kernels_device"] = "emulated"
            list(self.jobs.map(self.add_emulated, modules))
            return
        if self.gpu:
            execute([self.build / "bin/yoco-write-toys", self.scratch], "the model with clusters")
            shutil.copy(self.scratch / "toy-cluster.yoco", self.out / launches.FILE)
        failed = [name for name in self.jobs.map(self.add_module, modules) if name]
        if failed:
            say(f"these kernels did not compile, and will be failures: {', '.join(failed)}")

    def add_emulated(self, module):
        """A module that runs without a GPU, slowly."""
        folder, source = self.out / "kernels", self.scratch / f"{module.name}.mlir"
        source.write_text(module.mlir())
        execute([self.images, "--launches-only", source, "-o", folder / module.name], f"launches of {module.name}")
        names = self.emulator.make(source, folder / f"{module.name}.emulator")
        missing = [k["title"] for k in module.kernels if k["name"] not in names and k["operation"] != "swiglu"]
        if missing:
            sys.exit(f"gpu-bundle: {module.name}: the emulator does not take {missing}")
        wide = lambda k: not module.target.bf16 and k["attributes"].get("heads", 0) > 32  # noqa: E731
        kernels = [k for k in module.kernels if k["name"] in names and not wide(k)]
        (folder / f"{module.name}.json").write_text(json.dumps(kernels) + "\n")
        path = folder / f"{module.name}.launch.json"
        images = [{"format": "emulator", "architecture": "", "file": f"{module.name}.emulator"}]
        path.write_text(json.dumps(json.loads(path.read_text()) | {"images": images}, sort_keys=True) + "\n")

    def add_module(self, module):
        """-> its name when it does not compile"""
        name, folder, text = module.name, self.out / "kernels", module.mlir()
        (folder / f"{name}.json").write_text(json.dumps(module.kernels) + "\n")
        cached = self.cache / f"kernels-{golden.key_of(self.images, text)}"
        if not cached.is_dir():
            work = pathlib.Path(tempfile.mkdtemp(dir=self.cache))
            (work / "in.mlir").write_text(text)
            done = subprocess.run(
                [str(self.images), str(work / "in.mlir"), "-o", str(work / name)],
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
            )
            if done.returncode != 0:
                say(f"{name}: {done.stderr[-1500:]}")
                shutil.rmtree(work)
                return name
            (work / "in.mlir").unlink()
            os.replace(work, cached)
        launch = json.loads((cached / f"{name}.launch.json").read_text())
        # PTX is large; that of two modules is enough to see that a driver takes it.
        keep = [
            i
            for i in launch["images"]
            if i["format"] != "ptx" or len(launch["images"]) == 1 or name.startswith(("row-wise", "attention-merge"))
        ]
        for image in keep:
            shutil.copy(cached / image["file"], folder)
        launch["images"] = keep
        (folder / f"{name}.launch.json").write_text(json.dumps(launch, sort_keys=True) + "\n")
        return None


def parse():
    parser = argparse.ArgumentParser(prog="gpu-bundle", description=__doc__)
    parser.add_argument("-o", dest="output", type=pathlib.Path, required=True, metavar="DIR", help="folder to fill")
    parser.add_argument(
        "--checkpoints",
        type=pathlib.Path,
        action="append",
        default=[],
        metavar="DIR",
        help="more checkpoints with golden files: DIR itself or DIR/yoco-*; ../shared/models is one when it is there",
    )
    parser.add_argument(
        "--lean",
        action="store_true",
        help="compress, and store models as differences to the repository's checkpoints, which run.py then needs "
        "(--base)",
    )
    parser.add_argument(
        "--build",
        type=pathlib.Path,
        metavar="DIR",
        help="a build of the compiler, used as it is; default: builds build/",
    )
    parser.add_argument("--target", default="nvptx:sm_90a", help="of models and kernels; default nvptx:sm_90a")
    parser.add_argument("--quick", action="store_true", help="small shapes and small models alone")
    parser.add_argument("--parts", default="programs,models,kernels", help="what to make: of programs,models,kernels")
    parser.add_argument(
        "--plain-programs", action="store_true", help="take the programs of the build as they are, for this machine"
    )
    parser.add_argument(
        "--emulate", action="store_true", help="make code that an emulator runs on this processor, for tests"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    arguments.parts = arguments.parts.split(",")
    return arguments


def main():
    arguments = parse()
    started = time.monotonic()
    if arguments.build is None:
        arguments.build = ROOT / "build"
        subprocess.run([ROOT / "scripts/build", "yoco-compile", "kernel-images", "yoco-write-toys"], check=True)
    arguments.build = arguments.build.resolve()
    arguments.output.mkdir(parents=True, exist_ok=True)
    Maker(arguments).run()
    files = [p for p in arguments.output.rglob("*") if p.is_file()]
    sizes = {}
    for path in files:
        part = path.relative_to(arguments.output).parts[0]
        sizes[part] = sizes.get(part, 0) + path.stat().st_size
    parts = ", ".join(f"{part} {size / 2**20:.1f}" for part, size in sorted(sizes.items()) if size > 1 << 16)
    say(
        f"{arguments.output}: {sum(sizes.values()) / 2**20:.1f} MiB in {len(files)} files ({parts}), made in "
        f"{time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
