# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The errors that are expected of reference energies and forces, which weight them in a fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..force.particles import is_finite_number
from .configurations import Configuration

Array = NDArray[np.float64]

#: The default errors, as fractions: of the deepest reference energy, and of each reference value.
OF_DEPTH, OF_VALUE = 1e-3, 1e-2
#: A well is at least this fraction of the median of the magnitudes of all energies deep.
LEAST_DEPTH = 0.1
#: The distance over which the default error of a force changes an energy by its default error, in nm.
LENGTH = 0.05


@dataclass(frozen=True)
class Errors:
    """The errors that are expected of the data: an absolute one plus a fraction of the reference value.

    Attributes
    ----------
    energy, force : (float, float)
        The absolute error, in kJ/mol or kJ/mol/nm, and the fraction.
    """

    energy: tuple[float, float]
    force: tuple[float, float]


def well_depth(energies: Array) -> float:
    """Minus the lowest energy; 0 if there is no well. A lowest energy that is negative by chance is no well."""
    depth = -float(energies.min())
    return depth if depth > LEAST_DEPTH * float(np.median(np.abs(energies))) else 0.0


def default_errors(
    configurations: Sequence[Configuration],
    energy_error: tuple[float, float] | None,
    force_error: tuple[float, float] | None,
) -> Errors:
    """The expected errors of the data, as given or by default."""
    if energy_error is None:
        energies = np.array([each.energy for each in configurations if each.energy is not None])
        # Without a well, the median of the magnitudes sets the scale; without energies, 1 kJ/mol does.
        scale = (well_depth(energies) or float(np.median(np.abs(energies)))) if len(energies) > 0 else 1.0
        energy_error = (OF_DEPTH * scale or OF_DEPTH, OF_VALUE)
    _require_error("energy_error", energy_error)
    if force_error is None:
        force_error = (energy_error[0] / LENGTH, OF_VALUE)
    _require_error("force_error", force_error)
    return Errors((energy_error[0], energy_error[1]), (force_error[0], force_error[1]))


def _require_error(name: str, error: tuple[float, float]) -> None:
    is_pair = isinstance(error, (tuple, list)) and len(error) == 2
    if not is_pair or not all(map(is_finite_number, error)) or error[0] <= 0 or error[1] < 0:
        raise ModelError(f"{name} is {error!r}; expected a positive absolute error, and a fraction of the value.")


def expected_errors(configuration: Configuration, errors: Errors) -> tuple[float, Array]:
    """The expected errors of the energy and of the force on each atom, by which rows are divided. The weight of the
    configuration is included.
    """
    factor = 1 / np.sqrt(configuration.weight)
    of_energy = errors.energy[0] + errors.energy[1] * abs(configuration.energy or 0.0)
    sizes = np.zeros(0) if configuration.forces is None else np.sqrt((configuration.forces**2).sum(axis=1))
    return float(factor * of_energy), factor * (errors.force[0] + errors.force[1] * sizes)
