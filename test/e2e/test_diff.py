# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""yoco-diff: sound files agree with their checkpoints; where one tensor is another one, the tool names it, the layer
and the operation that reads it."""
import json
import shutil

import numpy as np

import safetensors
from harness import CED, CHECKPOINTS, LLAMAS, Case, tool

LLAMA = LLAMAS["llama-tiny"]


class Diff(Case):
    def diff(self, checkpoint, model, *flags, status=0):
        """-> the JSON object that it prints"""
        done = tool("yoco-diff", checkpoint, model, "--json", *flags)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout[-3000:])
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def changed(self, source, name, change):
        """A copy of a checkpoint in which `change` was made to one tensor."""
        folder = self.folder / "changed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder)
        weights, _ = safetensors.read(source / "model.safetensors")
        weights[name] = change(weights[name].copy())
        (folder / "model.safetensors").unlink()
        safetensors.write(folder / "model.safetensors", weights)
        return folder

    def test_sound_files_agree(self):
        for source in (*CHECKPOINTS.values(), *LLAMAS.values(), CED):
            with self.subTest(source.name):
                report = self.diff(source, self.compile(source))
                self.assertTrue(report["agrees"])
                self.assertTrue(report["same_bits"])
                self.assertIsNone(report["first_divergence"])
                self.assertEqual(report["operations"], [])
                self.assertEqual(report["weights"]["differences"], [])
                self.assertEqual(report["weights"]["not_compared"], [])
                self.assertEqual([each["entry"] for each in report["logits"]], ["score", "decode", "prompt"])
                for each in report["logits"]:
                    self.assertLess(each["error"], 1e-5)
                    self.assertLess(each["largest_kl"], 1e-8)
                    self.assertEqual(each["same_choice"], each["rows"])

    def test_more_tokens_than_a_step_has_rows(self):
        report = self.diff(CED, self.compile(CED, "--prefill-chunk=16"), "--tokens=random:90", "--entry=decode")
        self.assertEqual(report["tokens"], 90)
        self.assertEqual(report["logits"][0]["rows"], 90)
        self.assertTrue(report["agrees"] and report["same_bits"])

    def test_generated_weights(self):
        report = self.diff(LLAMA, self.compile(LLAMA, "--random-weights=9"))
        self.assertTrue(report["agrees"])
        self.assertEqual(report["weights"]["compared"], 39)

    def check_named(self, source, model, tensor, layer, operation, change):
        report = self.diff(self.changed(source, tensor, change), model, status=2)
        with self.subTest(tensor):
            (weights,) = report["weights"]["differences"]
            self.assertEqual((weights["tensor"], weights["layer"]), (tensor, layer))
            self.assertFalse(report["agrees"])
            # The layers are computed with the weights of the file, which computes the same.
            self.assertTrue(report["same_bits"])
            first = report["first_divergence"]
            self.assertEqual((first["layer"], first["operation"]), (layer, operation))
            sound = [each for each in report["layers"] if each["error"] < 1e-5]
            self.assertEqual(sound, report["layers"][: len(sound)])

    def test_names_layer_and_operation(self):
        model = self.compile(LLAMA)
        roll = lambda w: np.roll(w, 5)
        named = (("layers.0.self_attn.q_proj", "layers.0", "linear @layers.0.q"),
                 ("layers.1.self_attn.v_proj", "layers.1", "linear @layers.1.v"),
                 ("layers.2.mlp.down_proj", "layers.2", "linear @layers.2.down"),
                 ("layers.3.post_attention_layernorm", "layers.3", "norm @layers.3.ffn_norm"))
        for tensor, layer, operation in named:
            self.check_named(LLAMA, model, f"model.{tensor}.weight", layer, operation, roll)
        self.check_named(LLAMA, model, "model.embed_tokens.weight", "embed", "embed @embed", roll)
        self.check_named(LLAMA, model, "lm_head.weight", "head", "linear @lm_head", roll)

    def test_names_what_decoders_share(self):
        source = CHECKPOINTS["yoco-swa-random"]
        self.check_named(source, self.compile(source), "cross_decoder.k_proj.weight", "kv", "linear @kv.k",
                         lambda w: w[::-1])

    def test_one_number(self):
        """Too little to move logits: the weights alone say it."""
        def change(weight):
            weight[3, 5] += 0.01
            return weight

        name = "model.layers.1.mlp.up_proj.weight"
        report = self.diff(self.changed(LLAMA, name, change), self.compile(LLAMA), "--tolerance=1", status=2)
        (weights,) = report["weights"]["differences"]
        self.assertEqual((weights["tensor"], weights["differing"], weights["numbers"]), (name, 1, 352 * 128))
        self.assertAlmostEqual(weights["largest_difference"], 0.01, delta=0.002)
        self.assertIsNone(report["first_divergence"])

    def test_checkpoint_of_another_type(self):
        """The same numbers in f32 are the same weights; a module holds them in another form, which the tool says."""
        folder = self.folder / "f32"
        shutil.copytree(LLAMA, folder)
        weights, _ = safetensors.read(LLAMA / "model.safetensors")
        (folder / "model.safetensors").unlink()
        safetensors.write(folder / "model.safetensors", weights, "F32")
        self.assertTrue(self.diff(folder, self.compile(folder))["agrees"])
        report = self.diff(folder, self.compile(LLAMA))
        self.assertGreater(len(report["weights"]["not_compared"]), 0)

    def test_export(self):
        """What a machine without the compiler needs: any runtime runs the file, NumPy compares."""
        folder = self.folder / "exported"
        model = self.compile(LLAMA, "--target=host", "--target=nvptx:sm_80")
        self.succeed("yoco-diff", LLAMA, model, "--export", folder, "--device", "host", "--tokens", "random:40")
        columns = json.loads((folder / "columns.json").read_text())
        expected = np.load(folder / "expected.npy")
        tokens = [int(t) for t in (folder / "tokens.txt").read_text().split()]
        got = self.score(folder / "exposed.yoco", tokens)
        self.assertEqual(got.shape, expected.shape)
        self.assertEqual([v["layer"] for v in columns["values"]],
                         ["head", "embed", "layers.0", "layers.1", "layers.2", "layers.3"])
        self.assertEqual(sum(v["columns"] for v in columns["values"]), got.shape[1])
        for value in columns["values"]:
            part = slice(value["first"], value["first"] + value["columns"])
            error = np.linalg.norm(got[:, part] - expected[:, part]) / np.linalg.norm(expected[:, part])
            self.assertLess(error, 1e-5, value)
        self.assertEqual(columns["tolerance"], 5e-4)
        np.testing.assert_array_equal(got[:, :512], self.score(model, tokens, "--device=host"))
        # For a GPU, where there is none.
        self.succeed("yoco-diff", LLAMA, model, "--export", folder, "--device", "cuda", "--tokens", "1,2")
        self.assertEqual(json.loads((folder / "columns.json").read_text())["target"], "nvptx:sm_80")
        self.refuse("yoco-diff", LLAMA, self.compile(LLAMA, output="other.yoco"), "--export", folder, "--device=cuda",
                    mention="expected a target for device cuda, got none")

    def test_logits_are_written_beside_the_report(self):
        path = self.folder / "reference.npy"
        self.diff(LLAMA, self.compile(LLAMA), "--tokens=1,2,3", "--logits", path)
        self.assertEqual(np.load(path).shape, (3, 512))
