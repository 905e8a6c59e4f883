# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Section `logits`: compiled checkpoints against float64 logits, with prompts taken in chunks of several sizes, then
decoded along the golden text, and with the whole text scored."""

import numpy as np

from bundle import run, why
from rows import Row, relative

PARALLEL = 3
CHUNKS = (None, 1, 7, 64)


def cases(bundle):
    return [*bundle.models, *(f"text:{m['name']}" for m in bundle.models.values() if m.get("needle_text"))]


def seconds(bundle, case):
    return 180


class Errors:
    """What a run of several texts comes to."""

    def __init__(self):
        self.worst, self.where, self.rows, self.largest = 0.0, "", 0, 0.0
        self.differences = []  # (margin, error of that row or None, place)

    def add(self, text, first, got):
        """Logits `got` of rows first, first + 1, ... of a golden text."""
        places, expected = text.expected(first, len(got))
        errors = {}
        if places:
            error = relative(got[places], expected)
            if not error <= self.worst:
                self.worst, self.where = error, f"{text.name} rows {first}+{len(got)}"
            for place, row in zip(places, expected):
                errors[place] = float(np.abs(got[place] - row).max())
                self.largest = max(self.largest, errors[place])
        for i, row in enumerate(got):
            if text.margin[first + i] < 0 and np.isfinite(row).all():
                continue  # nobody knows the best token here
            self.rows += 1
            if int(row.argmax()) != text.best[first + i] or not np.isfinite(row).all():
                self.differences.append((text.margin[first + i], errors.get(i), f"{text.name} row {first + i}"))

    def wrong(self):
        """Rows whose largest logit is another one although the best two are further apart than twice the error: both
        may err, in opposite directions."""
        return [d for d in self.differences if not d[0] <= 2 * (self.largest if d[1] is None else d[1])]


def rows(section, title, entry, errors):
    """Two rows of the table: logits, and the tokens that are chosen by them."""
    close = errors.worst <= entry["bound"]
    yield Row(
        section,
        title,
        errors.worst,
        entry["bound"],
        close,
        f"{errors.rows} rows" if close else f"worst: {errors.where}",
        group=entry["name"],
    )
    wrong = errors.wrong()
    same = f"{errors.rows - len(errors.differences)}/{errors.rows}"
    detail = f"{len(errors.differences)} within the error" if errors.differences and not wrong else ""
    if wrong:
        detail = (
            f"{len(wrong)} wrong, {wrong[0][2]}: margin {wrong[0][0]:.3g}, error {wrong[0][1] or errors.largest:.3g}"
        )
    yield Row(section, f"{title} greedy", same, "", not wrong, detail, group=entry["name"])


class Runner:
    def __init__(self, bundle):
        self.bundle, self.library = bundle, bundle.library()

    def run(self, case):
        if case.startswith("text:"):
            yield self.run_needle_text(case.partition(":")[2])
            return
        entry, texts = self.bundle.models[case], self.bundle.texts(case)
        model = self.library.open(self.bundle.model_path(case))
        chunks = [c for c in entry.get("chunks", CHUNKS) if c is None or c <= model.info.bounds.prefill_chunk]
        for chunk in chunks:
            with model.session(self.bundle.device, prefill_chunk=chunk or 0) as session:
                yield from rows("logits", f"{case} chunk {chunk or 'default'}", entry, self.decode(session, texts))
                if chunk is None:
                    yield from rows("logits", f"{case} score", entry, self.score(session, texts))
                    if any(text.answer for text in texts):
                        yield self.needles(case, session, texts)
        model.close()

    @staticmethod
    def decode(session, texts):
        errors = Errors()
        for text in texts:
            for length in text.lengths:
                session.reset(0)
                got = [session.prompt(0, text.tokens[:length])]
                got += [session.decode([0], [token])[0] for token in text.tokens[length : length + 40]]
                errors.add(text, length - 1, np.array(got))
        return errors

    @staticmethod
    def score(session, texts):
        errors = Errors()
        for text in texts:
            session.reset(0)
            errors.add(text, 0, session.score(0, text.tokens))
        return errors

    @staticmethod
    def needles(case, session, texts):
        """Questions about the text must be answered, by what the model itself generates."""
        asked = [text for text in texts if text.answer]
        missed = []
        for text in asked:
            session.reset(0)
            length = text.lengths[-1]
            ids = [int(session.prompt(0, text.tokens[:length]).argmax())]
            while len(ids) < text.answer:
                ids.append(int(session.decode([0], ids[-1:])[0].argmax()))
            if ids != text.tokens[length : length + text.answer].tolist():
                missed.append(text.name)
        return Row(
            "logits", f"{case} needles", f"{len(asked) - len(missed)}/{len(asked)}", "", not missed, " ".join(missed)
        )

    def run_needle_text(self, name):
        """The same through yoco-run and the tokenizer in the file."""
        needle = self.bundle.models[name]["needle_text"]
        prompt = (self.bundle.folder / "golden" / needle["file"]).read_text().rstrip("\n")  # as a shell gives it
        command = [
            self.bundle.program("yoco-run"),
            self.bundle.model_path(name),
            "--device",
            self.bundle.device,
            "--prompt",
            prompt,
            "--max-new-tokens",
            8,
        ]
        code, out, err = run(command, 150)
        found = code == 0 and needle["answer"] in out
        return Row(
            "logits",
            f"{name} yoco-run answers in text",
            needle["answer"] if found else "no",
            "",
            found,
            "" if found else f"{why(code, out, err)} {out[-60:]!r}",
        )
