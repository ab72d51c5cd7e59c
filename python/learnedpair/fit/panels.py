# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Figures, their panels, and what is drawn into them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pairs_of_types import PairOfTypes

Array = NDArray[np.float64]

#: A curve with a minimum is shown around it, unless the rest is less than this fraction of the largest energy.
SMALLEST_PART = 1e-6
#: Panels beside each other.
COLUMNS = 4


def new_figure(width: float, height: float) -> Any:
    """An empty figure of Matplotlib, in inches.

    Raises
    ------
    ImportError
        Without Matplotlib.
    """
    try:
        import matplotlib.figure
    except ImportError as error:
        raise ImportError("the figures need Matplotlib: pip install matplotlib", name="matplotlib") from error
    return matplotlib.figure.Figure((width, height), layout="constrained")


def panels_of(pairs: Sequence[PairOfTypes]) -> tuple[Any, list[Any]]:
    """A figure, and its panels with their titles, one for each pair of types."""
    rows, columns = -(-len(pairs) // COLUMNS), min(COLUMNS, len(pairs))
    figure = new_figure(3.2 * columns, 2.6 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels[len(pairs) :]:
        panel.set_axis_off()
    for panel, pair in zip(panels, pairs):
        panel.set_title("–".join(pair), fontsize=9)
        panel.set_xlabel("r (nm)")
    return figure, list(panels[: len(pairs)])


def draw_curve(panel: Any, r: Array, energy: Array, points: tuple[Array, Array]) -> None:
    """Draw a pair function, and data as points. The scale shows the well; the wall leaves the panel.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
    r, energy : ndarray, shape (n,), nm and kJ/mol
        The function; the distances increase.
    points : (ndarray, ndarray)
        Distances and energies of data.
    """
    panel.plot(r, energy, lw=1)
    panel.plot(*points, "k.", ms=4)
    low, high = _limits(energy, points[1])
    panel.set_ylim(1.2 * low - 0.05 * high, 1.2 * high)
    panel.axhline(0, color="0.7", lw=0.5)
    visible = r[(energy < 1.2 * high) & (energy > 1.2 * low - 0.05 * high)]
    panel.set_xlim(0.95 * visible[0], r[-1])
    panel.set_ylabel("energy (kJ/mol)")


def draw_coverage(panel: Any, r: Array) -> None:
    """Draw how many pairs the data have at each distance (nm)."""
    panel.hist(r, bins=40, color="0.5")
    panel.set_ylabel("pairs")


def draw_parity(panel: Any, energies: Mapping[str, tuple[Array, Array]]) -> None:
    """Draw reference and predicted energies (kJ/mol) of groups of configurations that have names."""
    reference = np.concatenate([group[0] for group in energies.values()])
    for name, group in energies.items():
        panel.plot(*group, ".", ms=4, label=name)
    smallest = float(np.median(np.abs(reference))) if len(reference) else 1.0
    for set_scale in (panel.set_xscale, panel.set_yscale):
        set_scale("symlog", linthresh=max(smallest, 1e-9))
    ends = [float(reference.min()), float(reference.max())] if len(reference) else [0.0, 0.0]
    panel.plot(ends, ends, color="0.7", lw=0.5)
    panel.set_xlabel("reference minus baseline (kJ/mol)")
    panel.set_ylabel("predicted (kJ/mol)")
    panel.legend(fontsize=7)


def save_figure(figure: Any, folder: str | os.PathLike[str], name: str) -> str:
    """Write a figure to a folder, which is created if it does not exist; returns the path."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    figure.savefig(path, dpi=150)
    return path


def _limits(energy: Array, points: Array) -> tuple[float, float]:
    """The energies to show: all of the curve and the data but the wall, which is all that is above the highest energy
    to the right of the first minimum, or, if this is near zero, above the depth of the curve. Of a curve without a
    minimum that is not zero, nineteen twentieths of a repulsion and four fifths of an attraction are shown.
    """
    minima = np.flatnonzero((energy[1:-1] < energy[:-2]) & (energy[1:-1] <= energy[2:]))
    beyond = energy[minima[0] + 1 :] if len(minima) else np.zeros(1)
    low, high = float(beyond.min()), float(beyond.max())
    if max(high, -low) <= SMALLEST_PART * float(np.abs(energy).max()):
        low, high = (float(np.quantile(energy, fraction)) for fraction in (0.2, 0.95))
    # Data below the curve are shown, too, unless the panel would become more than twice as high.
    low = min([0.0, low, *(each for each in points if each > 2 * low)])
    high = max(high, -low)
    return low, high if high > 0 else 1.0
