# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Writes the curves of a typed model as tables of other programs, and measures their error."""

import os
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import units as conversion
from ..errors import ModelError
from ..force.particles import as_number
from ..force.switching import switching
from ..formats import gromacs, lammps, uf3, votca
from ..formats.reading import FORMATS, PLACE, UNITS
from ..formats.splines import spline_slopes
from ..models.model import Model
from .curves import name_types

Array = NDArray[np.float64]
#: The points of each interval at which the error is measured, as fractions of its width: near the extrema of the force
#: error of a Hermite polynomial, and one between them.
POINTS = (0.2113, 0.5, 0.7887)
#: The largest number of rows. For UF3 a dense system of equations of this size is solved.
MAX_ROWS, MAX_ROWS_UF3 = 1000000, 4000


class WrittenTable(NamedTuple):
    """A table that was written, and how far the curve that :func:`learnedpair.load_tables` makes of it is from the
    model, at three points of each interval between two rows.
    """

    path: str
    pair: tuple[str, str]
    keyword: str
    """The name of the table in the file."""
    rows: int
    max_energy_error: float
    """In kJ/mol."""
    max_force_error: float
    """In kJ/mol/nm."""
    max_relative_force_error: float
    """The maximum of |dF| / (|F| + 1 kJ/mol/nm)."""


class Request(NamedTuple):
    """The arguments of write_table() after the path."""

    format: str
    rows: int
    start: float
    end: float
    spacing: str
    units: str


def read_path(path: Any) -> str:
    """Convert the path of write_table() to a string."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"write_table: the path is {path!r:.60}; expected a path.")
    return os.fspath(path)


def read_distance(given: Any, name: str, default: float) -> float:
    """Convert an end of the range to nm; ``name`` is the argument of write_table()."""
    what = f"write_table: {name}"
    return default if given is None else float(as_number(conversion.in_nanometers(given, what), what))


def write_table(model: Model, path: str, pairs: list[tuple[str, str]] | None, request: Request) -> list[WrittenTable]:
    """Write curves; see :meth:`learnedpair.PairModel.write_table`."""
    _check_model(model, request)
    chosen = _chosen_pairs(model, pairs)
    if request.format == "uf3":
        chosen = [_in_order_of_uf3(model, pair) for pair in chosen]
    names = [_name_of(model, pair, request.format) for pair in chosen]
    paths = _paths_of(path, names, request.format)
    r = _distances(model, request)
    length, energy = _factors(request)
    curves = [_values(model, pair, r) for pair in chosen]
    written = [(r / length, e / energy, s * (length / energy)) for e, s in curves]
    if request.format == "lammps":
        comments = (f"made from {' '.join(model.source.split())} by openmm-learnedpair",)
        sections = ((name, *curve) for name, curve in zip(names, written, strict=True))
        lammps.write(paths[0], sections, request.units, "RSQ" if request.spacing == "square" else "R", comments)
    elif request.format == "uf3":
        contents = {
            (model.types[i], model.types[j]): (distances, e, (s[0], s[-1]))  # type: ignore[index]
            for (i, j), (distances, e, s) in zip(chosen, written, strict=True)
        }
        uf3.write(paths[0], contents)
    else:
        for each, (distances, e, s) in zip(paths, written, strict=True):
            if request.format == "gromacs":
                gromacs.write(each, distances, e, s)
            else:
                votca.write(each, distances, e)
    return [
        _measured(model, pair, name, each, r, curve, request.format)
        for pair, name, each, curve in zip(chosen, names, paths, curves, strict=True)
    ]


def _check_model(model: Model, request: Request) -> None:
    if model.types is None or model.global_parameters:
        raise ModelError(
            f"{model.source}: the model has {'features' if model.types is None else 'global parameters'}, and a table"
            " holds the curves of pairs of types; only a model with types and without global parameters can be written."
        )
    if request.format not in FORMATS:
        raise ModelError(f"write_table: the format is {request.format!r}; expected one of {', '.join(FORMATS)}.")
    most = MAX_ROWS_UF3 if request.format == "uf3" else MAX_ROWS
    if isinstance(request.rows, bool) or not isinstance(request.rows, int) or not 4 <= request.rows <= most:
        raise ModelError(f"write_table: rows is {request.rows!r}; expected an integer from 4 to {most}.")
    if request.spacing not in ("distance", "square") or (request.spacing == "square" and request.format != "lammps"):
        raise ModelError(
            f"write_table: spacing is {request.spacing!r}; expected 'distance' or, for LAMMPS, 'square', which stands"
            " for RSQ."
        )
    if not isinstance(request.units, str) or request.units not in lammps.UNITS:
        raise ModelError(f"write_table: units is {request.units!r}; expected one of {', '.join(lammps.UNITS)}.")
    if request.format == "gromacs":
        if request.start != 0 or not request.end > model.inner_cutoff:
            raise ModelError(
                f"write_table: the range is {request.start:g} to {request.end:g} nm; a GROMACS table begins at 0 and"
                " ends beyond the inner cutoff. Leave start out."
            )
    elif not model.inner_cutoff <= request.start < request.end <= model.cutoff:
        raise ModelError(
            f"write_table: the range is {request.start:g} to {request.end:g} nm; expected a part of the domain of the"
            f" model, {model.inner_cutoff:g} to {model.cutoff:g} nm."
        )


def _chosen_pairs(model: Model, pairs: Any) -> list[tuple[int, int]]:
    """The indices of the pairs of types: all, or the given ones."""
    count = len(model.types or ())
    if pairs is None:
        return [(i, j) for i in range(count) for j in range(i, count)]
    if not isinstance(pairs, (list, tuple)) or not all(isinstance(p, (list, tuple)) and len(p) == 2 for p in pairs):
        raise TypeError(f"write_table: pairs is {pairs!r}; expected a list of pairs of types, such as [('A', 'B')].")
    chosen = [(model.type_index(first), model.type_index(second)) for first, second in pairs]
    if not chosen or len({frozenset(pair) for pair in chosen}) != len(chosen):
        raise ModelError(f"write_table: pairs is {pairs!r}; expected distinct pairs, at least one.")
    return chosen


def _in_order_of_uf3(model: Model, pair: tuple[int, int]) -> tuple[int, int]:
    """The pair with the lighter element first."""
    first, second = uf3.sorted_elements([model.types[index] for index in pair])  # type: ignore[index]
    return model.type_index(first), model.type_index(second)


def _name_of(model: Model, pair: tuple[int, int], name: str) -> str:
    """The name of a pair in a file or as a part of its name."""
    types = [model.types[index] for index in pair]  # type: ignore[index]
    for each in types:
        if any(not character.isprintable() or character in " #/\\" for character in each):
            raise ModelError(
                f"write_table: the type {each!r} cannot be a part of the name of a table; load the model with a name"
                " without spaces, '#' and slashes."
            )
    return ("_" if name in ("lammps", "gromacs") else "-").join(types)


def _paths_of(path: str, names: list[str], name: str) -> list[str]:
    """The file of each curve. LAMMPS and UF3 have one for all curves, the others have one for each."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise ModelError(f"{path}: there is no such folder to write to.")
    if name in ("lammps", "uf3"):
        return [path] * len(names)
    if len(names) > 1 and PLACE not in os.path.basename(path):
        example = "table_{pair}.xvg" if name == "gromacs" else "{pair}.pot"
        raise ModelError(
            f"{path}: there are {len(names)} curves, and the format {name} has one file for each; put {PLACE} into the"
            f" name of the file, such as {example!r}, or choose one pair."
        )
    return [os.path.join(os.path.dirname(path), os.path.basename(path).replace(PLACE, each)) for each in names]


def _distances(model: Model, request: Request) -> Array:
    """The distances of the rows, in nm."""
    if request.spacing == "distance":
        return np.linspace(request.start, request.end, request.rows)
    r = np.sqrt(np.linspace(request.start**2, request.end**2, request.rows))
    r[[0, -1]] = request.start, request.end
    return r


def _factors(request: Request) -> tuple[float, float]:
    """What one unit of length and of energy in the file is, in nm and kJ/mol."""
    length, energy = UNITS.get(request.format) or lammps.UNITS[request.units]
    return conversion.LENGTH[length], conversion.ENERGY[energy]


def _values(model: Model, pair: tuple[int, int], r: Array) -> tuple[Array, Array]:
    """Energies and slopes at any distances, as a force computes them: with the switching function, as a straight line
    below the inner cutoff, and zero beyond the cutoff. At the cutoff they are those just below it.
    """
    inside = np.clip(r, model.inner_cutoff, model.last_distance)
    energies, slopes = model.evaluate(inside, np.full(len(r), pair[0]), np.full(len(r), pair[1]))
    if model.switching_distance is not None:
        s, dSdR = switching(inside, model.switching_distance, model.cutoff)
        energies, slopes = s * energies, s * slopes + dSdR * energies
    energies = energies + slopes * np.minimum(r - inside, 0)
    beyond = r > model.cutoff
    return np.where(beyond, 0, energies), np.where(beyond, 0, slopes)


def _measured(
    model: Model,
    pair: tuple[int, int],
    name: str,
    path: str,
    r: Array,
    curve: tuple[Array, Array],
    kind: str,
) -> WrittenTable:
    """The errors of the curve that the rows determine, within the domain of the model."""
    energies, slopes = curve
    if kind == "votca":
        slopes = spline_slopes(r, energies)
    elif kind == "uf3":
        slopes = spline_slopes(r, energies, (slopes[0], slopes[-1]))
    width = np.diff(r)[:, None]
    t = np.broadcast_to(np.array(POINTS), (len(r) - 1, len(POINTS)))
    change = np.diff(energies)[:, None]
    low, high = slopes[:-1, None], slopes[1:, None]
    # The cubic Hermite polynomial in Newton's form.
    square, cube = 3 * change - width * (2 * low + high), width * (low + high) - 2 * change
    energy = energies[:-1, None] + t * (width * low + t * (square + t * cube))
    slope = (width * low + t * (2 * square + 3 * t * cube)) / width
    points = (r[:-1, None] + t * width).ravel()
    used = (points >= model.inner_cutoff) & (points <= model.cutoff)
    expected, dEdR = _values(model, pair, points[used])
    energy_errors = np.abs(energy.ravel()[used] - expected)
    force_errors = np.abs(slope.ravel()[used] - dEdR)
    if not np.isfinite(energy_errors).all() or not np.isfinite(force_errors).all():
        raise ModelError(f"{model.source}: the curve of {name_types(model, pair)} is not finite in the range.")
    return WrittenTable(
        path,
        (model.types[pair[0]], model.types[pair[1]]),  # type: ignore[index]
        os.path.basename(path) if kind in ("gromacs", "votca") else name,
        len(r),
        float(energy_errors.max()),
        float(force_errors.max()),
        float((force_errors / (np.abs(dEdR) + 1)).max()),
    )
