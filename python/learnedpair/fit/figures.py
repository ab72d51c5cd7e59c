# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Figures of a fit: the curves with their data, errors by distance, parity, and the distances that the data cover."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pair_result import PairResult
from .pairs_of_types import PairOfTypes
from .panels import draw_curve, new_figure, panels_of
from .prediction import Prediction
from .result import Fit

Array = NDArray[np.float64]


def plot_fit(fit: Fit[Any], folder: str | os.PathLike[str]) -> list[str]:
    """Draw curves.png, errors.png, parity.png and coverage.png.

    Parameters
    ----------
    fit : SplineFit or ExpressionFit
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

    Examples
    --------
    >>> import os
    >>> import tempfile
    >>> import numpy as np
    >>> import learnedpair as lp
    >>> data = lp.fit.ReferenceData(
    ...     [
    ...         lp.fit.Configuration(str(r), ("Ar", "Ar"), [[0, 0, 0], [0, 0, r]], energy=2e-6 / r**12 - 4e-3 / r**6)
    ...         for r in np.linspace(0.25, 1.0, 60)
    ...     ],
    ...     source="a Lennard-Jones potential",
    ...     method="an example",
    ... )
    >>> folder = tempfile.TemporaryDirectory()
    >>> paths = lp.fit.plot_fit(lp.fit.fit_splines(data, cutoff=1.2), folder.name)
    >>> [os.path.basename(path) for path in paths]
    ['curves.png', 'errors.png', 'coverage.png', 'parity.png']
    >>> folder.cleanup()
    """
    parity = new_figure(4.2, 4.0)
    os.makedirs(folder, exist_ok=True)
    paths = []
    for name, draw in (("curves", _curve), ("errors", _errors), ("coverage", _coverage)):
        figure, panels = panels_of(list(fit.pairs))
        for panel, (pair, result) in zip(panels, fit.pairs.items()):
            draw(panel, pair, result)
        paths.append(_save(figure, folder, name))
    _parity(parity.subplots(), fit.predictions())
    return [*paths, _save(parity, folder, "parity")]


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
    """The function, and the data of pairs of atoms."""
    r = np.geomspace(result.shortest, result.longest, 2000)
    draw_curve(panel, r, result.evaluate(r)[0], _targets(pair, result.predictions))


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
