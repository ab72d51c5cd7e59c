# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The errors of a fit for each configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .configurations import Configuration
from .distances import Distances
from .expected_errors import Errors, expected_errors
from .pairs_of_types import PairOfTypes

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Prediction:
    """The errors of a fit for one configuration: fitted minus reference.

    Attributes
    ----------
    configuration : Configuration
    distances : dict of pair of types to ndarray, nm
        The distances of its pairs.
    energy, energy_left_out : float, kJ/mol, or None
        The error of the fit, and of a fit without this configuration (NaN if the rest determines no functions). They
        are the same for a configuration that was not fitted.
    forces, forces_left_out : ndarray, shape (N, 3), kJ/mol/nm, or None
    """

    configuration: Configuration
    distances: dict[PairOfTypes, Array]
    energy: float | None
    energy_left_out: float | None
    forces: Array | None
    forces_left_out: Array | None

    @property
    def is_known(self) -> bool:
        """Whether the errors without this configuration are known."""
        parts = [each for each in (self.energy_left_out, self.forces_left_out) if each is not None]
        return all(bool(np.isfinite(each).all()) for each in parts)


def predictions_of(
    chosen: Iterable[tuple[Configuration, dict[PairOfTypes, Distances]]],
    residuals: Array,
    left_out: Array,
    errors: Errors,
) -> list[Prediction]:
    """Convert the errors of rows to kJ/mol and kJ/mol/nm, by configuration.

    Parameters
    ----------
    chosen : iterable of (Configuration, dict of pair of types to Distances)
    residuals, left_out : ndarray, shape (n_rows,)
        The errors of the fit, and of fits without the configuration of the row, in units of the expected errors.
    errors : Errors
        The expected errors, by which the rows are divided.
    """
    result, start = [], 0
    for configuration, pairs in chosen:
        of_energy, of_forces = expected_errors(configuration, errors)
        values: dict[str, Any] = dict.fromkeys(("energy", "energy_left_out", "forces", "forces_left_out"))
        if configuration.energy is not None:
            values["energy"] = float(residuals[start] * of_energy)
            values["energy_left_out"] = float(left_out[start] * of_energy)
            start += 1
        if configuration.forces is not None:
            end = start + configuration.forces.size
            for name, source in (("forces", residuals), ("forces_left_out", left_out)):
                values[name] = source[start:end].reshape(-1, 3) * of_forces[:, None]
            start = end
        result.append(Prediction(configuration, {pair: each.r for pair, each in pairs.items()}, **values))
    return result
