# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Section `repeat`: the same ids give the same bits, again and again, in other slots, sessions and processes, with and
without graphs."""

import hashlib
import json
import sys


from bundle import RUN, run, why
from rows import Row

PARALLEL = 4


def cases(bundle):
    return list(bundle.models)


def seconds(bundle, case):
    return 180


def fingerprint(session, texts, slot=0):
    """-> {what: digest} of prefill and decode, and of scoring."""
    digests = {"decode": hashlib.sha256(), "score": hashlib.sha256()}
    for text in texts:
        length = text.lengths[-1]
        session.reset(slot)
        digests["decode"].update(session.prompt(slot, text.tokens[:length]).tobytes())
        for token in text.tokens[length : length + 8]:
            digests["decode"].update(session.decode([slot], [token]).tobytes())
        session.reset(slot)
        digests["score"].update(session.score(slot, text.tokens[:300]).tobytes())
    return {what: digest.hexdigest() for what, digest in digests.items()}


class Runner:
    def __init__(self, bundle):
        self.bundle, self.library = bundle, bundle.library()

    def run(self, case):
        name, _, alone = case.partition("#")
        texts, device = self.bundle.texts(name), self.bundle.device
        model = self.library.open(self.bundle.model_path(name))
        with model.session(device) as session:
            first = fingerprint(session, texts)
            if alone:
                yield Row("repeat", name, data=first)
                return
            again = {"again": fingerprint(session, texts), "once more": fingerprint(session, texts)}
            if model.info.bounds.max_batch > 1:
                again["in another slot"] = fingerprint(session, texts, int(model.info.bounds.max_batch) - 1)
        with model.session(device) as session:
            again["in another session"] = fingerprint(session, texts)
        with model.session(device, no_graphs=True) as session:
            again["without graphs"] = fingerprint(session, texts)
        again["in another process"] = self.elsewhere(name)
        different = [
            f"{what} {how}" for how, digests in again.items() for what in first if digests.get(what) != first[what]
        ]
        yield Row(
            "repeat",
            name,
            f"{len(again)} times",
            "",
            not different,
            ", ".join(different) or "bit-identical",
            group="all models: bit-identical",
        )

    def elsewhere(self, name):
        b = self.bundle
        code, out, err = run(
            [
                sys.executable,
                RUN,
                "--worker",
                "repeat",
                "--bundle",
                b.folder,
                "--device",
                b.device,
                "--seed",
                b.seed,
                f"{name}#alone",
            ],
            120,
        )
        if code != 0:
            raise RuntimeError(why(code, out, err))
        return next(event["row"]["data"] for event in map(json.loads, out.splitlines()) if "row" in event)
