# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a pass's description shows is what the pass does: `Before`, run through the pass, is `After`.

Both sides are compared as yoco-opt prints them, in canonical form where the pass leaves that to a later one. The
options of a run are those that the description names: "After, with `max-seq-len=1024`"."""
import os
import pathlib
import re
import subprocess
import unittest

from sources import ROOT, read

SECTION = re.compile(r"^### `-(yoco-[a-z-]+)`$(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^Before[^\n]*:\s*```mlir\n(.*?)^```\s*^After([^\n]*):\s*```mlir\n(.*?)^```",
                     re.MULTILINE | re.DOTALL)
OPTIONS = re.compile(r"with `([^`]+)`")

# Passes whose work shows in canonical form alone: they leave reshapes and constants to the canonicalizer.
CANONICAL = {"yoco-fuse-retention", "yoco-fuse-attention", "yoco-fuse-linear", "yoco-fuse-epilogue",
             "yoco-fuse-row-wise", "yoco-lower-host", "yoco-lower-nvptx"}
# Passes without a pair of blocks, and why.
WITHOUT = {
    "yoco-verify-row-sets": "changes nothing",
    "yoco-verify-states": "changes nothing",
    "yoco-verify-memory-plan": "changes nothing",
    "yoco-emit": "writes a file and changes nothing",
    "yoco-print-ptx": "prints and changes nothing",
}
CONSTANTS = re.compile(r"(?:^ *%\w+ = arith\.constant .*\n)+", re.MULTILINE)
HAS_MODULE = re.compile(r"^module", re.MULTILINE)
TARGET = 'attributes {yoco.target = #yoco.target<"host", "x86-64-v3", f32>}'


def body(printed, text):
    """What is printed, constants sorted, without the attributes of the module when `text` says nothing of a module."""
    printed = CONSTANTS.sub(lambda run: "".join(sorted(run[0].splitlines(keepends=True))), printed)
    if HAS_MODULE.search(text):
        return printed
    return re.sub(r"^module attributes \{.*\} \{$", "module {", printed, count=1, flags=re.MULTILINE)


def run(text, *flags):
    tool = pathlib.Path(os.environ.get("YOCO_BUILD_DIR", ROOT / "build")) / "bin/yoco-opt"
    done = subprocess.run([tool, *flags], input=text, text=True, capture_output=True)
    if done.returncode:
        raise AssertionError(f"{' '.join(flags)}\n{text}\n{done.stderr}")
    return done.stdout


def with_target(text):
    """The example as a module for a machine, since some passes ask the machine."""
    return text if HAS_MODULE.search(text) else f"module {TARGET} {{\n{text}\n}}"


class PassExamples(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.sections = dict(SECTION.findall(read("docs/generated/Passes.md")))
        self.assertGreater(len(self.sections), 10)

    def test_every_pass_shows_what_it_does(self):
        missing = [name for name, text in self.sections.items() if not EXAMPLE.search(text) and name not in WITHOUT]
        self.assertEqual(missing, [])

    def test_before_becomes_after(self):
        for name, text in self.sections.items():
            for before, how, after in EXAMPLE.findall(text):
                with self.subTest(name):
                    options = OPTIONS.search(how)
                    flag = f"--{name}={options[1]}" if options else f"--{name}"
                    form = ("--canonicalize", "--cse") if name in CANONICAL else ()
                    done, shown = run(with_target(before), flag, *form), run(with_target(after), *form)
                    self.assertEqual(body(done, before), body(shown, before))
