# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Reads tables of one format from several files: which curve belongs to which pair of types, and which units it has."""

import os
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from openmm import unit

from .. import units as conversion
from ..errors import ModelError
from . import gromacs, lammps, uf3, votca
from .curves import FileCurve

#: The formats, by the ending of the file.
ENDINGS = {".table": "lammps", ".xvg": "gromacs", ".pot": "votca", ".json": "uf3"}
FORMATS = tuple(ENDINGS.values())
#: The units of formats that have only one.
UNITS = {"gromacs": ("nm", "kJ/mol"), "votca": ("nm", "kJ/mol"), "uf3": ("angstrom", "eV")}
#: The place of the pair in the name of a file that is written.
PLACE = "{pair}"

Pair = tuple[str, str]


class Assignment:
    """Finds the pair of types of a curve by its keyword.

    Parameters
    ----------
    sections : dict of str to ((str, str) or None), or None
        Pairs that the user gives for some keywords; None for a curve to leave out.
    types : iterable of str, or None
        The names of the types, if the user gives them.
    """

    def __init__(self, sections: dict[str, Any] | None, types: Iterable[str] | None) -> None:
        self._sections = _checked_sections(sections)
        self._types = None if types is None else set(types)
        self._used: set[str] = set()

    def is_left_out(self, keyword: str) -> bool:
        """Whether the user has left out the curve."""
        self._used.add(keyword)
        return self._sections.get(keyword, ()) is None

    def find(self, keyword: str) -> Pair | None:
        """The pair of types of a curve, or None if its keyword does not tell.

        A keyword tells if it is two names of types with "_" or "-" between them. The name of a file may begin with
        "table_", and its ending does not count. The numbers in "table6-12.xvg", a name of GROMACS for tables of all
        pairs, are exponents. If the user gives one type, its pair is the only one.
        """
        self._used.add(keyword)
        if keyword in self._sections:
            return self._sections[keyword]
        stem = re.sub(r"\.(xvg|pot)$", "", keyword)
        stem = stem if stem == keyword else stem.removeprefix("table_")
        splits = [(stem[: mark.start()], stem[mark.end() :]) for mark in re.finditer("[-_]", stem)]
        splits = [pair for pair in splits if all(pair) and (self._types is None or self._types >= set(pair))]
        if self._types is not None and len(self._types) == 1:
            (only,) = self._types
            return only, only
        return splits[0] if len(splits) == 1 and not re.fullmatch(r"table\d+-\d+", stem) else None

    def require(self, keyword: str) -> Pair:
        """The pair of types of a curve.

        Raises
        ------
        ModelError
            If its keyword does not tell.
        """
        pair = self.find(keyword)
        if pair is None:
            known = "" if self._types is None else f" of {', '.join(sorted(self._types))}"
            raise ModelError(
                f"{keyword}: the name does not tell which pair of types{known} the table is for; give it:"
                f" sections={{{keyword!r}: ('A', 'B')}}, or None in place of the pair to leave the table out."
            )
        return pair

    def require_all_used(self) -> None:
        """Require that the user has given no pair for a table that does not exist."""
        unknown = [keyword for keyword in self._sections if keyword not in self._used]
        if unknown:
            raise ModelError(
                f"sections has {unknown[0]!r}, and there is no such table; there are {', '.join(sorted(self._used))}."
            )


def _checked_sections(sections):
    if sections is None:
        return {}
    if not isinstance(sections, dict):
        raise TypeError(f"sections is {sections!r}; expected a dict such as {{'KEYWORD': ('A', 'B')}}.")
    result = {}
    for keyword, pair in sections.items():
        is_pair = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(isinstance(x, str) and x for x in pair)
        if pair is not None and not is_pair:
            raise TypeError(f"sections has {keyword!r}: {pair!r}; expected a pair of names of types, or None.")
        result[keyword] = None if pair is None else (pair[0], pair[1])
    return result


def read_tables(
    name: str, paths: list[str], assignment: Assignment, coefficients: Any
) -> tuple[list[tuple[Pair, FileCurve]], str | None]:
    """Read the curves of all files.

    Parameters
    ----------
    name : str
        The format.
    paths : list of str
    assignment : Assignment
    coefficients : dict, tuple or None
        Those of GROMACS.

    Returns
    -------
    curves : list of ((str, str), FileCurve)
    units : str or None
        The unit system that the files name.
    """
    if (coefficients is None) == (name == "gromacs"):
        raise ModelError(
            "coefficients is None; GROMACS tables need them: coefficients={('A', 'B'): (charge product, C6, C12)}, in"
            " e^2, kJ/mol nm^6 and kJ/mol nm^12."
            if name == "gromacs"
            else f"coefficients is for GROMACS tables only, and the format is {name}."
        )
    if name == "gromacs":
        return _read_gromacs(paths, assignment, coefficients), None
    curves: list[tuple[Pair, FileCurve]] = []
    tags: set[str] = set()
    for path in paths:
        found: list[FileCurve]
        if name == "lammps":
            found, tag = lammps.read(path)
            tags |= {tag} if tag else set()
        else:
            found = uf3.read(path) if name == "uf3" else [votca.read(path)]
        curves += [
            (assignment.require(curve.keyword), curve) for curve in found if not assignment.is_left_out(curve.keyword)
        ]
    if len(tags) > 1:
        raise ModelError(
            f"the files name different units, {' and '.join(sorted(tags))}; load files of one unit system."
        )
    return curves, next(iter(tags), None)


def _read_gromacs(paths, assignment, coefficients):
    """Read GROMACS tables: those for a pair by their names, and one for all other pairs that have coefficients."""
    names = [os.path.basename(path) for path in paths]
    own = {name: assignment.find(name) for name in names if not assignment.is_left_out(name)}
    pairs = [pair for pair in own.values() if pair is not None]
    given = _checked_coefficients(coefficients, pairs)
    claimed = {frozenset(pair) for pair in pairs}
    rest = [pair for pair in given if frozenset(pair) not in claimed]
    curves = []
    for path, name in zip(paths, names, strict=True):
        if name not in own:
            continue
        if own[name] is None and not rest:
            assignment.require(name)
        for pair in rest if own[name] is None else [own[name]]:
            values = given.get(pair, given.get(pair[::-1]))
            if values is None:
                raise ModelError(f"{name}: coefficients has no entry for the pair {pair}; give one.")
            curves.append((pair, gromacs.read(path, values)))
    unused = {frozenset(pair) for pair in given} - {frozenset(pair) for pair, _ in curves}
    if unused:
        raise ModelError(f"coefficients has the pair {', '.join(sorted(unused.pop()))}, and no table is for it.")
    return curves


def _checked_coefficients(coefficients, pairs):
    """A dict of pair to three numbers; a single triple is for all pairs."""
    if not isinstance(coefficients, dict):
        coefficients = dict.fromkeys(pairs, coefficients)
    for pair, values in coefficients.items():
        valid = isinstance(pair, tuple) and len(pair) == 2 and isinstance(values, (tuple, list)) and len(values) == 3
        if not valid or not all(isinstance(x, (int, float)) and np.isfinite(x) for x in values):
            raise ModelError(
                f"coefficients has {pair!r}: {values!r}; expected a pair of types and three finite numbers: charge"
                " product, C6 and C12, in e^2, kJ/mol nm^6 and kJ/mol nm^12."
            )
    return coefficients


def choose_format(name: str | None, paths: list[str]) -> str:
    """The format that is given, or else that of the files' ending."""
    if name is not None:
        if name not in FORMATS:
            raise ModelError(f"the format is {name!r}; expected one of {', '.join(FORMATS)}.")
        return name
    endings = {os.path.splitext(path)[1].lower() for path in paths}
    formats = {ENDINGS.get(ending) for ending in endings}
    if len(formats) != 1 or None in formats:
        raise ModelError(
            f"{paths[0]}: the ending of the name does not tell the format ({', '.join(sorted(endings))}); give format,"
            f" one of {', '.join(FORMATS)}."
        )
    return str(formats.pop())


def conversion_factors(name: str, units: Any, tag: str | None) -> tuple[float, float]:
    """The factors that convert lengths to nm and energies to kJ/mol.

    Parameters
    ----------
    name : str
        The format.
    units : str, (length, energy) or None
        What the user gives: the name of a LAMMPS unit system; or two names of learnedpair.units, or Quantities.
    tag : str or None
        The unit system that the files name.

    Raises
    ------
    ModelError
        If the units are missing, unknown, or contradict the files.
    """
    if isinstance(units, (tuple, list)) and len(units) == 2:
        if tag in lammps.UNITS:
            raise ModelError(f"units is {units!r}, and the file says UNITS: {tag}; leave units out.")
        return _factor("length", units[0]), _factor("energy", units[1])
    if name != "lammps":
        if units is not None:
            raise ModelError(f"units is {units!r}; expected a pair such as {UNITS[name]!r}, the default of {name}.")
        length, energy = UNITS[name]
        return _factor("length", length), _factor("energy", energy)
    if units is not None and tag is not None and units != tag:
        raise ModelError(f"units is {units!r}, and the file says UNITS: {tag}; leave units out.")
    system = tag if units is None else units
    if system not in lammps.UNITS:
        raise ModelError(
            f"the units of the LAMMPS table are {'not known' if system is None else repr(system)}; give units: one of"
            f" {', '.join(lammps.UNITS)}, or the length and the energy that the number 1 stands for in the table, such"
            f" as ('nm', 'kJ/mol') or, for lj, (0.34 * unit.nanometer, 0.996 * unit.kilojoule_per_mole). The systems"
            f" {', '.join(lammps.OTHER_UNITS)} have no other meaning here."
        )
    length, energy = lammps.UNITS[system]
    return _factor("length", length), _factor("energy", energy)


def _factor(quantity, given):
    """A factor from the name of a unit, or from a Quantity."""
    if not unit.is_quantity(given):
        return conversion.factor(conversion.LENGTH if quantity == "length" else conversion.ENERGY, quantity, given)
    wanted = unit.nanometer if quantity == "length" else unit.kilojoule_per_mole
    if not given.unit.is_compatible(wanted) or not 0 < given.value_in_unit(wanted) < np.inf:
        raise ModelError(f"units has the {quantity} {given}; expected a positive {quantity}.")
    return float(given.value_in_unit(wanted))
