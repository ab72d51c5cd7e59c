# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Figures of fits by gradient descent: losses, curves with data, the distances that the data cover, and parity."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..models.pytorch.state import in_default_torch_state
from .configurations import ReferenceData
from .descent import DescentFit
from .environments import EnvironmentFit
from .networks import NetworkFit
from .pair_tensors import PairTensors
from .panels import draw_coverage, draw_curve, draw_parity, new_figure, panels_of, save_figure

Array = NDArray[np.float64]

#: The files of the fit of a network.
NETWORK_FILES = ("learning.png", "curves.png", "coverage.png", "parity.png")


#: The files of the fit of an environment model.
ENVIRONMENT_FILES = ("learning.png", "parity.png")


@in_default_torch_state
def plot_environment_fit(fit: EnvironmentFit, folder: str | os.PathLike[str]) -> list[str]:
    """Draw the files of :func:`plot_fit` for an environment model; returns their paths."""
    learning, parity = new_figure(4.2, 3.2), new_figure(4.2, 4.0)
    _draw_losses(learning.subplots(), fit)
    _draw_energies(parity.subplots(), fit)
    return [save_figure(figure, folder, name) for figure, name in zip((learning, parity), ENVIRONMENT_FILES)]


@in_default_torch_state
def plot_network_fit(fit: NetworkFit, folder: str | os.PathLike[str]) -> list[str]:
    """Draw the files of :func:`plot_fit` for a network; returns their paths."""
    learning = new_figure(4.2, 3.2)
    _draw_losses(learning.subplots(), fit)
    names = list(fit.model.types or ())
    fitted = fit.tensors_of(fit.training)
    domain = fitted.domain(names)
    curves, curve_panels = panels_of(list(domain))
    coverage, coverage_panels = panels_of(list(domain))
    for pair, for_curve, for_coverage in zip(domain, curve_panels, coverage_panels):
        first, second = sorted(map(names.index, pair))
        r = np.geomspace(*domain[pair], 2000)
        energy = fit.model.evaluate(r, np.full(len(r), first), np.full(len(r), second))[0]
        draw_curve(for_curve, r, energy, _points_of((first, second), fitted))
        types = torch.sort(fitted.types, dim=0).values
        chosen = (types[0] == first) & (types[1] == second)
        draw_coverage(for_coverage, fitted.r[chosen].numpy())
    parity = new_figure(4.2, 4.0)
    _draw_energies(parity.subplots(), fit)
    figures = (learning, curves, coverage, parity)
    return [save_figure(figure, folder, name) for figure, name in zip(figures, NETWORK_FILES)]


def _draw_losses(panel: Any, fit: DescentFit) -> None:
    """The losses of all epochs, and a line at the best one."""
    epochs, training, validation = np.array(fit.history, dtype=float).reshape(-1, 3).T
    panel.semilogy(epochs, training, label="fitted")
    panel.semilogy(epochs, validation, label="validation")
    panel.axvline(fit.best_epoch, color="0.7", lw=0.5)
    panel.set_xlabel("epoch")
    panel.set_ylabel("loss")
    panel.legend(fontsize=7)


def _points_of(types: tuple[int, int], tensors: PairTensors) -> tuple[Array, Array]:
    """Distances and energies of the configurations that have an energy, and one pair in range, of these types."""
    count = torch.bincount(tensors.configuration, minlength=len(tensors.energy))
    known = (count == 1) & torch.isfinite(tensors.energy_error)
    ordered = torch.sort(tensors.types, dim=0).values
    chosen = known[tensors.configuration] & (ordered[0] == types[0]) & (ordered[1] == types[1])
    return tensors.r[chosen].numpy(), tensors.energy[tensors.configuration[chosen]].numpy()


def _draw_energies(panel: Any, fit: DescentFit) -> None:
    """Predicted against reference energies."""
    draw_parity(panel, {"fitted": _energies(fit, fit.training), "validation": _energies(fit, fit.validation)})


def _energies(fit: DescentFit, data: ReferenceData) -> tuple[Array, Array]:
    """Reference and predicted energies of the configurations that have one."""
    energy = torch.tensor(fit.contributions(data)[0], dtype=torch.float64)
    targets = fit.tensors_of(data).targets
    known = torch.isfinite(targets.energy_error)
    return targets.energy[known].numpy(), energy[known].numpy()
