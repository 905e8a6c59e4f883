# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Section `launches`: what the driver makes of launches that no kernel of the compiler asks for. A model of
hand-written kernels in clusters of two blocks (test/runtime/ToyCluster.h), whose logits say what each block saw of its
cluster."""

import numpy as np

from rows import Row

PARALLEL = 1
FILE = "kernels/clusters.yoco"


def cases(bundle):
    return ["clusters"] if (bundle.folder / FILE).exists() else []


def seconds(bundle, case):
    return 60


def expected(rows):
    """A row's value: of clusters of 2, the number of the other block of its cluster, and the rank of its own."""
    row = np.arange(rows)
    rank = row % 2
    return 2000 + 10 * (2 * (row // 4) + 1 - rank) + rank


class Runner:
    def __init__(self, bundle):
        self.bundle, self.library = bundle, bundle.library()

    def run(self, case):
        model = self.library.open(self.bundle.folder / FILE)
        for no_graphs in (False, True):
            with model.session(self.bundle.device, no_graphs=no_graphs) as session:
                scored = session.score(0, [1, 2, 3, 4, 5])
                session.reset(0)
                decoded = session.prompt(0, [1, 2, 3])
            wrong = [
                f"{what} {got.tolist()}"
                for what, got, want in (("score", scored, expected(5)[:, None]), ("prompt", decoded, expected(1)))
                if not (got == want).all()
            ]
            how = "without graphs" if no_graphs else "in graphs"
            yield Row("launches", f"{case} {how}", "wrong" if wrong else "equal", "", not wrong, "; ".join(wrong)[:200])
        model.close()
