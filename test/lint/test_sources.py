# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every source file says its licence, and none knows the machine that it was written on."""
import os
import re
import subprocess
import unittest

from sources import ROOT, files, read

SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
CODE = (".h", ".cpp", ".c", ".cu", ".td", ".fbs", ".py", ".cmake", ".txt", ".cfg", "")
WIDTH = 120
MACHINE = re.compile(r"(?<![\w.}$/])/(?:work|root|home|tmp/y)/\w")


class Sources(unittest.TestCase):
    def test_licence_line(self):
        missing = []
        for path in files(*CODE):
            is_text_of_example = path.suffix == ".txt" and path.name != "CMakeLists.txt"
            if path.name in ("LICENSE",) or path.name.startswith(".") or is_text_of_example:
                continue
            if SPDX not in read(path)[:400]:
                missing.append(str(path))
        self.assertEqual(missing, [], "files without the SPDX line")

    def test_no_path_of_a_machine(self):
        found = []
        for path in files(*CODE, ".md", ".mlir", ".test", ".json", ".in"):
            for number, line in enumerate(read(path).splitlines(), 1):
                if MACHINE.search(line) and path.name != "test_sources.py":
                    found.append(f"{path}:{number}: {line.strip()}")
        self.assertEqual(found, [])

    def test_no_file_is_large(self):
        """Checkpoints aside, the repository is text; all of it stays below 60 MB."""
        total = 0
        for path in files(*CODE, ".md", ".mlir", ".test", ".json", ".in", ".safetensors", ".model", ".yoco"):
            size = (ROOT / path).stat().st_size
            total += size
            if path.suffix not in (".safetensors", ".model"):
                self.assertLess(size, 500_000, path)
        self.assertLess(total, 60_000_000)

    def test_no_line_of_a_source_is_too_wide(self):
        found = []
        for path in files(*CODE, ".def", ".sh"):
            if path.name == "LICENSE" or (path.suffix == ".txt" and path.name != "CMakeLists.txt"):
                continue
            for number, line in enumerate(read(path).splitlines(), 1):
                if len(line) > WIDTH:
                    found.append(f"{path}:{number}: {len(line)} columns")
        self.assertEqual(found, [], f"lines of more than {WIDTH} columns")

    def test_no_line_ends_in_blanks(self):
        found = []
        for path in files(*CODE, ".md", ".mlir", ".test", ".in"):
            for number, line in enumerate(read(path).splitlines(), 1):
                if line != line.rstrip() and path.suffix not in (".txt",):
                    found.append(f"{path}:{number}")
        self.assertEqual(found, [])

    def test_scripts_are_sound(self):
        scripts = [p for p in files("", under="scripts/") + files("", under=".ci/")]
        self.assertGreater(len(scripts), 0)
        for path in scripts:
            with self.subTest(path):
                self.assertTrue(os.access(ROOT / path, os.X_OK), "has no run bit")
                done = subprocess.run(["bash", "-n", ROOT / path], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
