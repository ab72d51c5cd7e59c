# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Figures of a fit: the curves with their data, errors by distance, parity, and the distances that the data cover."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from .environments import EnvironmentFit
from .network_figures import NETWORK_FILES, plot_environment_fit, plot_network_fit
from .networks import NetworkFit
from .pair_result import PairResult
from .pairs_of_types import PairOfTypes
from .panels import draw_coverage, draw_curve, draw_parity, new_figure, panels_of, save_figure
from .prediction import Prediction
from .result import Fit

Array = NDArray[np.float64]


__all__ = ["FILES", "NETWORK_FILES", "plot_fit"]

#: The files of a fit by least squares.
FILES = ("curves.png", "errors.png", "coverage.png", "parity.png")


def plot_fit(fit: Any, folder: str | os.PathLike[str]) -> list[str]:
    """Draw curves.png, errors.png, coverage.png and parity.png; for a network learning.png, the losses of the epochs,
    in place of errors.png; for an environment model learning.png and parity.png.

    Parameters
    ----------
    fit : SplineFit, ExpressionFit, NetworkFit, EnvironmentFit or LiquidFit
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
    fit = getattr(fit, "fit", fit)
    if isinstance(fit, NetworkFit):
        return plot_network_fit(fit, folder)
    if isinstance(fit, EnvironmentFit):
        return plot_environment_fit(fit, folder)
    if not isinstance(fit, Fit):
        raise ModelError(f"plot_fit: got a {type(fit).__name__}; expected the result of a fit.")
    parity = new_figure(4.2, 4.0)
    paths = []
    for name, draw in zip(FILES, (_curve, _errors, _coverage)):
        figure, panels = panels_of(list(fit.pairs))
        for panel, (pair, result) in zip(panels, fit.pairs.items()):
            draw(panel, pair, result)
        paths.append(save_figure(figure, folder, name))
    _parity(parity.subplots(), fit.predictions())
    return [*paths, save_figure(parity, folder, FILES[-1])]


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
    draw_coverage(panel, np.concatenate([each.distances[pair] for each in result.predictions]))


def _parity(panel: Any, predictions: Sequence[Prediction]) -> None:
    """Predicted and reference differences of all configurations, each predicted without itself."""
    known = [
        (each.configuration.energy_difference, each.energy_left_out)
        for each in predictions
        if each.energy_left_out is not None and np.isfinite(each.energy_left_out)
    ]
    reference, errors = np.array(known, dtype=float).reshape(-1, 2).T
    draw_parity(panel, {"left out of the fit": (reference, reference + errors)})
