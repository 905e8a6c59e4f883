# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The project installed, moved, and used by programs that know nothing but the prefix. The build must be complete."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("YOCO_BUILD_DIR", ROOT / "build"))
CHECKPOINT = ROOT / "test/e2e/checkpoints/yoco-swa-random"


def run(*command, **environment):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300,
                          env=os.environ | environment)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\nexited {done.returncode}\n"
                             f"{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def cache(name, folder=BUILD):
    """A variable of the build's CMake cache."""
    return re.search(rf"^{name}:\w+=(.*)$", (folder / "CMakeCache.txt").read_text(), re.MULTILINE)[1]


class Case(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="yoco-install-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def install(self, build):
        """Installs into one place and moves everything to another: -> the prefix."""
        run("cmake", "--install", build, "--prefix", self.folder / "first")
        (self.folder / "first").rename(self.folder / "moved")
        return self.folder / "moved"

    def configure_and_build(self, source, build, prefix, *flags):
        compilers = [f"-DCMAKE_{l}_COMPILER={cache(f'CMAKE_{l}_COMPILER')}" for l in ("C", "CXX")]
        run("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}", *compilers, *flags)
        run("cmake", "--build", build)

    def ids(self, program, model, **environment):
        words = run(program, model, 4, 1, 17, 42, **environment).split()
        self.assertEqual(len(words), 4)
        return words


class Project(Case):
    def test_installed_and_moved(self):
        prefix = self.install(BUILD)
        model = self.folder / "model.yoco"
        # Tools find their libraries; nothing points to where they were installed or built.
        run(prefix / "bin/yoco-compile", CHECKPOINT, "-o", model, "--max-seq-len=64", "--prefill-chunk=8")
        for tool in ("yoco-run", "yoco-bench", "yoco-diff", "yoco-opt", "yoco-lsp-server"):
            run(prefix / "bin" / tool, "--help")
        for path in [*(prefix / "bin").iterdir(), *(prefix / "lib").glob("*.so*")]:
            dynamic = run("readelf", "-d", path)
            for place in (self.folder / "first", BUILD):
                self.assertNotIn(str(place), dynamic, path)
        self.assertIn("[libyoco-runtime.so.0]", run("readelf", "-d", prefix / "lib/libyoco-runtime.so"))
        for name in ("LICENSE", "THIRD-PARTY-NOTICES.md"):
            self.assertTrue((prefix / "share/doc/yoco" / name).exists(), name)
        expected = self.ids(BUILD / "bin/embed-c", model)
        self.check_cmake_package(prefix, model, expected)
        self.check_pkg_config(prefix, model, expected)
        self.check_compiler(prefix)

    def check_cmake_package(self, prefix, model, expected):
        self.configure_and_build(ROOT / "examples/embed-c", self.folder / "embed-c", prefix)
        program = self.folder / "embed-c/embed-c"
        self.assertEqual(self.ids(program, model), expected)
        self.assertIn("libyoco-runtime.so.0", run("readelf", "-d", program))

    def check_pkg_config(self, prefix, model, expected):
        search = {"PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
        source = ROOT / "examples/embed-c/main.c"
        shared = run("pkg-config", "--cflags", "--libs", "yoco-runtime", **search).split()
        run("cc", source, "-o", self.folder / "shared", *shared)
        self.assertEqual(self.ids(self.folder / "shared", model, LD_LIBRARY_PATH=str(prefix / "lib")), expected)
        static = run("pkg-config", "--static", "--cflags", "--libs", "yoco-runtime", **search).split()
        static = [str(prefix / "lib/libyoco-runtime.a") if flag == "-lyoco-runtime" else flag for flag in static]
        run("cc", source, "-o", self.folder / "static", *static)
        self.assertEqual(self.ids(self.folder / "static", model), expected)
        self.assertIn("-lyoco-compiler", run("pkg-config", "--cflags", "--libs", "yoco-compiler", **search))

    def check_compiler(self, prefix):
        mlir = cache("MLIR_DIR")
        self.configure_and_build(ROOT / "examples/embed-compiler", self.folder / "embed-compiler", prefix,
                                 f"-DMLIR_DIR={mlir}")
        model = self.folder / "embedded.yoco"
        report = run(self.folder / "embed-compiler/embed-compiler", CHECKPOINT, model)
        self.assertIn("rows computed per layer and entry point", report)
        self.assertEqual(len(self.ids(BUILD / "bin/embed-c", model)), 4)


class RuntimeAlone(Case):
    def test_package_without_a_compiler(self):
        prefix = self.install(BUILD / "runtime")
        self.assertFalse((prefix / "lib/cmake/yoco/yocoCompiler.cmake").exists())
        self.configure_and_build(ROOT / "examples/embed-c", self.folder / "embed-c", prefix)
        self.assertTrue((self.folder / "embed-c/embed-c").exists())
        with self.assertRaisesRegex(AssertionError, "compiler"):
            self.configure_and_build(ROOT / "examples/embed-compiler", self.folder / "embed-compiler", prefix)
