# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled models under the suite that every device passes (test/runtime/DeviceConformance.cpp): chunks, batches, used
and copied slots, scoring, repeated runs, refused calls, bytes held."""
import json
import os

from harness import BUILD, CED, CHECKPOINTS, LLAMAS, Case

FOLDERS = CHECKPOINTS | LLAMAS | {"ced-tiny": CED}


class Conformance(Case):
    def check(self, name, *flags):
        model = self.compile(FOLDERS[name], "--max-seq-len=600", "--max-batch=4", *flags)
        done = self.succeed("device-conformance", f"--model={model}", "--device=host")
        self.assertIn("PASSED", done.stdout)
        self.assertNotIn("SKIPPED", done.stdout)

    def test_random_gated_retention(self):
        self.check("yoco-gret-random", "--prefill-chunk=100")

    def test_random_sliding_window(self):
        self.check("yoco-swa-random", "--prefill-chunk=100")

    def test_trained_gated_retention(self):
        self.check("yoco-tiny-gret")

    def test_trained_sliding_window(self):
        self.check("yoco-tiny-swa")

    def test_llama(self):
        self.check("llama-rope3-tiny", "--prefill-chunk=100")

    def test_encoder_decoder(self):
        self.check("ced-tiny", "--prefill-chunk=100")


class WithoutGpu(Case):
    """Files for GPUs on a library that stands in for NVIDIA's (test/runtime/fake): their kernels do nothing there, but
    code is chosen, memory taken, and every copy and product must lie within it."""

    def setUp(self):
        super().setUp()
        library = str(BUILD / "lib/libyoco-fake-cuda.so")
        self.environment = {"YOCO_CUDA_DRIVER": library, "YOCO_CUBLASLT": library, "YOCO_FAKE_CUDA": "stub=1"}

    def run_on(self, model, capability, *flags):
        environment = self.environment | {"YOCO_FAKE_CUDA": f"stub=1 capability={capability}"}
        os.environ.update(environment)
        try:
            return self.succeed("yoco-run", model, "--device=cuda", "--prompt-tokens", self.prompt_file(range(300)),
                                "--stats", *flags)
        finally:
            for name in environment:
                del os.environ[name]

    def check(self, name, *flags):
        model = self.compile(FOLDERS[name], *flags, "--max-batch=3", "--prefill-chunk=100")
        # No kernel has made an id: it is drawn from logits that are whatever memory held.
        generating = json.loads(self.run_on(model, 90, "--print-tokens", "--ignore-eos", "--max-new-tokens=5",
                                            "--temperature=1").stderr)
        self.assertEqual((generating["prefill_tokens"], generating["decode_tokens"]), (300, 4))
        held = generating["bytes_held"]
        self.assertEqual(held["total"], held["persistent"] + held["scratch"] + held["weights"] + held["staging"])
        self.assertGreaterEqual(held["weights"], generating["weight_bytes"])
        scoring = json.loads(self.run_on(model, 90, "--score", "--logits", self.folder / "logits.npy").stderr)
        self.assertEqual(scoring["score_tokens"], 300)
        newer = json.loads(self.run_on(model, 120, "--print-tokens", "--max-new-tokens=1",
                                       "--temperature=1").stderr)
        self.assertIn("compute capability 12.0), ptx for sm_80", newer["device_description"])

    def test_bf16_gated_retention(self):
        self.check("yoco-gret-random", "--target=nvptx:sm_90a")

    def test_bf16_sliding_window(self):
        self.check("yoco-swa-random", "--target=nvptx:sm_80")

    def test_llama(self):
        self.check("llama-rope3-tiny", "--target=nvptx:sm_90a")

    def test_encoder_decoder(self):
        self.check("ced-tiny", "--target=nvptx:sm_90a")

    def test_f32(self):
        self.check("yoco-gret-random", "--target=nvptx:sm_80", "--dtype=f32")
