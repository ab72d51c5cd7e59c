# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads structures with energies and forces from extended XYZ files, through ASE."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Literal, TextIO

import numpy as np

from ..errors import ModelError
from ..units import ENERGY, LENGTH, factor
from .configurations import Configuration, ReferenceData


def read_extended_xyz(
    path: str | os.PathLike[str],
    *,
    length_unit: Literal["nm", "angstrom", "bohr"],
    energy_unit: Literal["kJ/mol", "kcal/mol", "eV", "hartree"],
    method: str,
    energy: str | None = "energy",
    forces: str | None = "forces",
    types: str | None = None,
    fragments: str | None = None,
    weight: str | None = None,
) -> ReferenceData:
    """Read structures with interaction energies and forces from an extended XYZ file.

    Every structure must have everything that is asked for: one without a label is named, and not left out.

    Parameters
    ----------
    path : path-like
    length_unit, energy_unit : str
        The units of the file. Forces are in energy_unit per length_unit.
    method : str
        How the reference was computed, for instance "PBE0-D3(BJ)/def2-TZVP, counterpoise-corrected".
    energy : str, or None
        The key of the interaction energy in the comment line; None if only forces are to be fitted.
    forces : str, or None
        The name of the column of forces; None if only energies are to be fitted.
    types, fragments : str, or None
        The names of the columns of the types and of the fragments (integers) of the atoms. By default the types are the
        elements, and every atom is a fragment.
    weight : str, or None
        The key of the weight of a structure in the comment line.

    Returns
    -------
    ReferenceData

    Raises
    ------
    ImportError
        Without ASE: pip install ase.
    ModelError
        If ASE cannot read the file, a structure lacks a label or a column, or its box is not periodic in all directions
        or in none.

    Examples
    --------
    Two atoms with an energy in eV:

    >>> import os
    >>> import tempfile
    >>> import learnedpair as lp
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = os.path.join(folder.name, "dimers.xyz")
    >>> with open(path, "w", encoding="utf-8") as file:
    ...     print("2", "interaction_energy=-0.0122", "Ar 0 0 0", "Ar 0 0 3.8", sep="\\n", file=file)
    >>> lp.fit.read_extended_xyz(
    ...     path,
    ...     length_unit="angstrom",
    ...     energy_unit="eV",
    ...     energy="interaction_energy",
    ...     forces=None,
    ...     method="CCSD(T)/CBS, counterpoise-corrected",
    ... )
    <ReferenceData dimers.xyz: 1 configuration of Ar; 1 energy>
    >>> folder.cleanup()
    """
    source = os.path.basename(os.fspath(path))
    length = factor(LENGTH, "length", length_unit)
    per_mole = factor(ENERGY, "energy", energy_unit)
    configurations = []
    for index, atoms in enumerate(_structures(path, source)):
        place = f"{source}, structure {index}"
        found = {
            "energy": _of_structure(atoms, energy, place),
            "forces": _of_atoms(atoms, forces, place),
            "weight": _of_structure(atoms, weight, place),
        }
        names = atoms.get_chemical_symbols() if types is None else _of_atoms(atoms, types, place)
        optional: dict[str, Any] = {}
        if fragments is not None:
            optional["fragments"] = _of_atoms(atoms, fragments, place)
        if found["weight"] is not None:
            optional["weight"] = float(found["weight"])
        configurations.append(
            Configuration(
                place,
                tuple(str(name) for name in names),
                atoms.positions * length,
                energy=None if found["energy"] is None else float(found["energy"]) * per_mole,
                forces=None if found["forces"] is None else np.asarray(found["forces"]) * (per_mole / length),
                box=_box(atoms, length, place),
                **optional,
            )
        )
    return ReferenceData(configurations, source, method)


def _structures(path: str | os.PathLike[str], source: str) -> Iterator[Any]:
    """The structures of a file, as ASE reads them."""
    try:
        import ase.io
    except ImportError as error:
        raise ImportError("read_extended_xyz needs ASE: pip install ase", name="ase") from error
    with open(path, encoding="utf-8") as file:
        _require_no_gap(file, source)
        structures, index = ase.io.iread(file, index=":", format="extxyz"), 0
        while True:
            try:
                atoms = next(structures, None)
            except Exception as error:  # ASE raises many types of exceptions
                text = " ".join(str(error).split())
                raise ModelError(
                    f"{source}: ASE cannot read structure {index} or one after it ({type(error).__name__}: {text})."
                ) from error
            if atoms is None:
                return
            yield atoms
            index += 1


def _require_no_gap(file: TextIO, source: str) -> None:
    """Require structures that follow each other without an empty line, at which ASE would stop reading."""
    lines = list(file)
    number = 0
    while number < len(lines):
        text = lines[number].strip()
        if not text and any(each.strip() for each in lines[number:]):
            raise ModelError(
                f"{source}: line {number + 1} is empty, and a structure should begin there: ASE would stop reading;"
                " remove the empty line."
            )
        number += int(text) + 2 if text.isdigit() else 1  # ASE reports what is no number of atoms
    file.seek(0)


def _of_structure(atoms: Any, key: str | None, place: str) -> Any:
    """A value of the comment line. ASE moves those with the names of its own results into a calculator."""
    if key is None:
        return None
    values = {**atoms.info, **({} if atoms.calc is None else atoms.calc.results)}
    if key not in values:
        raise ModelError(
            f"{place}: the comment line has no {key!r}, only {', '.join(sorted(values)) or 'nothing'}; add it, or name"
            " another key. If it is in the file, look for an entry without a value before it, such as name=: ASE then"
            " skips the entry after that."
        )
    if np.ndim(values[key]) != 0 or isinstance(values[key], (str, bool)):
        raise ModelError(f"{place}: {key!r} is {values[key]!r}; expected a number.")
    return values[key]


def _of_atoms(atoms: Any, key: str | None, place: str) -> Any:
    """A column. ASE moves those with the names of its own results into a calculator."""
    if key is None:
        return None
    columns = {**atoms.arrays, **({} if atoms.calc is None else atoms.calc.results)}
    if key not in columns or len(np.atleast_1d(columns[key])) != len(atoms):
        names = sorted(name for name, column in columns.items() if len(np.atleast_1d(column)) == len(atoms))
        raise ModelError(f"{place}: there is no column {key!r}, only {', '.join(names)}; add it, or name another one.")
    return columns[key]


def _box(atoms: Any, length: float, place: str) -> Any:
    """The periodic box vectors in nm, or None."""
    if not atoms.pbc.any():
        return None
    if not atoms.pbc.all():
        raise ModelError(f"{place}: the box is periodic in some directions only; expected all of them, or none.")
    return atoms.cell.array * length
