# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads energies of pairs of atoms from a CSV file."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np

from ..errors import ModelError
from ..formats.text import read_text
from ..units import ENERGY, LENGTH, factor
from .configurations import Configuration, ReferenceData


def read_dimers(
    path: str | os.PathLike[str],
    *,
    length_unit: Literal["nm", "angstrom", "bohr"],
    energy_unit: Literal["kJ/mol", "kcal/mol", "eV", "hartree"],
    method: str,
    columns: Sequence[str] = ("type1", "type2", "distance", "energy"),
) -> ReferenceData:
    """Read interaction energies of pairs of atoms from a CSV file with a header.

    Parameters
    ----------
    path : path-like
    length_unit, energy_unit : str
        The units of the distances and energies in the file.
    method : str
        How the energies were computed, for instance "CCSD(T)/CBS, counterpoise-corrected".
    columns : (str, str, str, str)
        The names of the columns with the types of both atoms, the distance and the interaction energy. Other columns
        are ignored.

    Returns
    -------
    ReferenceData
        One configuration for each row.

    Raises
    ------
    ModelError
        If a column is missing, or a row has no type, a distance that is not positive, or an energy that is not a finite
        number: with the line.

    Examples
    --------
    >>> import os
    >>> import tempfile
    >>> import learnedpair as lp
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = os.path.join(folder.name, "dimers.csv")
    >>> with open(path, "w", encoding="utf-8") as file:
    ...     print("type1,type2,distance,energy", "Ar,Ar,3.8,-0.2814", "Ar,Ar,5.0,-0.0771", sep="\\n", file=file)
    >>> lp.fit.read_dimers(path, length_unit="angstrom", energy_unit="kcal/mol", method="an example")
    <ReferenceData dimers.csv: 2 configurations of Ar; 2 energies>
    >>> folder.cleanup()
    """
    source = os.path.basename(os.fspath(path))
    length = factor(LENGTH, "length", length_unit)
    energy = factor(ENERGY, "energy", energy_unit)
    if len(columns) != 4:
        raise ModelError(f"columns is {columns!r}; expected four names: of two types, the distance and the energy.")
    configurations = []
    reader = csv.DictReader(io.StringIO(read_text(os.fspath(path)), newline=""))
    header = reader.fieldnames or []
    for name in columns:
        if header.count(name) != 1:
            raise ModelError(
                f"{source}: the header has the columns {', '.join(header)}; expected {name!r} once. Pass the names"
                " of the columns with the types, the distance and the energy as columns=(...)."
            )
    for row in _rows(reader, source):
        place = f"{source} line {reader.line_num}"
        if None in row:
            raise ModelError(
                f"{place}: the row has {len(header) + len(row[None])} fields, and the header {len(header)}; expected as"
                " many. Numbers have a decimal point, and no comma."
            )
        types = tuple((row[name] or "").strip() for name in columns[:2])
        if not all(types):
            raise ModelError(f"{place}: the row has no type in {columns[types.index('')]!r}.")
        r, value = (_number(row[name], name, place) for name in columns[2:])
        if r <= 0:
            raise ModelError(f"{place}: the distance is {r:g}; expected a positive number.")
        positions = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, r * length]])
        configurations.append(Configuration(place, types, positions, energy=value * energy))
    if not configurations:
        raise ModelError(f"{source}: there are no rows below the header; expected at least one.")
    return ReferenceData(configurations, source, method)


def _rows(reader: csv.DictReader, source: str) -> Iterator[dict[Any, Any]]:
    try:
        yield from reader
    except csv.Error as error:
        raise ModelError(f"{source} line {reader.line_num}: this is not CSV ({error}).") from error


def _number(text: str | None, name: str, place: str) -> float:
    try:
        value = float("" if text is None or "_" in text else text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ModelError(f"{place}: {name!r} is {text!r}; expected a finite number.")
    return value
