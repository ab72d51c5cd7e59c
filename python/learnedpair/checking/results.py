# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Results of a check: measured values with their limits, as a table."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Result:
    """A measured value and its limit.

    Attributes
    ----------
    subject : str
        What was measured: a correction, or the whole System.
    where : str
        The platform and the precision.
    quantity, unit : str
    value, limit : float
        The check fails if the value is not at most the limit; a value of NaN fails.
    note : str
        What went wrong, or how to read the value.
    """

    subject: str
    where: str
    quantity: str
    value: float
    limit: float
    unit: str
    note: str = ""

    @property
    def passed(self) -> bool:
        return bool(self.value <= self.limit)

    def as_dict(self) -> dict[str, Any]:
        """The result for a JSON file. JSON has no infinite numbers and no NaN; they become None."""
        values = {name: _for_json(value) for name, value in asdict(self).items()}
        return {**values, "passed": self.passed}


def _for_json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def failure(subject: str, where: str, quantity: str, message: str) -> Result:
    """A check that could not be finished, because of an error that is not the machine's."""
    return Result(subject, where, quantity, math.nan, 0.0, "", message)


def rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def format_table(header: list[str], rows: list[list[str]], right: tuple[int, ...] = ()) -> list[str]:
    """Align the columns of a table of texts; those with the given indices to the right."""
    widths = [max(len(row[k]) for row in [header, *rows]) for k in range(len(header))]
    lines = []
    for row in [header, ["-" * width for width in widths], *rows]:
        cells = [cell.rjust(widths[k]) if k in right else cell.ljust(widths[k]) for k, cell in enumerate(row)]
        lines.append("  ".join(cells).rstrip())
    return lines


def format_results(results: list[Result]) -> list[str]:
    """Format results as a table, followed by their notes."""
    notes: list[str] = []
    for result in results:
        if result.note and result.note not in notes:
            notes.append(result.note)
    rows = [
        [
            result.subject,
            result.where,
            result.quantity,
            f"{result.value:.2e}",
            f"{result.limit:.2e}",
            result.unit,
            ("pass" if result.passed else "FAIL") + (f" [{notes.index(result.note) + 1}]" if result.note else ""),
        ]
        for result in results
    ]
    header = ["of", "platform, precision", "quantity", "value", "limit", "unit", "verdict"]
    return [*format_table(header, rows, right=(3, 4)), *(f"[{k}] {note}" for k, note in enumerate(notes, start=1))]
