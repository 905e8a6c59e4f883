# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Section `batches`: several sequences at different positions in one session, ragged prefill, against float64 logits;
and the runtime's own conformance suite on each model."""

import numpy as np

from bundle import last_line, run, why
from logits import Errors, rows
from rows import Row

PARALLEL = 4
STEPS = 6


def cases(bundle):
    names = [f"slots:{name}" for name, m in bundle.models.items() if m["batch"] > 1]
    conformance = [f"conformance:{name}" for name in bundle.models] if bundle.has_program("device-conformance") else []
    return names + conformance


def seconds(bundle, case):
    return 240


class Runner:
    def __init__(self, bundle):
        self.bundle, self.library = bundle, bundle.library()

    def run(self, case):
        what, _, name = case.partition(":")
        if what == "conformance":
            yield self.conformance(name)
            return
        entry = self.bundle.models[name]
        model = self.library.open(self.bundle.model_path(name))
        with model.session(self.bundle.device) as session:
            errors = self.together(session, self.bundle.texts(name), entry["batch"])
        yield from rows("batches", f"{name} {entry['batch']} slots", entry, errors)
        model.close()

    def together(self, session, texts, batch):
        """Prompts of all lengths in all slots by one ragged call, then decoded together; rounds until all texts had
        their turn."""
        errors, rng = Errors(), np.random.default_rng(self.bundle.seed)
        sequences = [(text, length) for text in texts for length in text.lengths if len(text.tokens) > length]
        while len(sequences) < batch:
            sequences += sequences
        for begin in range(0, len(sequences), batch):
            part = (sequences[begin:] + sequences)[:batch]
            slots = rng.permutation(batch)
            for slot in slots:
                session.reset(int(slot))
            long = [(slot, text.tokens[: length - 1]) for slot, (text, length) in zip(slots, part) if length > 1]
            if long:
                session.prefill_batch([slot for slot, _ in long], [ids for _, ids in long])
            steps = min(STEPS, *(len(text.tokens) - length + 1 for text, length in part))
            got = np.array(
                [
                    session.decode(slots, [text.tokens[length - 1 + step] for text, length in part])
                    for step in range(steps)
                ]
            )
            for i, (text, length) in enumerate(part):
                errors.add(text, length - 1, got[:, i])
        return errors

    def conformance(self, name):
        command = [self.bundle.program("device-conformance"), *self.bundle.manifest["conformance"]["arguments"]]
        values = {"MODEL": str(self.bundle.model_path(name)), "DEVICE": self.bundle.device}
        code, out, err = run([c.format(**values) for c in command], 200)
        counts = [line for line in out.splitlines() if "tests ran" in line or "PASSED" in line or "FAILED" in line]
        failures = [line for line in out.splitlines() if "FAILED  ]" in line or "Failure" in line]
        detail = (
            last_line("\n".join(counts)) if code == 0 else f"{why(code, out, err)} {failures[0] if failures else ''}"
        )
        return Row(
            "batches", f"{name} device-conformance", "ran" if code == 0 else "broken", "", code == 0, detail, group=name
        )
