# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One name, everywhere: pass yoco-foo-bar, passes/<folder>/FooBar.cpp, test/passes/<folder>/foo-bar.mlir."""
import re
import unittest

from sources import files, read

PASS = re.compile(r'^def\s+(\w+)\s*:\s*Pass<\s*"([^"]+)"', re.MULTILINE)


class Names(unittest.TestCase):
    def setUp(self):
        self.passes = [(path, *match) for path in files(".td", under="passes/") for match in PASS.findall(read(path))]

    def test_there_are_passes(self):
        self.assertGreater(len(self.passes), 0)

    def test_flag(self):
        for path, definition, flag in self.passes:
            with self.subTest(flag):
                self.assertRegex(flag, r"^yoco(-[a-z0-9]+)+$", path)
                expected = flag[len("yoco-") :].replace("-", "")
                self.assertIn(definition.lower(), (expected, expected + "pass"), f"{path}: {definition}")

    def test_source(self):
        stems = {path.stem.lower() for path in files(".cpp", under="passes/")}
        for path, _, flag in self.passes:
            with self.subTest(flag):
                self.assertIn(flag[len("yoco-") :].replace("-", ""), stems, f"{path}: no file is named after {flag}")

    def test_test(self):
        tests = {path.stem for path in files(".mlir", ".test", under="test/passes/")}
        for path, _, flag in self.passes:
            with self.subTest(flag):
                self.assertIn(flag[len("yoco-") :], tests, f"{path}: no test in test/passes is named after {flag}")
