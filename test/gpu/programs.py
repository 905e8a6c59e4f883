# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The programs of a bundle: the runtime's own project, built to run on another machine."""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What every machine with this C library has.
SYSTEM = re.compile(r"^(linux-vdso|ld-linux.*|lib(c|m|dl|rt|pthread|resolv))\.so\b")


def execute(command, **options):
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options
    )
    if done.returncode != 0:
        sys.exit(
            f"gpu-bundle: {' '.join(map(str, command))}: exit status {done.returncode}\n"
            f"{done.stdout[-2000:]}{done.stderr[-3000:]}"
        )
    return done.stdout


def build(folder):
    """Builds runtime/ and its tools; -> (folder of tools, the static library)"""
    static = "-static-libstdc++ -static-libgcc"
    launcher = (
        ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    )
    execute(
        [
            "cmake",
            "-S",
            ROOT / "runtime",
            "-B",
            folder,
            "-G",
            "Ninja",
            "-DCMAKE_BUILD_TYPE=Release",
            "-DCMAKE_C_COMPILER=gcc",
            "-DCMAKE_CXX_COMPILER=g++",
            f"-DCMAKE_EXE_LINKER_FLAGS={static} -Wl,--disable-new-dtags",
            "-DCMAKE_BUILD_RPATH=$ORIGIN",
            *launcher,
        ]
    )
    targets = execute(["ninja", "-C", folder, "-t", "targets", "all"])
    wanted = ["yoco-run", "yoco-bench", "yoco-runtime"] + [
        t for t in ("device-conformance",) if f"{t}: phony" in targets
    ]
    execute(["ninja", "-C", folder, *wanted])
    return folder


def make_library(archive, output):
    """The C API as one shared object, of the static library's position-independent code."""
    execute(
        [
            "g++",
            "-shared",
            "-static-libstdc++",
            "-static-libgcc",
            "-o",
            output,
            "-Wl,--whole-archive",
            archive,
            "-Wl,--no-whole-archive",
            "-Wl,-soname,libyoco.so",
            "-lpthread",
            "-ldl",
            "-lm",
        ]
    )


def libraries_of(path):
    """{name: file} of the shared libraries that are not every machine's."""
    found = {}
    for line in execute(["ldd", path]).splitlines():
        name, _, where = (part.strip() for part in line.partition("=>"))
        if where and not SYSTEM.match(name.split()[0]):
            found[name] = pathlib.Path(where.split()[0])
    return found


def find(folder, *patterns):
    return next((p for pattern in patterns for p in sorted(folder.glob(pattern)) if p.is_file()), None)


def collect(arguments, output, say):
    """Fills `output`; -> how the conformance suite is called"""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    built = arguments.build if arguments.plain_programs else build(arguments.build / "gpu-bundle/runtime")
    for name in ("yoco-run", "yoco-bench"):
        shutil.copy(built / "bin" / name, output)
    conformance = find(built, "bin/device-conformance", "test/device-conformance", "runtime/test/device-conformance")
    if conformance:
        shutil.copy(conformance, output)
    else:
        say("there is no device-conformance to take along")
    make_library(
        find(built, "libyoco-runtime.a", "lib/libyoco-runtime.a", "runtime/libyoco-runtime.a"), output / "libyoco.so"
    )
    for path in sorted(output.iterdir()):
        execute(["strip", path])
        for name, where in libraries_of(path).items():
            if not arguments.plain_programs and not (output / name).exists():
                shutil.copy(where, output / name)
    if not arguments.plain_programs:
        check(output)
    return {"arguments": ["--model={MODEL}", "--device={DEVICE}"]}


def check(output):
    """Everything that the programs need is beside them or on every machine."""
    for path in sorted(output.iterdir()):
        for name, where in libraries_of(path).items():
            if where.parent.resolve() != output.resolve() and not (
                path.name.startswith("lib") and (output / name).exists()
            ):
                sys.exit(f"gpu-bundle: {path.name} needs {where}, which another machine may not have")
