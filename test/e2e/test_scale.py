# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The 3B configuration compiles with little memory, since weights are never in the IR; time is printed, not judged."""
import os
import subprocess
import sys
import time

from checkpoint import Config
from harness import BUILD, Case


class Scale(Case):
    def compile_3b(self, layers):
        """-> (seconds, peak bytes, the model file)"""
        config = Config(dim=3072, n_layers=layers, hidden_dim=8192, n_self_heads=24, n_attn_heads=24, n_attn_kv_heads=8,
                        vocab_size=100288)
        folder = self.folder / f"{layers}-layers"
        folder.mkdir()
        config.save(folder / "config.json")
        started = time.monotonic()
        with open(self.folder / "log", "w+") as log:
            process = subprocess.Popen([BUILD / "bin/yoco-compile", folder, "-o", folder / "model.yoco",
                                        "--random-weights=1"],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            log.seek(0)
            self.assertEqual(process.returncode, 0, log.read()[-4000:])
        return time.monotonic() - started, usage.ru_maxrss * 1024, folder / "model.yoco"

    def test_3b(self):
        seconds, peak, model = self.compile_3b(26)
        deeper_seconds, deeper_peak, _ = self.compile_3b(52)
        report = (f"3B configuration, 26 layers: compiled in {seconds:.1f} s, peak {peak / 2**20:.0f} MiB, "
                  f"file {model.stat().st_size / 2**20:.1f} MiB; 52 layers: {deeper_seconds:.1f} s, peak "
                  f"{deeper_peak / 2**20:.0f} MiB\n")
        sys.stderr.write(report)
        (BUILD / "results").mkdir(exist_ok=True)
        (BUILD / "results/scale.txt").write_text(report)  # scripts/check shows it
        self.assertLess(peak, 2 * 10**9)
        self.assertLess(deeper_peak, 2 * 10**9)
        description = self.succeed("yoco-run", model, "--describe").stdout
        self.assertIn("host", description)
