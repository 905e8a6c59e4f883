# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What scripts/gpu-bundle made: manifest.json, models (whole, or as differences to files that are elsewhere), programs,
golden data."""

import ctypes
import dataclasses
import glob
import json
import os
import pathlib
import shutil
import site
import subprocess
import sys
import tarfile

import numpy as np

import delta
import runtime

PARTS = ("bin", "golden", "kernels")
ARCHIVE = "parts.tar.xz"  # of a lean bundle, instead of these folders
RUN = pathlib.Path(sys.argv[0]).resolve()  # for workers of workers


@dataclasses.dataclass
class Text:
    """A golden case: token ids, and logits at some of their rows, each as if it were the last."""

    name: str
    tokens: np.ndarray
    lengths: list  # of prompts: the rest is decoded
    rows: np.ndarray  # which rows have logits here
    logits: np.ndarray
    best: np.ndarray  # of every row, from float64 logits
    margin: np.ndarray
    answer: int  # so many tokens after the prompt are the answer to its question; 0: there is none

    def expected(self, first, count):
        """-> (places among rows first .. first + count that have logits, those logits)"""
        where = [(int(row) - first, i) for i, row in enumerate(self.rows) if first <= row < first + count]
        return [w for w, _ in where], self.logits[[i for _, i in where]]


class Bundle:
    def __init__(self, folder, device=None, seed=0):
        self.folder, self.seed = pathlib.Path(folder), seed
        self.manifest = json.loads((self.folder / "manifest.json").read_text())
        self.device = device or self.manifest["device"]

    @property
    def models(self):
        return {m["name"]: m for m in self.manifest["models"]}

    def model_path(self, name):
        return self.folder / f"models/{name}.yoco"

    def program(self, name):
        return str((self.folder / "bin" / name).resolve())

    def has_program(self, name):
        return (self.folder / "bin" / name).exists()

    def library(self):
        return runtime.Library(self.folder / "bin/libyoco.so")

    def texts(self, name):
        with np.load(self.folder / f"golden/{self.models[name]['golden']}.npz", allow_pickle=False) as data:
            names = sorted({key.partition("/")[0] for key in data.files})
            return [Text(n, *(data[f"{n}/{f.name}"] for f in dataclasses.fields(Text)[1:])) for n in names]

    def unpack(self, folder, bases):
        """-> a bundle with whole files: this one, or one in `folder` that is made of archives and differences."""
        packed, archive = self.manifest["packed"], self.folder / ARCHIVE
        if not packed and not archive.exists():
            return self
        folder = pathlib.Path(folder)
        (folder / "models").mkdir()
        shutil.copy(self.folder / "manifest.json", folder)
        if archive.exists():
            with tarfile.open(archive) as tar:
                tar.extractall(folder)
        else:
            for name in PARTS:
                (folder / name).symlink_to((self.folder / name).resolve())
        for path in sorted((self.folder / "models").glob("*.yoco")):
            (folder / "models" / path.name).symlink_to(path.resolve())
        # A difference may build on a model that is one itself; the manifest has them in order.
        for name in packed:
            delta.apply(
                self.folder / f"models/{name}.delta", folder / f"models/{name}.yoco", [*bases, folder / "models"]
            )
        return Bundle(folder, self.device, self.seed)


def pack(folder):
    """Puts programs, kernels and golden data into one archive that depends on their contents alone."""

    def plain(info):
        info.mtime = info.uid = info.gid = 0
        info.uname = info.gname = ""
        return info

    with tarfile.open(folder / ARCHIVE, "w:xz") as tar:
        for name in PARTS:
            for path in sorted((folder / name).glob("*")) if (folder / name).is_dir() else []:
                tar.add(path, f"{name}/{path.name}", filter=plain)
            shutil.rmtree(folder / name, ignore_errors=True)


def run(command, seconds, **options):
    """-> (exit status or None when time ran out, stdout, stderr)"""
    try:
        done = subprocess.run(
            [str(c) for c in command],
            capture_output=True,
            text=True,
            timeout=seconds,
            errors="replace",
            stdin=subprocess.DEVNULL,
            **options,
        )
        return done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired as expired:
        decode = lambda b: b.decode(errors="replace") if isinstance(b, bytes) else b or ""  # noqa: E731
        return None, decode(expired.stdout), decode(expired.stderr)


def last_line(text, default="no output"):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else default


def why(code, out, err):
    """One line on how a program failed."""
    if code is None:
        return f"timed out; {last_line(err or out)}"
    how = f"signal {-code}" if code < 0 else f"exit status {code}"
    return f"{how}: {last_line(err or out)}"


def find_cublaslt():
    """Lets the runtime find cuBLASLt where the system's linker does not: in the toolkit, or beside Python packages."""
    if os.environ.get("YOCO_CUBLASLT"):
        return os.environ["YOCO_CUBLASLT"]
    for name in ("libcublasLt.so.13", "libcublasLt.so.12"):
        try:
            ctypes.CDLL(name)
            return name
        except OSError:
            pass
    folders = ["/usr/local/cuda*/lib64", "/usr/local/cuda*/targets/*/lib", "/usr/lib/x86_64-linux-gnu"]
    for packages in {*site.getsitepackages(), site.getusersitepackages(), *sys.path}:
        folders.append(f"{packages}/nvidia/*/lib")
    for folder in folders:
        for pattern in ("libcublasLt.so.13", "libcublasLt.so.12"):
            for path in sorted(glob.glob(f"{folder}/{pattern}")):
                os.environ["YOCO_CUBLASLT"] = path
                os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(
                    filter(None, [os.path.dirname(path), os.environ.get("LD_LIBRARY_PATH")])
                )
                return path
    return "not found"
