# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""load_eam(): embedded-atom potentials of DYNAMO and LAMMPS as environment functions."""

from __future__ import annotations

import hashlib
import os
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from openmm import unit

from ..errors import ModelError
from ..force.functions import EnvironmentFunction, PairTable
from ..formats.eam import EamFile, read_eam, slopes_of
from ..units import ENERGY, LENGTH, in_nanometers
from .environment_model import EnvironmentModel

Array = NDArray[np.float64]

#: The largest distance between the knots of the pair energies, in angstrom. The error of their interpolation is of
#: fourth order in it, and below 1e-9 of the energies of metals.
WIDEST_KNOTS = 0.002


def load_eam(
    path: str | os.PathLike[str],
    *,
    format: Literal["alloy", "fs"] | None = None,
    inner_cutoff: float | unit.Quantity = 0.1,
) -> EnvironmentModel:
    """Load an embedded-atom potential: a setfl file, as LAMMPS reads it with ``pair_style eam/alloy`` or ``eam/fs``.

    Tables are interpolated as in LAMMPS, with cubic polynomials whose slopes come from five points. Beyond the largest
    tabulated density the embedding energy continues as a straight line.

    Parameters
    ----------
    path : path-like
    format : {"alloy", "fs"}, optional
        By default that of the ending, .eam.alloy or .eam.fs.
    inner_cutoff : float, nm, or Quantity
        Below this distance, densities and pair energies continue as straight lines, which LAMMPS does not do. Atoms of
        metals never come so close.

    Returns
    -------
    EnvironmentModel
        With the elements of the file as types.

    Raises
    ------
    ModelError
        If the file is damaged, or the inner cutoff is not within its tables.

    References
    ----------
    M. S. Daw and M. I. Baskes, Phys. Rev. B 29 (1984) 6443; M. W. Finnis and J. E. Sinclair, Philos. Mag. A 50 (1984)
    45 (eam/fs). The format: https://docs.lammps.org/pair_eam.html

    Examples
    --------
    A potential with one element, whose atoms have the energy -sqrt(density):

    >>> import os
    >>> import tempfile
    >>> import learnedpair as lp
    >>> import numpy as np
    >>> rho, r = 0.1 * np.arange(51), 0.05 * np.arange(101)
    >>> tables = [-np.sqrt(rho), np.maximum(1 - r / 5, 0) ** 3, 0 * r]
    >>> lines = ["", "", "", "1 Cu", "51 0.1 101 0.05 5.0", "29 63.55 3.615 FCC"]
    >>> lines += ["\\n".join(map(str, table)) for table in tables]
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = os.path.join(folder.name, "Cu.eam.alloy")
    >>> with open(path, "w", encoding="utf-8") as file:
    ...     print(*lines, sep="\\n", file=file)
    >>> model = lp.load_eam(path)
    >>> model.types, model.cutoff
    (['Cu'], 0.5)
    >>> force = model.create_force(["Cu", "Cu"])
    >>> folder.cleanup()
    """
    file = read_eam(path, format)
    inner = in_nanometers(inner_cutoff, "inner_cutoff")
    length, count = LENGTH["angstrom"], len(file.elements)
    cutoff = file.cutoff * length
    if not (isinstance(inner, (int, float)) and file.dr * length <= inner < cutoff):
        raise ModelError(
            f"load_eam: inner_cutoff is {inner!r}; expected a distance from {file.dr * length:g} to {cutoff:g} nm,"
            " within the tables."
        )
    # LAMMPS continues a table beyond its last point with the last value. If the cutoff lies there, the table gets one
    # more point with this value.
    points = max(file.densities.shape[2], int(np.ceil(file.cutoff / file.dr - 1e-9)) + 1)
    last = (points - 1) * file.dr * length
    values, slopes = _padded(file.densities, points), _padded(slopes_of(file.densities), points, 0.0)
    function = EnvironmentFunction(
        count,
        0.0,
        last,
        [0],
        [table[:, None] for row in values for table in row],
        [table[:, None] / (file.dr * length) for row in slopes for table in row],
        list(range(count * count)),
        *_embedding(file),
        pair=_pair_table(file, points, float(inner)),
    )
    with open(path, "rb") as content:
        digest = hashlib.sha256(content.read()).hexdigest()
    source, description = os.fspath(path), " ".join(file.comment.split())
    return EnvironmentModel(function, file.elements, min(cutoff, last), float(inner), source, description, digest)


def _padded(tables: Array, points: int, value: float | None = None) -> Array:
    """Tables with more points at their ends: their last value, or the one that is given."""
    extra = points - tables.shape[-1]
    last = tables[..., -1:] if value is None else np.full_like(tables[..., -1:], value)
    return np.concatenate([tables, np.repeat(last, extra, axis=-1)], axis=-1)


def _pair_table(file: EamFile, points: int, inner: float) -> PairTable:
    """The pair energies: the cubic polynomials of the file divided by the distance, tabulated with narrower knots."""
    length, energy, count = LENGTH["angstrom"], ENERGY["eV"], len(file.elements)
    values, slopes = _padded(file.pairs, points), _padded(slopes_of(file.pairs), points, 0.0)
    parts = int(np.ceil(file.dr / WIDEST_KNOTS))
    first = parts * max(1, int(inner / (file.dr * length)))
    position = np.arange(first, parts * (points - 1) + 1) / parts
    k = np.minimum(position.astype(int), points - 2)
    t, r = position - k, file.dr * position
    left, right, d0, d1 = values[..., k], values[..., k + 1], slopes[..., k], slopes[..., k + 1]
    c2, c3 = 3 * (right - left) - 2 * d0 - d1, d0 + d1 - 2 * (right - left)
    energies = (left + t * (d0 + t * (c2 + t * c3))) / r
    derivatives = ((d0 + t * (2 * c2 + 3 * t * c3)) / file.dr - energies) / r
    pairs = [(i, j) for i in range(count) for j in range(i + 1)]
    indices = [pairs.index((max(i, j), min(i, j))) for i in range(count) for j in range(count)]
    return PairTable(
        count,
        r[0] * length,
        r[-1] * length,
        [energy * energies[i, j] for i, j in pairs],
        [energy / length * derivatives[i, j] for i, j in pairs],
        indices,
    )


def _embedding(file: EamFile) -> tuple[str, Array]:
    """The program of the embedding energies, and its weights: a table with a curve for each element, a straight line
    beyond its end, and the choice of the element.
    """
    energy, count, points = ENERGY["eV"], *file.embedding.shape
    last = (points - 1) * file.drho
    values, slopes = energy * file.embedding, energy * slopes_of(file.embedding) / file.drho
    data = np.stack([values, slopes]).transpose(2, 0, 1).ravel()  # for each density all values, then all slopes
    # Minimum and maximum have the derivatives 0 and 1: a difference of large slopes would cancel.
    text = f"""v0[1] = densities
v1[1] = type
v2[1] = literal {last!r}
v3[1] = minimum v0 v2
v4[{len(data) + 2}] = weight
v5[{count}] = table v3 v4 {{{points}}}
v6[1] = maximum v0 v2
v7[1] = sub v6 v2
v8[{count}] = weight
v9[{count}] = mul v7 v8
v10[{count}] = add v5 v9
v11[{count}] = literal {" ".join(map(str, range(count)))}
v12[{count}] = equal v1 v11
v13[{count}] = mul v10 v12
v14[1] = sum v13 {{1 {count} 1}}
output v14"""
    return text, np.concatenate([[0.0, last], data, slopes[:, -1]])
