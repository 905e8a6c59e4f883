# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The files of the repository, for the lints."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*suffixes, under=""):
    """Paths relative to the root, of what git tracks or would track; without git, of what lies there."""
    try:
        command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        names = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if "build" not in p.relative_to(ROOT).parts[:1]]
    paths = (pathlib.PurePosixPath(n) for n in sorted(names) if n)
    return [p for p in paths if p.suffix in suffixes and str(p).startswith(under) and (ROOT / p).is_file()]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")
