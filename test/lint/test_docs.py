# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Documents that are generated are fresh, and the IR in documents parses."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from sources import ROOT, files, read

BLOCK = re.compile(r"^( *)```mlir *\n(.*?)^ *``` *$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)")


class Generated(unittest.TestCase):
    def test_fresh(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([ROOT / "scripts/generate-docs", folder], check=True, timeout=120)
            for new in sorted(pathlib.Path(folder).iterdir()):
                old = ROOT / "docs/generated" / new.name
                with self.subTest(new.name):
                    self.assertTrue(old.exists(), "run scripts/generate-docs")
                    self.assertEqual(old.read_text().splitlines(), new.read_text().splitlines(),
                                     "run scripts/generate-docs")


class Examples(unittest.TestCase):
    """A block marked `mlir` is a module or a list of its operations; `mlir-fragment` marks what is neither."""

    def check(self, paths):
        tool = pathlib.Path(os.environ.get("YOCO_BUILD_DIR", ROOT / "build")) / "bin/yoco-opt"
        seen = 0
        for path in paths:
            text = read(path)
            for match in BLOCK.finditer(text):
                seen += 1
                line = text.count("\n", 0, match.start()) + 1
                done = subprocess.run([tool, "--verify-roundtrip", "-o", os.devnull], input=match[2], text=True,
                                      capture_output=True)
                with self.subTest(f"{path}:{line}"):
                    self.assertEqual(done.returncode, 0, f"{path}:{line}\n{match[2]}\n{done.stderr}")
        self.assertGreater(seen, 0)

    def test_generated_documents_parse(self):
        self.check(files(".md", under="docs/generated/"))

    def test_hand_written_documents_parse(self):
        self.check([p for p in files(".md") if not str(p).startswith("docs/generated/")])


class Tour(unittest.TestCase):
    """What the README shows of demand tables and plans is what the tool prints; a line `...` stands for any lines."""

    SHOWN = re.compile(
        r"^```console\n\$ build/bin/yoco-compile (\S+)[^\n]* (--explain-demand|--plan)\n(.*?)^```$",
        re.MULTILINE | re.DOTALL,
    )

    def test_tables(self):
        tool = pathlib.Path(os.environ.get("YOCO_BUILD_DIR", ROOT / "build")) / "bin/yoco-compile"
        shown = self.SHOWN.findall(read("README.md"))
        self.assertEqual(len(shown), 4)
        for checkpoint, flag, text in shown:
            with self.subTest(checkpoint):
                done = subprocess.run([tool, ROOT / checkpoint, flag], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                parts = [re.escape(part) for part in re.split(r"^ *\.\.\.\n", text, flags=re.MULTILINE)]
                if len(parts) == 1:
                    self.assertEqual(text, done.stdout)
                self.assertRegex(done.stdout, re.compile(r"\A" + ".*^".join(parts) + r"\Z", re.MULTILINE | re.DOTALL))


class Links(unittest.TestCase):
    def test_files_that_documents_link_to_exist(self):
        for path in files(".md"):
            for target in LINK.findall(read(path)):
                with self.subTest(f"{path}: {target}"):
                    self.assertTrue((ROOT / path.parent / target).exists())
