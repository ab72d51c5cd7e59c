# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""load_tables(): a PairModel from the tables of another program."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from openmm import unit

from .. import units as conversion
from ..errors import ModelError
from ..formats.curves import FileCurve
from ..formats.module import TabulatedCurves
from ..formats.reading import Assignment, Pair, choose_format, conversion_factors, read_tables
from ..models.checks.cutoff import ENERGY_AT_CUTOFF, FORCE_AT_CUTOFF
from ..models.load import ModelParts
from ..models.metadata.metadata import Metadata, warn_of_unusual_cutoff
from ..models.metadata.validation import make_metadata
from ..models.pytorch.state import in_default_torch_state
from .pair_model import PairModel, checked_model

Format = Literal["lammps", "gromacs", "votca", "uf3"]


@in_default_torch_state
def load_tables(
    path_or_paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    format: Format | None = None,
    units: str | tuple[Any, Any] | None = None,
    sections: dict[str, tuple[str, str] | None] | None = None,
    types: Sequence[str] | dict[Any, Any] | None = None,
    coefficients: dict[tuple[str, str], tuple[float, float, float]] | tuple[float, float, float] | None = None,
    missing: Literal["refuse", "zero"] = "refuse",
    cutoff: float | unit.Quantity | None = None,
    inner_cutoff: float | unit.Quantity | None = None,
    switching_distance: float | unit.Quantity | None = None,
    truncated: bool = False,
    uncovered: Any = None,
    description: str | None = None,
) -> PairModel:
    """Load pair potentials that are tables of another program, and check them.

    Between the rows of a table, the energy is the cubic Hermite polynomial of the energies and forces of the table. In
    VOTCA tables, which have no forces, and for a column of forces that is zero in GROMACS tables, the slopes are those
    of the cubic spline through the energies. The splines of UF3 are kept exactly. Below its first row a curve
    continues as a straight line.

    Parameters
    ----------
    path_or_paths : path-like, or sequence of them
        One or several files of the same format.
    format : {"lammps", "gromacs", "votca", "uf3"}
        By default that of the ending: .table, .xvg, .pot or .json.
    units : str or (length, energy)
        For LAMMPS the name of its unit system, "real", "metal" or "electron"; not needed if the first line of the file
        says "UNITS:". Or what the number 1 stands for in the file: two names of units, as in :func:`export_model`, or
        two Quantities, such as sigma and epsilon for LAMMPS' "lj". The default is nm and kJ/mol for GROMACS and VOTCA,
        angstrom and eV for UF3.
    sections : dict of str to ((str, str) or None)
        The pair of types of a table, by the keyword of its section (LAMMPS), its pair (UF3), or the name of its file
        without folders (GROMACS, VOTCA). None leaves the table out. It is needed only if the name is not that of two
        types with "_" or "-" between them, such as "O_H", "O-H.pot" or "table_O_H.xvg".
    types : list of str, or dict of str to rule
        As in :func:`export_model`; by default the types of the tables, in the order of their first appearance. The
        types of UF3 are elements, and have rules that select them.
    coefficients : dict of (str, str) to (float, float, float)
        For GROMACS: the product of the charges in e^2, C6 in kJ/mol nm^6 and C12 in kJ/mol nm^12 of each pair of types.
        One file without a pair in its name is for all pairs of this dict that have no file. A single triple is for all
        files.
    missing : {"refuse", "zero"}
        Whether a pair of types without a table is refused or has the energy zero.
    cutoff : float in nm, or Quantity
        By default the last distance of the tables.
    inner_cutoff : float in nm, or Quantity
        By default the first positive distance of the tables.
    switching_distance, truncated, uncovered
        As in :func:`export_model`. A table that does not vanish at the cutoff needs a switching_distance or
        truncated=True.
    description : str
        By default it names the tables, and the rows that were left out.

    Returns
    -------
    PairModel

    Raises
    ------
    ModelError
        If a file cannot be read or has an error, with its line; if forces contradict energies, with the line and the
        distance; if a pair of types has no table or two; or if a check of the model fails, as in :func:`load_model`.

    Examples
    --------
    A table of a Lennard-Jones potential, in the format of LAMMPS:

    >>> import os
    >>> import tempfile
    >>> import numpy as np
    >>> import learnedpair as lp
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = os.path.join(folder.name, "argon.table")
    >>> r = np.linspace(2.5, 10, 751)
    >>> energy = 4 * 0.238 * ((3.4 / r) ** 12 - (3.4 / r) ** 6)
    >>> force = 4 * 0.238 * (12 * (3.4 / r) ** 12 - 6 * (3.4 / r) ** 6) / r
    >>> with open(path, "w", encoding="utf-8") as file:
    ...     print("# UNITS: real", "Ar_Ar", "N 751 R 2.5 10.0", sep="\\n", file=file)
    ...     for row in zip(range(1, 752), r, energy, force):
    ...         print(*row, file=file)
    >>> model = lp.load_tables(path, switching_distance=0.9)
    >>> print(model)
    PairModel argon.table
      types:       Ar
      distances:   0.25 to 1 nm, switched from 0.9 nm
      units:       nm, kJ/mol
    ...
    >>> model.evaluate([0.30], [0], [0])[0].round(4).tolist()
    [9.4457]
    >>> folder.cleanup()
    """
    paths = _paths(path_or_paths)
    if missing not in ("refuse", "zero"):
        raise ModelError(f"missing is {missing!r}; expected 'refuse' or 'zero'.")
    name = choose_format(format, paths)
    assignment = Assignment(sections, _checked_names(types))
    found, tag = read_tables(name, paths, assignment, coefficients)
    assignment.require_all_used()
    source = os.path.basename(paths[0]) + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
    curves = _by_pair(source, found)
    rules = _rules(name, curves, types)
    factors = conversion_factors(name, units, tag)
    converted = {pair: _converted(curve, *factors) for pair, curve in curves.items()}
    module = TabulatedCurves(*_indexed(source, list(_names(rules)), converted, missing))
    given = {"cutoff": cutoff, "inner_cutoff": inner_cutoff}
    metadata = make_metadata(
        source,
        types=rules,
        switching_distance=switching_distance,
        truncated=truncated,
        uncovered=uncovered,
        description=_describe(name, curves) if description is None else description,
        **_domain(source, converted, given),
    )
    _require_domain(source, converted, metadata)
    warn_of_unusual_cutoff(source, metadata)
    return checked_model(ModelParts(module, metadata, source, _digest(paths, (curves.keys(), coefficients, factors))))


def _paths(path_or_paths):
    """The paths as a list of strings."""
    paths = [path_or_paths] if isinstance(path_or_paths, (str, os.PathLike)) else path_or_paths
    if not isinstance(paths, (list, tuple)) or not all(isinstance(path, (str, os.PathLike)) for path in paths):
        raise TypeError(f"load_tables: the tables are {path_or_paths!r}; expected a path, or a list of paths.")
    if not paths:
        raise ModelError("load_tables: the list of paths is empty; expected at least one.")
    return [os.fspath(path) for path in paths]


def _checked_names(types):
    """The names of the types that the user gives, without None; None if there are none."""
    if types is None:
        return None
    if not isinstance(types, (list, tuple, dict)) or not all(each is None or isinstance(each, str) for each in types):
        raise TypeError(f"load_tables: types is {types!r:.60}; expected a list of names, or a dict of names and rules.")
    return list(_names(types))


def _by_pair(source: str, found: list[tuple[Pair, FileCurve]]) -> dict[Pair, FileCurve]:
    """The curves by their pairs, of which no two may be equal."""
    curves: dict[Pair, FileCurve] = {}
    if not found:
        raise ModelError(f"{source}: all tables are left out; expected at least one.")
    for pair, curve in found:
        for other in (pair, pair[::-1]):
            if other in curves:
                raise ModelError(
                    f"{curve.source}: the types {pair[0]} and {pair[1]} have a table already, {curves[other].source};"
                    " leave one of them out with sections={'NAME': None}."
                )
        curves[pair] = curve
    return curves


def _names(types: Iterable[Any]) -> Iterable[str]:
    return (name for name in types if name is not None)


def _rules(name, curves, types):
    """The types: those of the user, or those of the tables."""
    found = dict.fromkeys(each for pair in curves for each in pair)
    if types is None:
        return {each: each for each in found} if name == "uf3" else found
    unknown = [each for each in found if each not in types]
    if unknown:
        raise ModelError(
            f"types is {types!r}, and there is a table for {unknown[0]!r}; add it, or leave the table out."
        )
    return types


def _converted(curve: FileCurve, length: float, energy: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances, energies and slopes in nm and kJ/mol."""
    r = np.array([conversion.converted_length(float(distance), length) for distance in curve.r])
    return r, curve.energies * energy, curve.slopes * (energy / length)


def _indexed(source, names, curves, missing):
    """The curves as a list, and the indices of pairs of types."""
    indices = np.full((len(names), len(names)), -1)
    for index, (first, second) in enumerate(curves):
        i, j = names.index(first), names.index(second)
        indices[i, j] = indices[j, i] = index
    absent = [f"{names[i]} and {names[j]}" for i, j in np.argwhere(np.triu(indices < 0))]
    if absent and missing == "refuse":
        raise ModelError(
            f"{source}: there is no table for the types {'; '.join(absent[:5])}{'; ...' if len(absent) > 5 else ''};"
            " add it, or pass missing='zero' if their energy is zero."
        )
    return list(curves.values()), indices


def _domain(source, curves, given):
    """The cutoff and the inner cutoff that are not given: the ends of the longest curve."""
    last = max(r[-1] for r, _, _ in curves.values())
    first = min(r[r > 0][0] for r, _, _ in curves.values())
    ends = {"cutoff": float(last), "inner_cutoff": float(first)}
    return {name: ends[name] if given[name] is None else given[name] for name in ends}


def _require_domain(source: str, curves: dict[Pair, Any], metadata: Metadata) -> None:
    """Require that the curves reach from the inner cutoff to the cutoff, or vanish before."""
    first = min(r[r > 0][0] for r, _, _ in curves.values())
    if metadata.inner_cutoff < first:
        raise ModelError(
            f"{source}: inner_cutoff is {metadata.inner_cutoff:g} nm, and the tables begin at {first:g} nm; give at"
            " least that."
        )
    longest = max(r[-1] for r, _, _ in curves.values())
    if metadata.cutoff > longest:
        raise ModelError(
            f"{source}: cutoff is {metadata.cutoff:g} nm, and the tables end at {longest:g} nm; give at most that."
        )
    for pair, (r, energies, slopes) in curves.items():
        vanishes = abs(energies[-1]) <= ENERGY_AT_CUTOFF and abs(slopes[-1]) <= FORCE_AT_CUTOFF
        if r[-1] < metadata.cutoff and not vanishes:
            raise ModelError(
                f"{source}: the table for types {pair[0]} and {pair[1]} ends at {r[-1]:.10g} nm with the energy"
                f" {energies[-1]:.3g} kJ/mol, before the cutoff, {metadata.cutoff:.10g} nm; give a cutoff of at most"
                f" {min(r[-1] for r, _, _ in curves.values()):.10g}."
            )


def _describe(name, curves):
    """The default description: the format, the tables, and the rows that were left out."""
    text = f"{name} tables {', '.join(dict.fromkeys(curve.keyword for curve in curves.values()))}"
    notes = [f"{curve.keyword}: {note}" for curve in curves.values() for note in curve.notes]
    return "; ".join([text, *dict.fromkeys(notes)])


def _digest(paths, arguments):
    """SHA-256 of the files, and of how their numbers were used."""
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            digest.update(file.read())
    digest.update(repr(arguments).encode())
    return digest.hexdigest()
