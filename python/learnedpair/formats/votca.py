# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tables of VOTCA: files with the ending .pot and the columns r, U and a flag, in nm and kJ/mol.

A file may have a column of errors between U and the flag, or no flag. A row with the flag i is in the range of the
table, a row with o is outside and one with u is undefined. VOTCA's csg_resample uses the rows with o; here they are
left out, as are those with u. The slopes are those of the cubic spline through the energies.

The table of a derivative, which csg_resample writes with --derivative, contains +dU/dr and is not a table of energies.
"""

import os

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .curves import FileCurve, make_curve
from .text import lines_of, parse_columns, read_text

FLAGS = ("i", "o", "u")


def read(path: str) -> FileCurve:
    """Read the curve of a file.

    Raises
    ------
    ModelError
        If anything in the file is wrong; the message names the file and the line.
    """
    name = os.path.basename(path)
    lines = lines_of(read_text(path), "#@")
    count = len(lines[0].words) if lines else 0
    if count not in (2, 3, 4):
        where = f", line {lines[0].number}" if lines else ""
        raise ModelError(f"{name}{where}: there are {count} columns; expected r, U and a flag.")
    for line in lines:
        if len(line.words) != count or (count > 2 and line.words[-1] not in FLAGS):
            raise ModelError(
                f"{name}, line {line.number}: found {' '.join(line.words)[:60]!r}; expected {count} columns as in line"
                f" {lines[0].number}, {'the last of them a flag, i, o or u' if count > 2 else 'r and U'}."
            )
    used = np.array([count == 2 or line.words[-1] == "i" for line in lines])
    numbers = np.flatnonzero(used)
    if len(numbers) == 0:
        raise ModelError(f"{name}: no row has the flag i; expected at least 2.")
    gaps = np.flatnonzero(~used[numbers[0] : numbers[-1]])
    if len(gaps):
        line = lines[numbers[0] + gaps[0]]
        raise ModelError(
            f"{name}, line {line.number}: a row with the flag {line.words[-1]} is between rows with the flag i; fill"
            " the gap, for instance with csg_resample."
        )
    rows = [line._replace(words=line.words[:2]) for line in lines[numbers[0] : numbers[-1] + 1]]
    columns = parse_columns(name, rows, 2, "r, U")
    left_out = len(lines) - len(rows)
    notes = (f"{left_out} rows with the flags o or u left out",) if left_out else ()
    r, energies = columns.values.T
    return make_curve(name, name, r, energies, None, columns.lines, notes=notes)


def write(path: str, r: NDArray[np.float64], energies: NDArray[np.float64]) -> None:
    """Write a curve, in nm and kJ/mol."""
    with open(path, "w", encoding="utf-8") as file:
        for distance, energy in zip(r, energies, strict=True):
            file.write(f"{distance:.15e} {energy:.16e} i\n")
