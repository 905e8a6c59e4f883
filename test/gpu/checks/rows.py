# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A row of the table: what was measured, against what bound."""

import dataclasses


@dataclasses.dataclass
class Row:
    section: str
    case: str
    measured: object = ""
    bound: object = ""
    passed: object = None  # True, False, or None: a number that is only reported
    detail: str = ""
    fatal: bool = False  # the process is good for nothing afterwards
    data: object = None  # for --json alone
    group: str = ""  # rows that pass and have this in common are one line of standard output

    def status(self):
        if self.passed is None:
            return "skip" if self.measured == "skipped" else ""
        return "pass" if self.passed else "FAIL"

    def line(self, width=58):
        case = self.case if len(self.case) <= width else self.case[: width - 1] + "~"
        numbers = f"{text(self.measured):>10} {text(self.bound):>9}"
        return f"{self.section:<10}{case:<{width + 1}}{numbers}  {self.status():<5}{self.detail}".rstrip()


def text(value):
    if isinstance(value, float):
        return f"{value:.2g}"
    return "" if value is None else str(value)


def relative(got, expected):
    """Norm of the difference over the norm; infinite with a NaN."""
    import numpy as np

    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    error = np.linalg.norm(got - expected) / max(np.linalg.norm(expected), 1e-30)
    return float(error) if np.isfinite(error) else float("inf")
