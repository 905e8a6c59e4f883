# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Section `bench`: yoco-bench on the large configuration, beside floors and ceilings. Numbers, not judged."""

import json

from bundle import run, why
from rows import Row

PARALLEL = 1


def cases(bundle):
    plan = bundle.manifest.get("bench")
    return [f"batch {batch}" for batch in plan["batches"]] if plan else []


def seconds(bundle, case):
    return 420


class Runner:
    def __init__(self, bundle):
        self.bundle, self.plan = bundle, bundle.manifest["bench"]

    def run(self, case):
        batch = int(case.split()[1])
        contexts = self.plan["contexts"] if batch == 1 else self.plan["batch_contexts"]
        model = self.plan["model"] if batch == 1 else self.plan["batch_model"]
        command = [
            self.bundle.program("yoco-bench"),
            self.bundle.model_path(model),
            "--device",
            self.bundle.device,
            "--context",
            ",".join(map(str, contexts)),
            "--batch",
            batch,
            "--json",
        ]
        code, out, err = run(command, 400)
        if code != 0:
            yield Row("bench", case, "crash", "", False, why(code, out, err))
            return
        report = json.loads(out)
        ceilings = {k: v for k, v in (report.get("ceilings") or {}).items() if isinstance(v, (int, float))}
        detail = ", ".join(f"{name} {value:.4g}" for name, value in ceilings.items())
        yield Row("bench", f"{case}: ceilings", f"{report['bytes_held'] / 2**30:.2f} GiB", detail=detail, data=report)
        for entry in report["contexts"]:
            for phase in ("prefill", "decode"):
                measured = entry.get(phase)
                if measured:
                    yield self.phase_row(f"{case} {entry['context']:>7} {phase}", measured)

    @staticmethod
    def phase_row(title, measured):
        floor = measured["floor"]
        moved = floor["weight_bytes"] + floor["state_read_bytes"] + floor["state_write_bytes"]
        done = floor["linear_operations"] + floor["mixer_operations"]
        ratio = lambda name: f"{measured[name]:.2f}" if measured.get(name) is not None else "-"  # noqa: E731
        detail = (
            f"{measured['tokens_per_second'] or 0:.1f} tokens/s; floors {moved / 1e9:.3f} GB "
            f"({ratio('byte_ratio')} of ceiling), "
            f"{done / 1e12:.3f} Tflop ({ratio('operation_ratio')})"
        )
        return Row("bench", title, f"{measured['seconds'] * 1e3:.3f} ms", detail=detail, data=measured)
