# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Figures of a fit: the curves with their data, errors by distance, parity, and the distances that the data cover."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .design import PairOfTypes
from .prediction import Prediction
from .result import PairResult, SplineFit

Array = NDArray[np.float64]

#: Panels beside each other.
COLUMNS = 4


def plot_fit(fit: SplineFit, folder: str | os.PathLike[str]) -> list[str]:
    """Draw curves.png, errors.png, parity.png and coverage.png.

    Parameters
    ----------
    fit : SplineFit
    folder : path-like
        It is created if it does not exist. Existing files with these names are replaced.

    Returns
    -------
    list of str
        The paths of the files.

    Raises
    ------
    ImportError
        Without Matplotlib: pip install matplotlib.
    """
    try:
        import matplotlib.figure
    except ImportError as error:
        raise ImportError("the figures need Matplotlib: pip install matplotlib", name="matplotlib") from error
    os.makedirs(folder, exist_ok=True)
    paths = []
    for name, draw in (("curves", _curve), ("errors", _errors), ("coverage", _coverage)):
        rows = -(-len(fit.pairs) // COLUMNS)
        columns = min(COLUMNS, len(fit.pairs))
        figure = matplotlib.figure.Figure((3.2 * columns, 2.6 * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for panel in panels[len(fit.pairs) :]:
            panel.set_axis_off()
        for panel, (pair, result) in zip(panels, fit.pairs.items()):
            panel.set_title("–".join(pair), fontsize=9)
            panel.set_xlabel("r (nm)")
            draw(panel, pair, result)
        paths.append(_save(figure, folder, name))
    figure = matplotlib.figure.Figure((4.2, 4.0), layout="constrained")
    _parity(figure.subplots(), fit.predictions())
    return [*paths, _save(figure, folder, "parity")]


def _save(figure: Any, folder: str | os.PathLike[str], name: str) -> str:
    path = os.path.join(folder, f"{name}.png")
    figure.savefig(path, dpi=150)
    return path


def _targets(pair: PairOfTypes, predictions: Sequence[Prediction]) -> tuple[Array, Array]:
    """Distances and target energies of the configurations that have this pair only once, and no other pair."""
    single = [
        (each.distances[pair][0], each.configuration.energy_difference)
        for each in predictions
        if each.energy is not None and len(each.distances) == 1 and len(each.distances[pair]) == 1
    ]
    values = np.array(single, dtype=float).reshape(-1, 2)
    return values[:, 0], values[:, 1]


def _curve(panel: Any, pair: PairOfTypes, result: PairResult) -> None:
    """The function, and the data of pairs of atoms. The scale shows the well; the wall leaves the panel."""
    basis = result.basis
    r = np.geomspace(basis.shortest, basis.longest, 2000)
    energy = result.evaluate(r)[0]
    distances, targets = _targets(pair, result.predictions)
    panel.plot(r, energy, lw=1)
    panel.plot(distances, targets, "k.", ms=4)
    low = min(float(energy.min()), 0.0)
    high = -low if low < 0 else float(np.quantile(energy, 0.8))
    panel.set_ylim(1.2 * low - 0.05 * high, 1.2 * high)
    panel.axhline(0, color="0.7", lw=0.5)
    visible = r[energy < 1.2 * high]
    panel.set_xlim(0.95 * visible[0], min(basis.longest, 3 * visible[0]))
    panel.set_ylabel("energy (kJ/mol)")


def _errors(panel: Any, pair: PairOfTypes, result: PairResult) -> None:
    """Errors of energies by the shortest distance of the pair in each configuration."""
    chosen = [each for each in result.predictions if each.energy is not None]
    r = [each.distances[pair].min() for each in chosen]
    panel.plot(r, [each.energy_left_out for each in chosen], "C1.", ms=4, label="left out")
    panel.plot(r, [each.energy for each in chosen], "k.", ms=3, label="fitted")
    reference = np.array([abs(each.configuration.energy or 0.0) for each in chosen])
    smallest = 1e-3 * float(np.median(reference)) if len(reference) else 1.0
    panel.set_yscale("symlog", linthresh=max(smallest, 1e-9))
    panel.axhline(0, color="0.7", lw=0.5)
    panel.set_ylabel("error (kJ/mol)")
    panel.legend(fontsize=7)


def _coverage(panel: Any, pair: PairOfTypes, result: PairResult) -> None:
    """How many pairs the data have at each distance."""
    r = np.concatenate([each.distances[pair] for each in result.predictions])
    panel.hist(r, bins=40, color="0.5")
    panel.set_ylabel("pairs")


def _parity(panel: Any, predictions: Sequence[Prediction]) -> None:
    """Predicted and reference differences of all configurations, each predicted without itself."""
    known = [
        (each.configuration.energy_difference, each.energy_left_out)
        for each in predictions
        if each.energy_left_out is not None and np.isfinite(each.energy_left_out)
    ]
    reference, errors = np.array(known, dtype=float).reshape(-1, 2).T
    predicted = reference + errors
    panel.plot(reference, predicted, ".", ms=4)
    smallest = float(np.median(np.abs(reference))) if len(reference) else 1.0
    for set_scale in (panel.set_xscale, panel.set_yscale):
        set_scale("symlog", linthresh=max(smallest, 1e-9))
    ends = [float(reference.min()), float(reference.max())] if len(reference) else [0.0, 0.0]
    panel.plot(ends, ends, color="0.7", lw=0.5)
    panel.set_xlabel("reference minus baseline (kJ/mol)")
    panel.set_ylabel("predicted, left out of the fit (kJ/mol)")
