# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Section `bench`: yoco-bench on the large configuration, beside floors and ceilings; what the steps of a few sequences
take in a session that has room for many, over one that has room for no more. Numbers, not judged."""

import contextlib
import json
import statistics
import time

import numpy as np

from bundle import run, why
from rows import Row

PARALLEL = 1
SLOTS, STEPS, WARM_UP = 64, 40, 4


def cases(bundle):
    plan = bundle.manifest.get("bench")
    if not plan:
        return []
    return [f"batch {batch}" for batch in plan["batches"]] + [f"slots {i}" for i in range(len(plan["slots"]))]


def seconds(bundle, case):
    return 420


class Runner:
    def __init__(self, bundle):
        self.bundle, self.plan = bundle, bundle.manifest["bench"]

    def run(self, case):
        kind, number = case.split()
        yield from self.run_slots(*self.plan["slots"][int(number)]) if kind == "slots" else self.run_batch(int(number))

    def run_slots(self, one, many, batch, context):
        """Decode steps of both sessions in turns, after a prompt that ends with them at `context`."""
        library = self.bundle.library()
        models = {name: library.open(self.bundle.model_path(name), verify=0) for name in {one, many}}
        ids = np.random.default_rng(self.bundle.seed).integers(0, models[one].vocabulary, context).astype(np.int32)
        with contextlib.ExitStack() as stack:
            sessions = [
                stack.enter_context(
                    models[name].session(self.bundle.device, max_sequence_length=context, max_batch=slots)
                )
                for name, slots in ((one, batch), (many, SLOTS))
            ]
            times = self.take_turns(sessions, batch, ids)
        few, all_slots = (statistics.median(taken[WARM_UP:]) for taken in times)
        title = f"{batch} of {SLOTS} slots over {batch} of {batch}, {context} positions"
        detail = f"{many} {all_slots * 1e3:.3f} ms, {one} {few * 1e3:.3f} ms"
        yield Row("bench", title, f"{all_slots / few:.3f}", detail=detail, data={"seconds": times})
        for model in models.values():
            model.close()

    @staticmethod
    def take_turns(sessions, batch, ids):
        slots, times = list(range(batch)), ([], [])
        for session in sessions:
            session.prefill(0, ids[: len(ids) - STEPS - WARM_UP])
            for slot in slots[1:]:
                session.copy_slot(0, slot)
        for _ in range(STEPS + WARM_UP):
            for session, taken in zip(sessions, times):
                started = time.perf_counter()
                session.decode(slots, ids[:batch])
                taken.append(time.perf_counter() - started)
        return times

    def run_batch(self, batch):
        case = f"batch {batch}"
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
