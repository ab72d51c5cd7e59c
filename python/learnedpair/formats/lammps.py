# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Tables of LAMMPS' pair_style table.

A file has any number of sections: a line with a keyword, a line of parameters such as "N 1000 R 2.0 10.0", and N rows:
index, distance, energy, force. The first line may be a comment with the word "UNITS:" and the name of a unit system.

What LAMMPS does with them (tried with the version 2025.7.22.4):

- "R lo hi" and "RSQ lo hi" replace the distances of the rows by N distances that are equally spaced in r or in r^2.
- Rows beyond the N-th and columns beyond the fourth are ignored. Both are refused here.
- The parameter with the derivatives of the force at both ends is FPRIME; old versions called it FP, which new
  ones refuse. It has an influence on LAMMPS' own interpolation only.
"""

import itertools
import os
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .. import errors
from ..errors import ModelError
from .curves import FileCurve, make_curve, require_consistency, without_zeros_after
from .text import Line, lines_of, parse_columns, parse_number, read_text

#: The unit systems of LAMMPS that use units of learnedpair.units, with their units of length and energy.
UNITS = {
    "real": ("angstrom", "kcal/mol"),
    "metal": ("angstrom", "eV"),
    "electron": ("bohr", "hartree"),
}
#: The other unit systems.
OTHER_UNITS = ("lj", "si", "cgs", "micro", "nano")
NAMES = "index, distance, energy, force"
#: The number of arguments of each parameter.
PARAMETERS = {"N": 1, "R": 2, "RSQ": 2, "FPRIME": 2, "FP": 2}
#: The relative difference between the distances of the rows and those of the parameters that LAMMPS warns about.
DIFFERENCE = 1e-6


def read(path: str) -> tuple[list[FileCurve], str | None]:
    """Read all sections of a file.

    Returns
    -------
    curves : list of FileCurve
    units : str or None
        The name of the unit system, if the file has one.

    Raises
    ------
    ModelError
        If anything in the file is wrong; the message names the file and the line.
    """
    text, name = read_text(path), os.path.basename(path)
    lines = lines_of(text, "#")
    sections: dict[str, int] = {}
    curves, position = [], 0
    while position < len(lines):
        line = lines[position]
        keyword = _require_keyword(name, line)
        if keyword in sections:
            raise ModelError(
                f"{name}, line {line.number}: the section {keyword} exists already, in line {sections[keyword]}; give"
                " each section a keyword of its own."
            )
        sections[keyword] = line.number
        curve, position = _read_section(name, keyword, lines, position + 1)
        curves.append(curve)
    if not curves:
        raise ModelError(f"{name}: the file has only comments; expected at least one section.")
    shortened = [f"{curve.keyword}: {curve.notes[0]}" for curve in curves if curve.notes]
    if shortened:
        errors.warn(
            f"{name}: {'; '.join(shortened)}. Zeros where the energy has not vanished, such as pair_write writes at the"
            " cutoff, are not a part of the curve, which ends before them."
        )
    return curves, _units_of(text)


def _require_keyword(name, line):
    """The keyword in the line that begins a section."""
    if len(line.words) == 1 and not _is_row(line):
        return line.words[0]
    if _is_row(line):
        raise ModelError(
            f"{name}, line {line.number}: there is a row of numbers before any section; expected the keyword of a"
            " section, one word, and its parameters, such as N 1000."
        )
    raise ModelError(
        f"{name}, line {line.number}: found {' '.join(line.words)[:60]!r}; expected the keyword of a section, one word."
    )


def _is_row(line: Line) -> bool:
    return line.words[0].lstrip("+-")[:1].isdecimal() and len(line.words) > 1


def _read_section(name, keyword, lines, position):
    """Read the section whose parameters are in a line; return its curve, and the position of the line behind it."""
    source = f"{name}, section {keyword}"
    if position == len(lines):
        raise ModelError(f"{source}: the file ends after the keyword; expected the parameters, such as N 1000.")
    parameters, number = _parse_parameters(source, lines[position]), lines[position].number
    count = int(parameters["N"][0])
    rows = lines[position + 1 : position + 1 + count]
    missing = next((k for k, row in enumerate(rows) if not _is_row(row)), len(rows))
    if missing < count:
        where = f"line {rows[missing].number}" if missing < len(rows) else "the end of the file"
        raise ModelError(f"{source}, line {number}: N is {count}, and before {where} there are {missing} rows.")
    further = list(itertools.takewhile(_is_row, lines[position + 1 + count :]))
    if further:
        raise ModelError(
            f"{source}, line {number}: N is {count}, and there are {count + len(further)} rows, the last one in line"
            f" {further[-1].number}; N must be the number of rows."
        )
    columns = parse_columns(source, rows, 4, NAMES)
    index, r, energies, force = columns.values.T
    wrong = np.flatnonzero(np.diff(index) != 1)
    if len(wrong):
        raise ModelError(
            f"{source}, line {columns.lines[wrong[0] + 1]}: the row with the index {index[wrong[0]]:g} is followed by"
            f" {index[wrong[0] + 1]:g}; expected indices without gaps. A row may be missing, or in another place."
        )
    rounding = list(columns.rounding[:, 1:].T)
    spaced = _spaced_distances(source, parameters, count)
    if spaced is not None:
        _require_order(source, columns.lines, r)
        _warn_of_other_distances(source, columns.lines, r, spaced, rounding[0])
        r, rounding[0] = spaced, np.zeros(count)
    curve = make_curve(source, keyword, r, energies, -force, columns.lines, rounding)
    curve = without_zeros_after(curve)
    require_consistency(curve)
    return curve, position + 1 + count


def _parse_parameters(source, line):
    """The parameters of a section: a dict of name to numbers."""
    parameters = {}
    words = iter(line.words)
    for word in words:
        if word == "BITMAP":
            raise ModelError(
                f"{source}, line {line.number}: distances that are spaced as BITMAP are not supported; write the table"
                " with R or RSQ."
            )
        if word not in PARAMETERS or word in parameters:
            raise ModelError(
                f"{source}, line {line.number}: found {word[:40]!r}; expected each of the parameters"
                f" {', '.join(PARAMETERS)} at most once, with its numbers."
            )
        arguments = list(itertools.islice(words, PARAMETERS[word]))
        if len(arguments) < PARAMETERS[word]:
            raise ModelError(f"{source}, line {line.number}: {word} needs {PARAMETERS[word]} numbers.")
        parameters[word] = [parse_number(source, line.number, argument) for argument in arguments]
    if "N" not in parameters or parameters["N"][0] < 2 or parameters["N"][0] % 1:
        raise ModelError(
            f"{source}, line {line.number}: found {' '.join(line.words)[:60]!r}; expected N and the number of rows, at"
            " least 2."
        )
    if "R" in parameters and "RSQ" in parameters:
        raise ModelError(f"{source}, line {line.number}: there are both R and RSQ; expected one of them.")
    return parameters


def _spaced_distances(source, parameters, count):
    """The distances that R or RSQ prescribes, or None."""
    fractions = np.arange(count) / (count - 1)
    for word, power in (("R", 1), ("RSQ", 2)):
        if word in parameters:
            low, high = parameters[word]
            if not 0 < low < high:
                raise ModelError(f"{source}: {word} is {low:g} {high:g}; expected positive numbers that increase.")
            return (low**power + (high**power - low**power) * fractions) ** (1 / power)
    return None


def _require_order(source, lines, r):
    """Require that distances that R or RSQ replaces do not decrease. Rounding may have made some of them equal."""
    wrong = np.flatnonzero(np.diff(r) < 0)
    if len(wrong):
        k = wrong[0] + 1
        raise ModelError(
            f"{source}, line {lines[k]}: the distance {r[k]:.10g} follows {r[k - 1]:.10g}; expected distances that"
            " increase from row to row, also where R or RSQ gives them."
        )


def _warn_of_other_distances(source, lines, r, spaced, rounding):
    wrong = np.abs(r - spaced) > np.maximum(DIFFERENCE * spaced, 2 * rounding)
    if wrong.any():
        k = int(np.argmax(wrong))
        errors.warn(
            f"{source}, line {lines[k]}: the distance of the row is {r[k]:.8g}, and according to R or RSQ it is"
            f" {spaced[k]:.8g}. As in LAMMPS, the latter is used, for all rows."
        )


def _units_of(text):
    """The unit system that the first line names, as LAMMPS reads it: the word after "UNITS:"."""
    words = next(line for line in text.splitlines() if line.strip()).split()
    if "UNITS:" in words and words.index("UNITS:") + 1 < len(words):
        return words[words.index("UNITS:") + 1]
    return None


def write(
    path: str,
    sections: Iterable[tuple[str, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]],
    units: str,
    spacing: str,
    comments: Sequence[str],
) -> None:
    """Write sections to a file.

    Parameters
    ----------
    path : str
    sections : iterable of (keyword, r, energies, slopes)
        In the units of the unit system.
    units : str
        The name of the unit system, for the first line.
    spacing : {"R", "RSQ"}
    comments : sequence of str
        Further lines of comments.
    """
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# pair_style table UNITS: {units}\n")
        file.writelines(f"# {comment}\n" for comment in comments)
        for keyword, r, energies, slopes in sections:
            file.write(f"\n{keyword}\nN {len(r)} {spacing} {float(r[0])!r} {float(r[-1])!r}\n\n")
            for index, row in enumerate(zip(r, energies, -slopes, strict=True), 1):
                file.write(f"{index} {' '.join(f'{number:.16e}' for number in row)}\n")
