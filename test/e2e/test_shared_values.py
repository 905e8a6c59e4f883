# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two attentions with other keys and the same values: they share the cache of the values, and nothing of the results
changes."""
import itertools
import re

import numpy as np
from harness import Case

ROWS, HEADS = "tensor<?x16xf32>", "tensor<?x2x8xf32>"
ROPE = "#yoco.rope<half, [1.0, 0.5, 0.25, 0.125]>"
TOKENS = [(7 * i * i + 3 * i) % 32 for i in range(40)]


class Model:
    """The text of a model of two attentions with the given windows. With `apart`, the second one has values of its own,
    equal to those of the first; with `one`, keys are values too."""

    def __init__(self, windows, apart, one=False):
        self.parameters, self.body, self.count = [], [], 0
        x = self.op("yoco.embed %ids, @embed", ROWS)
        values = self.heads(self.linear(x, "v"))
        again = self.heads(self.linear(x, "v_again", of="v")) if apart else values
        self.parameter("embed", "32x16", 0)
        first = values if one else self.rope(self.heads(self.linear(x, "k0")))
        y = self.layer(x, 0, first, values, windows[0])
        second = again if one else self.rope(self.heads(self.linear(y, "k1")))
        z = self.layer(y, 1, second, again, windows[1])
        logits = self.linear(self.op(f"yoco.norm {z} {{eps = 1.0e-5 : f32}}", ROWS), "head", columns=32)
        self.body.append(f"    return {logits} : tensor<?x32xf32>")

    def op(self, text, types):
        self.count += 1
        self.body.append(f"    %{self.count} = {text} : {types}")
        return f"%{self.count}"

    def parameter(self, name, shape, stream):
        random = f"#yoco.random<seed = 1, stream = {stream}, scale = 0.25>"
        self.parameters.append(f'  yoco.parameter @{name} : tensor<{shape}xbf16> from "{name}" generated {random}')

    def linear(self, x, name, of=None, columns=16):
        self.parameter(name, f"{columns}x16", sum(map(ord, of or name)))
        return self.op(f"yoco.linear {x}, @{name}", f"{ROWS} -> tensor<?x{columns}xf32>")

    def heads(self, x):
        return self.op(f"tensor.expand_shape {x} [[0], [1, 2]] output_shape [%rows, 2, 8]", f"{ROWS} into {HEADS}")

    def rope(self, x):
        return self.op(f"yoco.rope {x}, %pos {{rope = {ROPE}}}", HEADS)

    def layer(self, x, number, keys, values, window):
        query = self.rope(self.heads(self.linear(x, f"q{number}")))
        attributes = f"{{scale = 0.35 : f32, window = {window} : i64}}"
        mixed = self.op(f"yoco.attention {query}, {keys}, {values} {attributes}",
                        f"{HEADS}, {HEADS}, {HEADS} -> {HEADS}")
        flat = self.op(f"tensor.collapse_shape {mixed} [[0], [1, 2]]", f"{HEADS} into {ROWS}")
        return self.op(f"arith.addf {x}, {self.linear(flat, f'o{number}')}", ROWS)

    def text(self):
        head = ["module attributes {yoco.phase = #yoco.phase<model>} {", *self.parameters]
        head += ["  func.func @forward(%ids: tensor<?xi32>) -> tensor<?x32xf32> {",
                 "    %c0 = arith.constant 0 : index"]
        head += ["    %rows = tensor.dim %ids, %c0 : tensor<?xi32>", "    %pos = yoco.positions %ids : tensor<?xi32>"]
        return "\n".join([*head, *self.body, "  }", "}", ""])


class SharedValues(Case):
    def results(self, windows, apart, one=False):
        """-> logits, ids, and the names of the states in the plan"""
        source = self.folder / "model.mlir"
        source.write_text(Model(windows, apart, one).text())
        model = self.folder / "model.yoco"
        done = self.succeed("yoco-compile", source, "-o", model, "--max-seq-len=64", "--prefill-chunk=3", "--plan")
        states = sorted(set(re.findall(r"\b(?:ring_)?(?:keys|values)_\d\b", done.stdout)))
        return self.score(model, TOKENS), self.generate(model, TOKENS[:20], 12), states

    def check(self, windows, shared, one=False):
        with self.subTest(windows=windows, one=one):
            logits, ids, states = self.results(windows, apart=False, one=one)
            expected, expected_ids, apart = self.results(windows, apart=True, one=one)
            self.assertTrue(np.isfinite(logits).all())
            self.assertEqual(logits.tobytes(), expected.tobytes())
            self.assertEqual(ids, expected_ids)
            self.assertEqual(states, sorted(shared))
            self.assertEqual(len(apart), len(shared) + 1)

    def test_windows(self):
        growing, ring = ["keys_0", "values_0", "keys_1"], ["ring_keys_0", "ring_values_0", "ring_keys_1"]
        for windows in itertools.product((0, 3, 7), repeat=2):
            # A reader without a window makes all caches grow that are read together.
            self.check(windows, growing if 0 in windows else ring)

    def test_values_that_are_keys(self):
        for windows in ((0, 0), (4, 0), (4, 6)):
            self.check(windows, ["keys_0" if 0 in windows else "ring_keys_0"], one=True)
