# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The checks for GPU machines, made small and run on the host: that they run, and that they fail when something is
wrong."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("YOCO_BUILD_DIR", ROOT / "build"))
sys.path[:0] = [str(ROOT / "test/gpu/checks"), str(ROOT / "test/gpu"), str(ROOT / "test/e2e")]

import delta  # noqa: E402


class Bundles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="yoco-gpu-")
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name) / "bundle"
        done = subprocess.run(
            [
                sys.executable,
                ROOT / "test/gpu/make_bundle.py",
                "-o",
                cls.folder,
                "--build",
                BUILD,
                "--target=host",
                "--quick",
                "--plain-programs",
            ],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "gpu-bundle: " in done.stdout and " MiB in " in done.stdout, done.stdout

    def check(self, *flags):
        """-> (exit status, {section: [rows]}, output)"""
        results = self.folder / "results.json"
        results.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, self.folder / "run.py", "--seed=3", "--json", results, *flags],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        self.assertTrue(results.exists(), done.stdout + done.stderr)
        sections = {}
        for row in json.loads(results.read_text())["rows"]:
            sections.setdefault(row["section"], []).append(row)
        return done.returncode, sections, done.stdout + done.stderr

    def test_quick_bundle_on_the_host(self):
        for check in (self.everything_passes, self.what_is_wrong_fails, self.a_crash_is_one_failure):
            with self.subTest(check.__name__):
                check()

    def everything_passes(self):
        status, sections, output = self.check()
        self.assertEqual(status, 0, output)
        expected = {"logits", "batches", "mixes", "repeat", "kernels", "launches", "long", "sanitizer", "bench"}
        self.assertEqual(set(sections), expected)
        self.assertRegex(output.splitlines()[-1], r"^\d+ passed, 0 failed$")
        for section in ("logits", "batches", "mixes", "repeat", "kernels", "long"):
            self.assertGreater(sum(row["status"] == "pass" for row in sections[section]), 0, section)
        self.assertEqual([row["status"] for row in sections["sanitizer"]], ["skip"])

    def what_is_wrong_fails(self):
        """A bound of nothing, and a kernel that writes elsewhere than described."""
        manifest, spec = self.folder / "manifest.json", self.folder / "kernels/row-wise-f32.json"
        kept = manifest.read_text(), spec.read_text()
        try:
            changed = json.loads(kept[0])
            name = changed["models"][0]["name"]
            changed["models"][0]["bound"] = 0.0
            manifest.write_text(json.dumps(changed))
            kernels = json.loads(kept[1])
            norm = next(k for k in kernels if k["operation"] == "norm")
            norm["attributes"]["eps"] = 0.5
            rope = next(k for k in kernels if k["operation"] == "rope")
            rope["arguments"][-1]["stride"] += 3
            spec.write_text(json.dumps(kernels))
            status, sections, output = self.check(f"--only=logits={name},kernels=row-wise")
        finally:
            manifest.write_text(kept[0])
            spec.write_text(kept[1])
        self.assertEqual(status, 1, output)
        failed = {row["case"] for rows in sections.values() for row in rows if row["status"] == "FAIL"}
        self.assertTrue(any(case.startswith(name) for case in failed), failed)
        self.assertTrue(any("norm" in case for case in failed), failed)
        self.assertTrue(any("rope" in case for case in failed), failed)
        self.assertEqual(len([case for case in failed if case.startswith("f32")]), 2, failed)

    def a_crash_is_one_failure(self):
        """A worker that dies takes its case along, and nothing else."""
        code = self.folder / "checks/kernel_data.py"
        kept = code.read_text()
        try:
            code.write_text(
                kept.replace("def make_embed(self):", "def make_embed(self):\n        import os\n        os.abort()")
            )
            status, sections, output = self.check("--only=kernels=row-wise")
        finally:
            code.write_text(kept)
        self.assertEqual(status, 1, output)
        failed = [row for row in sections["kernels"] if row["status"] == "FAIL"]
        self.assertEqual({row["measured"] for row in failed}, {"crash"}, output)
        self.assertEqual(len(failed), sum("embed" in row["case"] for row in failed))
        self.assertGreater(sum(row["status"] == "pass" for row in sections["kernels"]), 10)


class Emulated(unittest.TestCase):
    """What is made for GPUs, on this processor."""

    def check(self, part, sections, most):
        with tempfile.TemporaryDirectory(prefix="yoco-gpu-") as folder:
            command = [
                ROOT / "test/gpu/make_bundle.py",
                "-o",
                folder,
                "--build",
                BUILD,
                "--quick",
                "--emulate",
                "--plain-programs",
            ]
            done = subprocess.run(
                [sys.executable, *command, f"--parts={part}"], capture_output=True, text=True, stdin=subprocess.DEVNULL
            )
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            driver = str(BUILD / "lib/libyoco-fake-cuda.so")
            environment = os.environ | {
                "YOCO_CUDA_DRIVER": driver,
                "YOCO_CUBLASLT": driver,
                "YOCO_FAKE_CUDA": f"memory={1 << 33}",
            }
            done = subprocess.run(
                [sys.executable, f"{folder}/run.py", f"--only={sections}"],
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                env=environment,
            )
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertGreater(int(done.stdout.splitlines()[-1].split()[0]), most, done.stdout)

    def test_kernels(self):
        """The lowering's calls of the micro-kernels, in the emulator, against the float64 references of the checks."""
        self.check("kernels", "kernels", 130)

    def test_models(self):
        """Models of target nvptx on device `cuda`, over the library that stands in for the driver: their logits are
        right."""
        self.check("programs,models", "logits,batches=slots", 20)


class Deltas(unittest.TestCase):
    def test_there_and_back(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            base, inserted = os.urandom(300_000), os.urandom(5_000)
            (folder / "base").write_bytes(base)
            (folder / "target").write_bytes(b"new" + base[65536:131072] + inserted + base[:65536] * 2 + b"end")
            delta.make(folder / "target", folder / "out.delta", {"base": folder / "base"})
            self.assertLess((folder / "out.delta").stat().st_size, 80_000)
            delta.apply(folder / "out.delta", folder / "again", [folder / "nothing", folder])
            self.assertEqual((folder / "again").read_bytes(), (folder / "target").read_bytes())
            (folder / "base").write_bytes(base[:-1] + b"x")
            with self.assertRaisesRegex(RuntimeError, "--base"):
                delta.apply(folder / "out.delta", folder / "again", [folder])


if __name__ == "__main__":
    unittest.main()
