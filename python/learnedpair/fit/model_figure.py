# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""A figure of the pair functions of any model with types."""

from __future__ import annotations

import itertools
import os

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..lowering.pair_model import PairModel
from .configurations import ReferenceData
from .pairs_of_types import PairOfTypes, PairsOfTypes
from .panels import draw_curve, panels_of

Array = NDArray[np.float64]


def plot_model(model: PairModel, path: str | os.PathLike[str], data: ReferenceData | None = None) -> int:
    """Draw the function of each pair of types of a model, from its inner cutoff to its cutoff, without the switching
    function. The training domain is shaded, if it is known. Global parameters have their default values.

    Parameters
    ----------
    model : PairModel
        A model with types.
    path : path-like
        The file to write. Its ending is that of a format that Matplotlib knows, such as .png or .pdf.
    data : ReferenceData, optional
        Energies of pairs of atoms, which are drawn as points, as they are.

    Returns
    -------
    int
        The number of points that are drawn. Pairs of atoms of types that the model does not have are left out.

    Raises
    ------
    ModelError
        If the model has features, or if it has the types of none of the data.
    ImportError
        Without Matplotlib: pip install matplotlib.
    """
    if model.types is None:
        raise ModelError(
            f"{model.source}: the model has the features {', '.join(model.features or [])}; expected one with types,"
            " which has one function for each pair of them."
        )
    pairs: list[PairOfTypes] = list(itertools.combinations_with_replacement(model.types, 2))
    points = PairsOfTypes[tuple[Array, Array]]() if data is None else _points(data)
    num_drawn = sum(len(points[pair][0]) for pair in pairs if pair in points)
    if data is not None and num_drawn == 0:
        raise ModelError(
            f"{data.source}: no pair of atoms has types of {model.source}: the data have {', '.join(data.types)}, and"
            f" the model has {', '.join(model.types)}."
        )
    figure, panels = panels_of(pairs)
    ending, known = os.path.splitext(path)[1][1:].lower(), sorted(figure.canvas.get_supported_filetypes())
    if ending not in known:
        raise ModelError(f"{os.fspath(path)}: the name ends in {ending!r}; expected one of {', '.join(known)}.")
    r = np.linspace(model.inner_cutoff, model.last_distance, 2000)
    for panel, pair in zip(panels, pairs):
        first, second = (np.full(len(r), model.types.index(name)) for name in pair)
        draw_curve(panel, r, model.evaluate(r, first, second)[0], points.get(pair, (np.zeros(0), np.zeros(0))))
        if isinstance(model.domain, dict) and pair in model.domain:
            panel.axvspan(*model.domain[pair], color="0.92", zorder=0)
    figure.savefig(path, dpi=150)
    return num_drawn


def _points(data: ReferenceData) -> PairsOfTypes[tuple[Array, Array]]:
    """Distances and energies of pairs of atoms, by their types."""
    found = PairsOfTypes[list[tuple[float, float]]]()
    for each in data:
        if len(each.types) != 2 or each.energy is None:
            raise ModelError(f"{each.name}: expected two atoms and an energy, as read_dimers returns them.")
        pair = (each.types[0], each.types[1])
        if pair not in found:
            found[pair] = []
        found[pair].append((float(np.linalg.norm(each.positions[1] - each.positions[0])), each.energy))
    values = {pair: np.array(points) for pair, points in found.items()}
    return PairsOfTypes({pair: (array[:, 0], array[:, 1]) for pair, array in values.items()})
